import type { InboxHandle } from "../building/inbox.js";
import type { QueuedPacket } from "../building/packet-queue.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { IConnectionHandle, Security } from "../socket.js";
import type { MemoryConnectionSocket } from "./memory-connection-socket.js";

/** One end of a connection on the memory network. */
export class MemoryConnection implements InboxHandle {
  readonly isStateful = true;
  readonly reliable = true;
  readonly addressVerified = true;
  connection: unknown = null;
  waitingPackets = 0;
  hasEnded = false;
  readonly bytesPerSecond = Number.POSITIVE_INFINITY;
  /** Sent, and not received by the other end. */
  bufferedBytes = 0;
  /** A packet was refused since it was last writable. */
  isBlocked = false;
  /** The other end. */
  remote!: MemoryConnection;

  constructor(
    readonly socket: MemoryConnectionSocket,
    readonly ordered: boolean,
    readonly security: Security,
    readonly maxPacketSize: number,
    readonly address: string,
  ) {}

  copy(): IConnectionHandle {
    return this;
  }

  equals(other: IConnectionHandle): boolean {
    return other === this;
  }

  onTaken(packet: QueuedPacket): void {
    this.remote.socket.onTaken(this.remote, packet.length);
  }

  async disconnect(reason: DisconnectReason): Promise<void> {
    this.socket.disconnect(this, reason);
  }
}
