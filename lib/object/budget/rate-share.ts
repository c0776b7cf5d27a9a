/** A rate that is not saved up for longer. */
const MOST_MS = 1000;

/** Bytes for as long as has passed. */
export class RateShare {
  readonly #bytesPerSecond: number;
  #lastMs = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** What may be used since the last call. */
  take(nowMs: number): number {
    const passedMs = Math.min(nowMs - this.#lastMs, MOST_MS);
    this.#lastMs = nowMs;
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return this.#bytesPerSecond;
    return Math.floor((this.#bytesPerSecond * passedMs) / 1000);
  }
}
