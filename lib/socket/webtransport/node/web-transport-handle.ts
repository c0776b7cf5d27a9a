import { CONGESTED_BYTES, StatefulHandle } from "../../building/handles.js";
import type { InboxHandle } from "../../building/inbox.js";
import type { QueuedPacket } from "../../building/packet-queue.js";
import type { DisconnectReason } from "../../disconnect-reason.js";
import type { Security } from "../../socket.js";
import { MAX_DATAGRAM_PACKET_BYTES } from "../browser/client-handle.js";

/** What a handle needs of its socket. */
export interface WebTransportHandleOwner {
  readonly sendQueueBytes: number;
  /** Asks the addon how many bytes of the session wait. */
  look(handle: WebTransportHandle): number;
  disconnect(handle: WebTransportHandle, reason: DisconnectReason): void;
  taken(packet: QueuedPacket): void;
}

/** A session of WebTransport. */
export class WebTransportHandle extends StatefulHandle implements InboxHandle {
  readonly ordered = false;
  readonly isTls = true;
  readonly transport = "webtransport";
  readonly maxPacketSize = MAX_DATAGRAM_PACKET_BYTES;
  /** What waits at most: what the addon said last, and all that was added since. */
  pendingBytes = 0;
  /** What of it is in the batch that has not been given to the addon, if that has the number `batchNumber`. */
  batchedBytes = 0;
  batchNumber = 0;
  /** Resolves when the other side has our close, or has had the time for it. */
  readonly closed: Promise<void>;
  resolveClosed!: () => void;
  readonly #owner: WebTransportHandleOwner;

  constructor(
    owner: WebTransportHandleOwner,
    /** The addon's number of it. */
    readonly session: number,
    readonly security: Security,
    readonly address: string,
  ) {
    super();
    this.#owner = owner;
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
  }

  get bufferedBytes(): number {
    return this.hasEnded ? 0 : this.#owner.look(this);
  }

  get isCongested(): boolean {
    const limit = Math.min(CONGESTED_BYTES, this.#owner.sendQueueBytes / 2);
    return !this.hasEnded && this.pendingBytes > limit && this.#owner.look(this) > limit;
  }

  disconnect(reason: DisconnectReason): Promise<void> {
    if (!this.hasEnded) {
      this.hasEnded = true;
      this.#owner.disconnect(this, reason);
    }
    return this.closed;
  }

  onTaken(packet: QueuedPacket): void {
    this.#owner.taken(packet);
  }
}
