/** Bounds of two neighbouring counts differ by 2 %. */
const COUNTS_PER_OCTAVE = 35;
/** The shortest time that is told apart from 0. */
const LEAST_MS = 0.01;
const COUNTS = COUNTS_PER_OCTAVE * 24;

/** How many times were how long, from 10 us to 2 minutes, within 2 %: any number of them in one array. */
export class LatencyCounts {
  readonly #counts = new Uint32Array(COUNTS + 1);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    const place = Math.floor(COUNTS_PER_OCTAVE * Math.log2(Math.max(ms, LEAST_MS) / LEAST_MS));
    const index = Math.min(place, COUNTS);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#total++;
  }

  /** The time that a `share` (0 to 1) of all is at most as long as, in milliseconds; null without any. */
  quantile(share: number): number | null {
    if (this.#total === 0) return null;
    let left = Math.max(1, Math.ceil(share * this.#total));
    const index = this.#counts.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return Math.round(100 * LEAST_MS * 2 ** ((index + 0.5) / COUNTS_PER_OCTAVE)) / 100;
  }
}
