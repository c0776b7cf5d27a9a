/**
 * Counts what is under way for strangers, with a share for each source. A source gets a place as long as it has fewer
 * than there are free ones: the first one may take half of all, and there is something left for a newcomer.
 */
export class SoftShares {
  readonly #maxCount: number;
  readonly #bySource = new Map<string, number>();
  #count = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** @returns false: there is no place for this source */
  tryTake(source: string): boolean {
    const own = this.#bySource.get(source) ?? 0;
    if (own >= this.#maxCount - this.#count) return false;
    this.#count++;
    this.#bySource.set(source, own + 1);
    return true;
  }

  /** Gives a place back that `tryTake` has given. */
  release(source: string): void {
    this.#count--;
    const left = (this.#bySource.get(source) ?? 1) - 1;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }
}
