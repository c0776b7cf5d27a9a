/** How far behind the newest packet one may come and still be taken. */
export const REPLAY_WINDOW_SIZE = 1024;

const WORD_COUNT = 64;

/**
 * Which packets of one space of counters have been taken: each at most once, none that is `replayWindowSize` or more
 * behind the newest. The bits are a ring that moves on by whole words (RFC 6479), so it takes twice the window's bits.
 */
export class ReplayWindow {
  readonly #bits = new Uint32Array(WORD_COUNT);
  #newest = -1;

  /** Whether a packet is new. To be asked before it is opened; nothing is marked, since its counter may be forged. */
  isNew(counter: number): boolean {
    if (!Number.isSafeInteger(counter) || counter < 0 || counter <= this.#newest - REPLAY_WINDOW_SIZE) return false;
    return counter > this.#newest || ((this.#bits[wordOf(counter)] as number) & bitOf(counter)) === 0;
  }

  /** Marks a packet that {@link isNew} and whose tag was right. */
  mark(counter: number): void {
    const words = Math.min(Math.floor(counter / 32) - Math.floor(this.#newest / 32), WORD_COUNT);
    for (let word = 0; word < words; word++) this.#bits[wordOf(counter - word * 32)] = 0;
    if (counter > this.#newest) this.#newest = counter;
    (this.#bits[wordOf(counter)] as number) |= bitOf(counter);
  }
}

const wordOf = (counter: number) => Math.floor(counter / 32) % WORD_COUNT;
const bitOf = (counter: number) => 1 << (counter % 32);
