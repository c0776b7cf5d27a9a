import { outOfRange } from "../../arguments.js";
import { sourceOf } from "../../guard/source.js";
import { reportUncaught } from "../../report-uncaught.js";
import { serverBusy } from "../../socket/building/socket-errors.js";
import { Delivery, type IConnectionHandle } from "../../socket/index.js";
import type { PacketReader } from "../frames/packet-reader.js";
import { INSTANCE_BYTES, MAX_INFO_BYTES, readInfoRequest, writeInfoAnswer } from "./info-packets.js";
import type { ServerHandshakeOwner } from "./server-handshake.js";

/** A source that has had an answer gets the next one after this time. */
const INTERVAL_MS = 1000;
/**
 * So many sources are remembered at least, and twice as many at most. With more of them the oldest are forgotten: a
 * flood of forged addresses costs nobody an answer.
 */
const MAX_SOURCES = 4096;

/**
 * Answers those who ask about a server without connecting. An answer is not longer than its question, so that nobody
 * can be flooded through the server, and each source gets one a second.
 */
export class InfoDesk {
  readonly #owner: ServerHandshakeOwner;
  readonly #give: () => Uint8Array | null;
  readonly #instance: Uint8Array;
  /** When a source had its last answer. */
  #answeredMs = new Map<string, number>();
  /** Those before: forgotten together, since a map in which the oldest entry is replaced each time is slow. */
  #answeredEarlierMs = new Map<string, number>();

  /** @param give at most `MAX_INFO_BYTES`, or null: no answer */
  constructor(owner: ServerHandshakeOwner, give: () => Uint8Array | null) {
    this.#owner = owner;
    this.#give = give;
    this.#instance = owner.config.randomBytes(INSTANCE_BYTES);
  }

  /** @returns false: it is no question, or this server answers none */
  receive(handle: IConnectionHandle, reader: PacketReader): boolean {
    const { config, metrics } = this.#owner;
    const nonce = readInfoRequest(reader);
    if (!nonce) return false;
    const source = sourceOf(handle.address);
    const now = this.#owner.now();
    const answeredMs = this.#answeredMs.get(source) ?? this.#answeredEarlierMs.get(source);
    if (answeredMs !== undefined && now - answeredMs < INTERVAL_MS) {
      metrics.infoRequestsDropped++;
      this.#owner.dismiss(handle, serverBusy);
      return true;
    }
    const info = this.#info();
    if (!info) return false;
    this.#remember(source, now);
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

  #remember(source: string, now: number): void {
    this.#answeredMs.set(source, now);
    if (this.#answeredMs.size < MAX_SOURCES) return;
    this.#answeredEarlierMs = this.#answeredMs;
    this.#answeredMs = new Map();
  }
}
