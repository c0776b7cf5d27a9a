const FIRST_RECORDS = 64;

/**
 * A queue of records of `width` integers each. Records are numbered from 0 on; the numbers are int32 and wrap around,
 * so they are compared with `isBefore`. Its array doubles when it is full, and never shrinks.
 */
export class RecordRing {
  /** The records: that with number n starts at `place(n)`. Another array after `add`. */
  data: Int32Array;
  /** The number of the oldest record. */
  first = 0;
  /** The number of the next record. */
  end = 0;
  readonly #width: number;
  #mask = FIRST_RECORDS - 1;

  constructor(width: number) {
    this.#width = width;
    this.data = new Int32Array(FIRST_RECORDS * width);
  }

  /** Appends records, whose integers the caller sets. Returns the place of the first one in `data`. */
  add(records = 1): number {
    const number = this.end;
    while (((number + records - this.first) | 0) > this.#mask + 1) this.#grow();
    this.end = (number + records) | 0;
    return this.place(number);
  }

  place(number: number): number {
    return (number & this.#mask) * this.#width;
  }

  has(number: number): boolean {
    return !isBefore(number, this.first) && isBefore(number, this.end);
  }

  /** Removes the records before `first`. */
  release(first: number): void {
    this.first = first;
  }

  #grow(): void {
    const mask = this.#mask * 2 + 1;
    const width = this.#width;
    const data = new Int32Array((mask + 1) * width);
    for (let number = this.first; number !== this.end; number = (number + 1) | 0) {
      const from = this.place(number);
      const to = (number & mask) * width;
      for (let index = 0; index < width; index++) data[to + index] = this.data[from + index] as number;
    }
    this.data = data;
    this.#mask = mask;
  }
}

/** Whether record `a` was added before record `b`. */
export const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0;
