import { outOfRange } from "../../arguments.js";
import { RateTable } from "../../guard/rate-table.js";
import { keyOfAddress } from "../../guard/source.js";
import { reportUncaught } from "../../report-uncaught.js";
import { Delivery, type IConnectionHandle } from "../../socket/index.js";
import type { PacketReader } from "../frames/packet-reader.js";
import { INSTANCE_BYTES, MAX_INFO_BYTES, readInfoRequest, writeInfoAnswer } from "./info-packets.js";
import type { ServerHandshakeOwner } from "./server-handshake.js";

/**
 * A source of unproved addresses gets so many answers at once, and again each second. An answer is not longer than its
 * question, so that more of them flood nobody; fewer would let whoever forges an address keep all answers from it.
 */
const ANSWERS_PER_SECOND = 20;
/**
 * Sources that are remembered. With more, the one that asked least recently is forgotten: a flood of forged ones costs
 * nobody an answer.
 */
const MAX_SOURCES = 4096;

/**
 * Answers those who ask about a server without connecting. An answer is not longer than its question, so that nobody
 * can be flooded through the server. What a connection costs is limited where connections are accepted.
 */
export class InfoDesk {
  readonly #owner: ServerHandshakeOwner;
  readonly #give: () => Uint8Array | null;
  readonly #instance: Uint8Array;
  readonly #sources: RateTable;

  /** @param give at most `MAX_INFO_BYTES`, or null: no answer */
  constructor(owner: ServerHandshakeOwner, give: () => Uint8Array | null) {
    this.#owner = owner;
    this.#sources = new RateTable(owner.config.clock, MAX_SOURCES);
    this.#give = give;
    this.#instance = owner.config.randomBytes(INSTANCE_BYTES);
  }

  /** @returns false: it is no question, or this server answers none */
  receive(handle: IConnectionHandle, reader: PacketReader): boolean {
    const { config, metrics } = this.#owner;
    const nonce = readInfoRequest(reader);
    if (!nonce) return false;
    if (!handle.isStateful && !this.#tryTake(handle.address)) {
      metrics.infoRequestsDropped++;
      return true;
    }
    const info = this.#info();
    if (!info) return false;
    metrics.infoAnswersSent++;
    const packet = writeInfoAnswer(nonce, { instance: this.#instance, fingerprint: config.fingerprint, info });
    this.#owner.transmit(handle, packet, packet.length, Delivery.Reliable, 0);
    this.#owner.dismiss(handle, { code: 0, text: "The question is answered" });
    return true;
  }

  #info(): Uint8Array | null {
    try {
      const info = this.#give();
      if (info && info.length > MAX_INFO_BYTES) {
        throw outOfRange(`info gave ${info.length} bytes, over the limit of ${MAX_INFO_BYTES}`);
      }
      return info;
    } catch (error) {
      reportUncaught(error);
      return null;
    }
  }

  #tryTake(address: string): boolean {
    return this.#sources.tryTake(keyOfAddress(address), ANSWERS_PER_SECOND, ANSWERS_PER_SECOND);
  }
}
