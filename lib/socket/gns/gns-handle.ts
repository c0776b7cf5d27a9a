import type { ConnectionInfo } from "../../valve/values/connection-info.js";
import { ConnectionState } from "../../valve/values/connection-state.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { IConnectionHandle, Security } from "../socket.js";
import type { GnsSocket } from "./gns-socket.js";

/**
 * The largest packet that travels in one datagram: GNS's own limit for messages that it does not take apart, which is
 * its packet size (1300) less 52 for headers, 16 for the seal and 100 for acknowledgements and figures. A larger
 * unreliable one would be lost whenever one of its parts is, and above 16,500 bytes GNS makes it reliable.
 */
export const MAX_UNRELIABLE_BYTES = 1132;
/** The largest reliable packet: GNS's limit for a message. */
export const MAX_RELIABLE_BYTES = 524_288;

/** Bits of `ConnectionInfo.flags`. */
const UNAUTHENTICATED = 1;
const UNENCRYPTED = 2;

/** What certificates and encryption of a connection amount to. The certificate of a stranger is known before the cipher. */
export function securityOf({ flags, state }: ConnectionInfo): Security {
  if (state === ConnectionState.Connected && (flags & UNENCRYPTED) !== 0) return "none";
  return (flags & UNAUTHENTICATED) !== 0 ? "encrypted" : "authenticated";
}

/** `host:port`, or the identity of a peer without an address. */
export function addressOf({ address, identity }: ConnectionInfo): string {
  return address.port === 0 ? String(identity) : String(address);
}

/** A connection of GNS. */
export class GnsHandle implements IConnectionHandle {
  readonly isStateful = true;
  readonly reliable = true;
  readonly ordered = false;
  readonly addressVerified = true;
  readonly security: Security;
  readonly maxPacketSize = MAX_UNRELIABLE_BYTES;
  /** For `Delivery.Reliable`. */
  readonly maxReliablePacketSize = MAX_RELIABLE_BYTES;
  connection: unknown = null;
  /** @internal GNS's handle. */
  readonly id: number;
  /** @internal Our user knows it: its packets are read, and its end is told. */
  isKnown = false;
  /** @internal Why it has ended. */
  endReason: DisconnectReason | null = null;
  /** @internal The end that our user has asked for, or has been told. */
  closed: Promise<void> | null = null;
  /** @internal At most this waits in GNS: what it said last, and all that was added since. */
  pendingBytes = 0;
  /** @internal Bytes in the batch with the number `batchNumber`. */
  batchedBytes = 0;
  /** @internal */
  batchNumber = 0;
  readonly #socket: GnsSocket;
  readonly #info: ConnectionInfo;

  /** @internal */
  constructor(socket: GnsSocket, id: number, info: ConnectionInfo) {
    this.#socket = socket;
    this.id = id;
    this.security = securityOf(info);
    this.#info = info;
  }

  /** Asks GNS at each access. */
  get bytesPerSecond(): number {
    return this.#socket.bytesPerSecond(this);
  }

  /** Asks GNS at each access. */
  get bufferedBytes(): number {
    return this.#socket.bufferedBytes(this);
  }

  get address(): string {
    return addressOf(this.#info);
  }

  /** Who the other side is: its own word unless `security` is `authenticated`. */
  get identity(): string {
    return String(this.#info.identity);
  }

  copy(): this {
    return this;
  }

  equals(other: IConnectionHandle): boolean {
    return this === other;
  }

  disconnect(reason: DisconnectReason): Promise<void> {
    return this.#socket.disconnect(this, reason);
  }
}
