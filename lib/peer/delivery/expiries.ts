/** What all have until a second message has an age. */
const NOTHING = new Float64Array(0);

/**
 * When messages of a queue are too old, by where in the queue they begin. The first is in fields: mostly it is the only
 * one. The others are in a ring that grows by doubling.
 */
export class Expiries {
  /** Where the first message with an age begins, -1 when there is none. */
  nextAt = -1;
  /** When the first of them is too old. Only where there is one. */
  nextMs = 0;
  #first = 0;
  #count = 0;
  #at = NOTHING;
  #ms = NOTHING;

  push(at: number, ms: number): void {
    if (this.nextAt < 0) {
      this.nextAt = at;
      this.nextMs = ms;
      return;
    }
    if (this.#count === this.#at.length) {
      this.#at = grown(this.#at, this.#first);
      this.#ms = grown(this.#ms, this.#first);
      this.#first = 0;
    }
    const index = (this.#first + this.#count++) & (this.#at.length - 1);
    this.#at[index] = at;
    this.#ms[index] = ms;
  }

  /** Forgets the first one. */
  shift(): void {
    if (this.#count === 0) {
      this.nextAt = -1;
      return;
    }
    this.nextAt = this.#at[this.#first] as number;
    this.nextMs = this.#ms[this.#first] as number;
    this.#first = (this.#first + 1) & (this.#at.length - 1);
    this.#count--;
  }
}

const FIRST_CAPACITY = 16;

function grown(ring: Float64Array, first: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(2 * ring.length, FIRST_CAPACITY));
  larger.set(ring.subarray(first));
  larger.set(ring.subarray(0, first), ring.length - first);
  return larger;
}
