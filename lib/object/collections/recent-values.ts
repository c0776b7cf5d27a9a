/** The last values of a measurement, and their percentiles. */
export class RecentValues {
  readonly #values: Float64Array;
  readonly #sorted: Float64Array;
  #count = 0;
  #next = 0;
  #isSorted = true;

  /** Keeps the last `capacity` values. */
  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY);
  }

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#values.length;
    this.#count = Math.min(this.#count + 1, this.#values.length);
    this.#isSorted = false;
  }

  /** The value that a part (0 to 1) of the values does not exceed; 0 without values. */
  percentile(part: number): number {
    if (this.#count === 0) return 0;
    if (!this.#isSorted) {
      this.#sorted.set(this.#values);
      this.#sorted.fill(Number.POSITIVE_INFINITY, this.#count);
      this.#sorted.sort();
      this.#isSorted = true;
    }
    return this.#sorted[Math.min(Math.floor(part * this.#count), this.#count - 1)] as number;
  }

  /** The part (0 to 1) of the values that are above `limit`. */
  partAbove(limit: number): number {
    let above = 0;
    for (let index = 0; index < this.#count; index++) if ((this.#values[index] as number) > limit) above++;
    return above / this.#count;
  }

  /** Forgets all but the least one. */
  keepLeast(): void {
    if (this.#count < 2) return;
    const least = this.percentile(0);
    this.clear();
    this.add(least);
  }

  clear(): void {
    this.#count = this.#next = 0;
    this.#isSorted = false;
  }
}
