import { SharedRate } from "../../guard/shared-rate.js";
import { keyOfAddress } from "../../guard/source.js";
import { hkdf } from "../../noise/hkdf.js";
import { Delivery, DisconnectCode, type DisconnectReason, type ReceivedPacket } from "../../socket/index.js";
import { isDataPacket, readDataSession } from "../frames/data-header.js";
import { PacketWriter } from "../frames/packet-writer.js";
import type { PeerMetrics } from "../metrics.js";
import { DATA_HEADER_BYTES, PacketKind, RESET_TOKEN_BYTES, TAG_BYTES } from "../packet-format.js";
import type { Encryption } from "./encryption.js";
import type { AgreedConnection, HandshakeOwner } from "./handshake-owner.js";

/** The smallest sealed packet. A Reset is shorter: it floods nobody, and no Reset answers a Reset. */
const MIN_SEALED_BYTES = DATA_HEADER_BYTES + 1 + TAG_BYTES;
/** Kind, session and token. */
const RESET_BYTES = 1 + 4 + RESET_TOKEN_BYTES;
/** One takes about 0.04 ms, with the packet that it answers. */
const RATE = { perSecond: 1000, burst: 2000, sourceBurst: 500 };

/** What a Reset tells a client. */
export const forgotten: DisconnectReason = {
  code: DisconnectCode.ConnectionLost,
  text: "The server does not know this connection any more: it was started again",
};

export function writeReset(session: number, token: Uint8Array): Uint8Array {
  return new PacketWriter().u8(PacketKind.Reset).u32(session).bytes(token).finish();
}

export interface ResetOwner extends HandshakeOwner {
  readonly metrics: PeerMetrics;
  readonly boundPort: number | null;
  hasSession(session: number): boolean;
}

/**
 * A server's answers to packets of connections that it does not know, since they are from before its restart (the
 * stateless reset of RFC 9000, section 10.3). The token in them follows from the server's key and port, the session and
 * the client's address, so that nothing has to be kept.
 */
export class Resets {
  readonly #owner: ResetOwner;
  readonly #encryption: Encryption;
  readonly #secret: Uint8Array;
  readonly #rate: SharedRate;

  /** Null without a server key. */
  static create(owner: ResetOwner): Resets | null {
    const secret = owner.encryption?.resetSecret;
    return secret ? new Resets(owner, owner.encryption as Encryption, secret) : null;
  }

  private constructor(owner: ResetOwner, encryption: Encryption, secret: Uint8Array) {
    this.#owner = owner;
    this.#encryption = encryption;
    this.#secret = secret;
    this.#rate = new SharedRate(owner.config.clock, RATE);
  }

  /** @param address of the client; its zone, which is this machine's business, does not count */
  token(session: number, address: string): Uint8Array {
    const place = `${this.#owner.boundPort} ${address.replace(/%[^\]]*/, "")}`;
    const material = new PacketWriter().u32(session).bytes(new TextEncoder().encode(place)).finish();
    return hkdf(this.#encryption.primitives, this.#secret, material)[0].slice(0, RESET_TOKEN_BYTES);
  }

  /** Answers a packet that belongs to no connection, if it is one of a sealed connection. */
  answer({ handle, buffer, offset, length }: ReceivedPacket): void {
    if (handle.isStateful || length < MIN_SEALED_BYTES || !isDataPacket(buffer, offset, length)) return;
    const session = readDataSession(buffer, offset) >>> 0;
    const { address } = handle;
    // One that is known, and comes from elsewhere, has been forged, or its client has another address now.
    if (this.#owner.hasSession(session) || !this.#rate.tryTake(keyOfAddress(address))) return;
    const packet = writeReset(session, this.token(session, address));
    this.#owner.metrics.resetsSent++;
    this.#owner.transmit(handle, packet, packet.length, Delivery.Unreliable, 0);
  }
}

/** Whether a packet that a client has received is the Reset of its connection. */
export function isResetOf({ handle, session, resetToken }: AgreedConnection, packet: ReceivedPacket): boolean {
  if (!resetToken || packet.length !== RESET_BYTES || !handle.equals(packet.handle)) return false;
  const expected = writeReset(session, resetToken);
  let difference = 0;
  for (let at = 0; at < expected.length; at++) {
    difference |= (expected[at] as number) ^ (packet.buffer[packet.offset + at] as number);
  }
  return difference === 0;
}
