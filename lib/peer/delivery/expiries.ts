/** When messages of a queue are too old, by where in the queue they begin: a ring that grows by doubling. */
export class Expiries {
  /** Where the first message with an age begins, -1 when there is none. */
  nextAt = -1;
  #first = 0;
  #count = 0;
  #at = new Float64Array(16);
  #ms = new Float64Array(16);

  /** When the first of them is too old. Only where there is one. */
  get nextMs(): number {
    return this.#ms[this.#first] as number;
  }

  push(at: number, ms: number): void {
    const { length } = this.#at;
    if (this.#count === length) {
      this.#at = grown(this.#at, this.#first);
      this.#ms = grown(this.#ms, this.#first);
      this.#first = 0;
    }
    const index = (this.#first + this.#count++) & (this.#at.length - 1);
    this.#at[index] = at;
    this.#ms[index] = ms;
    if (this.#count === 1) this.nextAt = at;
  }

  /** Forgets the first one. */
  shift(): void {
    this.#first = (this.#first + 1) & (this.#at.length - 1);
    this.#count--;
    this.nextAt = this.#count === 0 ? -1 : (this.#at[this.#first] as number);
  }
}

function grown(ring: Float64Array, first: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * ring.length);
  larger.set(ring.subarray(first));
  larger.set(ring.subarray(0, first), ring.length - first);
  return larger;
}
