import type { CongestionController } from "./congestion-controller.js";

/** Timers wake late by so much: what was due meanwhile may leave at once. */
const BURST_MS = 2;
const BURST_PACKETS = 10;

/** Spreads packets over time at the controller's rate. What was not spent is kept, up to a burst. */
export class Pacer {
  /** How much may leave at once when all is kept. */
  burstBytes = 0;
  #allowanceBytes = 0;
  #updatedMs = 0;
  readonly #minBurstBytes: number;
  readonly #controller: CongestionController;

  constructor(maxPacketSize: number, controller: CongestionController) {
    this.#controller = controller;
    this.#minBurstBytes = BURST_PACKETS * maxPacketSize;
    this.advance(0);
    this.#allowanceBytes = this.#minBurstBytes;
  }

  advance(nowMs: number): void {
    const { bytesPerMs } = this.#controller;
    const gained = Math.max(nowMs - this.#updatedMs, 0) * bytesPerMs;
    this.burstBytes = Math.max(this.#minBurstBytes, BURST_MS * bytesPerMs);
    this.#allowanceBytes = Math.min(this.#allowanceBytes + gained, this.burstBytes);
    this.#updatedMs = nowMs;
  }

  get allowanceBytes(): number {
    return this.#allowanceBytes;
  }

  spend(bytes: number): void {
    this.#allowanceBytes -= bytes;
  }

  /**
   * Sending had to wait for acknowledgements: only what a late timer excuses is kept, or a burst would fill the queue.
   */
  forfeit(): void {
    const keptBytes = Math.max(BURST_MS * this.#controller.bytesPerMs, this.#minBurstBytes / 5);
    this.#allowanceBytes = Math.min(this.#allowanceBytes, keptBytes);
  }

  /** When the next packet may leave. */
  get nextMs(): number {
    // One byte more: rounding must not make a deadline at which nothing is allowed yet.
    if (this.#allowanceBytes > 0) return this.#updatedMs;
    return this.#updatedMs + (1 - this.#allowanceBytes) / this.#controller.bytesPerMs;
  }
}
