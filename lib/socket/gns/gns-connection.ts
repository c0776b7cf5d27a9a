import { printable } from "../../printable.js";
import type { ConnectionInfo } from "../../valve/values/connection-info.js";
import { ConnectionState } from "../../valve/values/connection-state.js";
import type { InboxHandle } from "../building/inbox.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { Security } from "../socket.js";
import { GnsHandle } from "./gns-handle.js";

/** What a connection needs of its socket. */
export interface GnsConnectionOwner {
  bufferedBytes(connection: GnsConnection): number;
  bytesPerSecond(connection: GnsConnection): number;
  isCongested(connection: GnsConnection): boolean;
  disconnect(connection: GnsConnection, reason: DisconnectReason): Promise<void>;
  /** Its packets may be received from here on. */
  introduce(connection: GnsConnection): void;
}

/** Bits of `ConnectionInfo.flags`. */
const UNAUTHENTICATED = 1;
const UNENCRYPTED = 2;

/**
 * What the certificates and the cipher of a connection amount to. Of an incoming one the certificate is known first.
 */
export function securityOf({ flags, state }: ConnectionInfo): Security {
  if (state === ConnectionState.Connected && (flags & UNENCRYPTED) !== 0) return "none";
  return (flags & UNAUTHENTICATED) !== 0 ? "encrypted" : "authenticated";
}

/** `host:port`, or the identity of a peer without an address, which it has chosen itself. */
export function addressOf({ address, identity }: ConnectionInfo): string {
  return address.port === 0 ? printable(String(identity)) : String(address);
}

/** A handle as the GNS socket sees it. */
export class GnsConnection extends GnsHandle implements InboxHandle {
  readonly security: Security;
  /** GNS's handle. */
  readonly id: number;
  /** GNS keeps its packets: 1 from when it has ended until there are none. */
  waitingPackets = 0;
  hasEnded = false;
  /** The user of the socket knows it, so its packets are read. */
  isIntroduced = false;
  /** Why it has ended, if not by our own `disconnect`. */
  endReason: DisconnectReason | null = null;
  /** Resolves when it is closed in GNS; null while nobody has closed it there. */
  closed: Promise<void> | null = null;
  resolveClosed: () => void = () => {};
  /** What waits in GNS, at most: the number that it gave last, and all that was added since. */
  pendingBytes = 0;
  /** With more than this it is congested. */
  congestedBytes = 0;
  /** Bytes in the batch with the number `batchNumber`. */
  batchedBytes = 0;
  batchNumber = 0;
  readonly #owner: GnsConnectionOwner;
  readonly #info: ConnectionInfo;

  constructor(owner: GnsConnectionOwner, id: number, info: ConnectionInfo) {
    super();
    this.#owner = owner;
    this.id = id;
    this.security = securityOf(info);
    this.#info = info;
  }

  get bytesPerSecond(): number {
    return this.#owner.bytesPerSecond(this);
  }

  get bufferedBytes(): number {
    return this.#owner.bufferedBytes(this);
  }

  get isCongested(): boolean {
    return this.#owner.isCongested(this);
  }

  get address(): string {
    return addressOf(this.#info);
  }

  get identity(): string {
    return String(this.#info.identity);
  }

  disconnect(reason: DisconnectReason): Promise<void> {
    return this.#owner.disconnect(this, reason);
  }

  onTaken(): void {}

  onIntroduced(): void {
    this.#owner.introduce(this);
  }
}
