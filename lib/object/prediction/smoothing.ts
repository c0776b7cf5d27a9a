/** A predicted member as numbers. */
export interface SmoothedMember {
  /** How many numbers it is. */
  readonly columns: number;
  /** That of an angle; 0 for other numbers. */
  readonly period: number;
  /** A correction by more than this is shown at once. */
  readonly snap: number;
}

/**
 * What is shown of corrected members: after a correction it differs from the members by an offset, which shrinks to
 * nothing in `smoothMs`.
 */
export class Smoothing {
  readonly #members: readonly SmoothedMember[];
  readonly #smoothMs: number;
  readonly #offsets: Float64Array;
  #startMs = Number.NEGATIVE_INFINITY;

  constructor(members: readonly SmoothedMember[], smoothMs = 100) {
    this.#members = members;
    this.#smoothMs = smoothMs;
    this.#offsets = new Float64Array(members.reduce((sum, { columns }) => sum + columns, 0));
  }

  /** All values changed from `before` to `after` by a correction. */
  correct(before: ArrayLike<number>, after: ArrayLike<number>, nowMs: number): void {
    const left = this.#partLeft(nowMs);
    this.#startMs = nowMs;
    const offsets = this.#offsets;
    let first = 0;
    for (const { columns, period, snap } of this.#members) {
      let squared = 0;
      for (let column = first; column < first + columns; column++) {
        let change = (before[column] as number) - (after[column] as number);
        if (period !== 0) change -= period * Math.round(change / period);
        const offset = (offsets[column] as number) * left + change;
        offsets[column] = offset;
        squared += offset * offset;
      }
      // A member that is not a finite number any more is shown as it is, too.
      if (!(squared <= snap * snap)) offsets.fill(0, first, first + columns);
      first += columns;
    }
  }

  /** By how much the number shown differs from that of the member. */
  offset(column: number, nowMs: number): number {
    return (this.#offsets[column] as number) * this.#partLeft(nowMs);
  }

  #partLeft(nowMs: number): number {
    return this.#smoothMs > 0 ? Math.max(0, 1 - (nowMs - this.#startMs) / this.#smoothMs) : 0;
  }
}
