import type { CongestionController, Sized } from "./congestion-controller.js";

/** Timers can be this late: what was due meanwhile may leave at once. */
const BURST_MS = 2;
const BURST_PACKETS = 10;

/** Spreads packets over time at the controller's rate: a token bucket of one burst. */
export class Pacer {
  /** The size of the bucket. */
  burstBytes = 0;
  /** How many bytes may leave at once; below zero after a larger packet. */
  allowanceBytes = 0;
  #updatedMs = 0;
  readonly #path: Sized;
  readonly #controller: CongestionController;

  constructor(path: Sized, controller: CongestionController) {
    this.#controller = controller;
    this.#path = path;
    this.advance(0);
    this.allowanceBytes = this.#minBurstBytes();
  }

  advance(nowMs: number): void {
    const { bytesPerMs } = this.#controller;
    const gained = Math.max(nowMs - this.#updatedMs, 0) * bytesPerMs;
    this.burstBytes = Math.max(this.#minBurstBytes(), BURST_MS * bytesPerMs);
    this.allowanceBytes = Math.min(this.allowanceBytes + gained, this.burstBytes);
    this.#updatedMs = nowMs;
  }

  #minBurstBytes(): number {
    return BURST_PACKETS * this.#path.sizeBytes;
  }

  spend(bytes: number): void {
    this.allowanceBytes -= bytes;
  }

  /**
   * The congestion window is full: only what a late timer accounts for is kept, or the burst that follows would fill
   * the queue of the path.
   */
  onWindowFull(): void {
    const keptBytes = Math.max(BURST_MS * this.#controller.bytesPerMs, this.#minBurstBytes() / 5);
    this.allowanceBytes = Math.min(this.allowanceBytes, keptBytes);
  }

  /** When the next packet may leave. */
  get nextMs(): number {
    // One byte more, so that rounding makes no deadline at which nothing may leave.
    if (this.allowanceBytes > 0) return this.#updatedMs;
    return this.#updatedMs + (1 - this.allowanceBytes) / this.#controller.bytesPerMs;
  }
}
