/** Timers wake late by so much: what was due meanwhile may leave at once. */
const BURST_MS = 2;
const BURST_PACKETS = 10;

/** Spreads packets over time at a given rate. What was not spent is kept, up to a burst. */
export class Pacer {
  #allowanceBytes: number;
  #updatedMs = 0;
  readonly #burstBytes: number;

  constructor(maxPacketSize: number) {
    this.#burstBytes = BURST_PACKETS * maxPacketSize;
    this.#allowanceBytes = this.#burstBytes;
  }

  /** How much may leave at once when all is kept. */
  burstBytes(bytesPerMs: number): number {
    return Math.max(this.#burstBytes, BURST_MS * bytesPerMs);
  }

  advance(nowMs: number, bytesPerMs: number): void {
    const gained = Math.max(nowMs - this.#updatedMs, 0) * bytesPerMs;
    this.#allowanceBytes = Math.min(this.#allowanceBytes + gained, this.burstBytes(bytesPerMs));
    this.#updatedMs = nowMs;
  }

  get allowanceBytes(): number {
    return this.#allowanceBytes;
  }

  spend(bytes: number): void {
    this.#allowanceBytes -= bytes;
  }

  /** Sending had to wait for acknowledgements: only what a late timer excuses is kept, or a burst would fill the queue. */
  forfeit(bytesPerMs: number): void {
    this.#allowanceBytes = Math.min(this.#allowanceBytes, Math.max(BURST_MS * bytesPerMs, this.#burstBytes / 5));
  }

  /** When the next packet may leave. */
  nextMs(bytesPerMs: number): number {
    // One byte more: rounding must not make a deadline at which nothing is allowed yet.
    return this.#allowanceBytes > 0 ? this.#updatedMs : this.#updatedMs + (1 - this.#allowanceBytes) / bytesPerMs;
  }
}
