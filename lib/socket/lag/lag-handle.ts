import { HandleWrapper } from "../building/handle-wrapper.js";
import { CONGESTED_BYTES } from "../building/handles.js";
import { PacketQueue } from "../building/packet-queue.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import { type IConnectionHandle, LANE_COUNT } from "../socket.js";

/** Unreliable packets are counted as one more lane. */
export const UNRELIABLE_LANE = LANE_COUNT;

/** What a handle needs of its socket. */
interface LagHandleOwner {
  /** How much may wait for the line. */
  readonly queueBytes: number;
  disconnect(handle: LagHandle): void;
}

/** A connection whose packets are delayed. */
export class LagHandle extends HandleWrapper {
  /** When the last packet of each lane is due. No other packet of that lane is due earlier. */
  readonly lastDueMs = new Float64Array(UNRELIABLE_LANE + 1);
  /** Bytes that the inner socket has not been given yet. */
  delayedBytes = 0;
  /** Reliable packets that were due while the inner socket was full. */
  readonly stuck = new PacketQueue();
  /** The other side has ended it, or `disconnect` has been called. */
  hasEnded = false;
  /** Set by `disconnect` until the inner handle has been disconnected too. */
  ending: { reason: DisconnectReason; resolve: () => void } | null = null;
  #disconnected: Promise<void> = Promise.resolve();

  constructor(
    inner: IConnectionHandle,
    readonly socket: LagHandleOwner,
  ) {
    super(inner);
  }

  override get bufferedBytes(): number {
    return this.delayedBytes + this.inner.bufferedBytes;
  }

  /** An ordered transport would feel the delay itself, and hold back. */
  override get isCongested(): boolean {
    if (!this.ordered) return this.inner.isCongested;
    return this.bufferedBytes > Math.min(CONGESTED_BYTES, this.socket.queueBytes / 2);
  }

  copy(): IConnectionHandle {
    return this;
  }

  equals(other: IConnectionHandle): boolean {
    return other === this;
  }

  override disconnect(reason: DisconnectReason): Promise<void> {
    if (this.hasEnded) return this.#disconnected;
    this.hasEnded = true;
    this.#disconnected = new Promise((resolve) => {
      this.ending = { reason, resolve };
    });
    this.socket.disconnect(this);
    return this.#disconnected;
  }
}
