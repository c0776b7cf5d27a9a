import { CONGESTED_BYTES, StatefulHandle } from "../building/handles.js";
import type { Inbox, InboxHandle } from "../building/inbox.js";
import type { QueuedPacket } from "../building/packet-queue.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { Security } from "../socket.js";
import type { MemorySocketOptions } from "./memory-end-point.js";

/** What a connection needs of its socket. */
interface MemoryConnectionOwner {
  readonly options: MemorySocketOptions;
  readonly inbox: Inbox;
  /** The connections of the socket. */
  readonly connections: Set<MemoryConnection>;
  flush(): void;
}

/** One end of a connection on the memory network. */
export class MemoryConnection extends StatefulHandle implements InboxHandle {
  readonly transport = "memory";
  readonly ordered: boolean;
  readonly isTls: boolean;
  readonly security: Security;
  readonly maxPacketSize: number;
  /** Bytes that were sent and that the other end has not received yet. */
  unreceivedBytes = 0;
  /** The other end. */
  remote!: MemoryConnection;

  constructor(
    readonly socket: MemoryConnectionOwner,
    readonly address: string,
  ) {
    super();
    const { kind, security, isTls, maxPacketSize } = socket.options;
    this.ordered = kind !== "reliable-lanes";
    this.security = security;
    this.isTls = isTls;
    this.maxPacketSize = maxPacketSize;
    socket.connections.add(this);
  }

  /** 0 for a host: nothing is on its way, so a sender that looks at this never holds back or drops anything. */
  get bufferedBytes(): number {
    return this.socket.options.kind === "host" ? 0 : this.unreceivedBytes;
  }

  get isCongested(): boolean {
    return this.bufferedBytes > CONGESTED_BYTES;
  }

  onTaken(packet: QueuedPacket): void {
    this.remote.#onReceived(packet.length);
  }

  async disconnect(reason: DisconnectReason): Promise<void> {
    if (this.hasEnded) return;
    this.socket.flush();
    this.hasEnded = true;
    const { remote } = this;
    for (const end of [this, remote]) end.socket.connections.delete(end);
    remote.socket.inbox.disconnected(remote, reason);
  }

  /** The other end has taken a packet of this one out of its inbox. */
  #onReceived(length: number): void {
    this.unreceivedBytes -= length;
    if (!this.isBlocked || this.unreceivedBytes > this.socket.options.sendQueueBytes / 2) return;
    this.isBlocked = false;
    this.socket.inbox.writable(this);
  }
}
