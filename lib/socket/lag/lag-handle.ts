import { HandleWrapper } from "../building/handle-wrapper.js";
import { PacketQueue } from "../building/packet-queue.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import { type IConnectionHandle, LANE_COUNT } from "../socket.js";

/** The index of unreliable packets, behind the lanes of reliable ones. */
export const UNRELIABLE_LANE = LANE_COUNT;

/** What a handle needs of its socket. */
interface LagHandleOwner {
  disconnect(handle: LagHandle): void;
}

/** A connection whose packets come later. */
export class LagHandle extends HandleWrapper {
  /** When the last packet of each lane is due: none overtakes it. */
  readonly lastDueMs = new Float64Array(UNRELIABLE_LANE + 1);
  /** Bytes that have not been given to the inner socket. */
  delayedBytes = 0;
  /** Reliable packets that were due and that the inner socket did not take. */
  readonly stuck = new PacketQueue();
  /** Ended by the other side, or by `disconnect`. */
  hasEnded = false;
  /** Set by `disconnect`, until that has reached the inner handle. */
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
