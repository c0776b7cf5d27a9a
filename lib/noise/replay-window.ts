/**
 * Which packets of one space of counters have been accepted: each is accepted once, and none that is `size` or more
 * behind the newest. The bits are a ring, as in RFC 6479.
 */
export class ReplayWindow {
  readonly #size: number;
  /** Signed words: half of all unsigned ones would be heap objects. */
  readonly #bits: Int32Array;
  #newest: number;

  /**
   * @param size in packets: a power of two, 32 or more. @defaultValue 1024 packets
   * @param newest the counter before the first one. @defaultValue -1
   */
  constructor(size = 1024, newest = -1) {
    if (!(size >= 32 && Number.isInteger(Math.log2(size)))) throw new RangeError("size is a power of two from 32 up");
    this.#size = size;
    this.#bits = new Int32Array(size / 32);
    this.#newest = newest;
  }

  /** The largest counter that was marked. */
  get newest(): number {
    return this.#newest;
  }

  /** Whether a packet is new. Ask before opening it: nothing is marked, since the counter may be forged. */
  isNew(counter: number): boolean {
    if (counter > this.#newest) return Number.isSafeInteger(counter);
    if (!(counter > this.#newest - this.#size && counter >= 0 && Number.isInteger(counter))) return false;
    return ((this.#bits[this.#wordOf(counter)] as number) & bitOf(counter)) === 0;
  }

  /** Marks a packet that {@link isNew} and whose tag was right. */
  mark(counter: number): void {
    if (counter - this.#newest >= this.#size) this.#bits.fill(0);
    else for (let skipped = this.#newest + 1; skipped < counter; skipped++) this.#clear(skipped);
    const word = this.#wordOf(counter);
    this.#bits[word] = (this.#bits[word] as number) | bitOf(counter);
    if (counter > this.#newest) this.#newest = counter;
  }

  #clear(counter: number): void {
    const word = this.#wordOf(counter);
    this.#bits[word] = (this.#bits[word] as number) & ~bitOf(counter);
  }

  #wordOf(counter: number): number {
    return ((counter | 0) & (this.#size - 1)) >> 5;
  }
}

const bitOf = (counter: number) => 1 << (counter | 0);
