const ROUNDS = 10;

/** The highest rate of the last 10 round trips in which one was measured. */
export class BandwidthFilter {
  readonly #highest = new Float64Array(ROUNDS);
  #round = 0;

  get max(): number {
    let max = 0;
    for (let index = 0; index < ROUNDS; index++) max = Math.max(max, this.#highest[index] as number);
    return max;
  }

  update(round: number, rate: number): void {
    const passed = Math.min(round - this.#round, ROUNDS);
    for (let index = 0; index < passed; index++) this.#highest[(round - index) % ROUNDS] = 0;
    this.#round = round;
    const slot = round % ROUNDS;
    this.#highest[slot] = Math.max(this.#highest[slot] as number, rate);
  }

  /** Forgets everything but `rate`. */
  reset(rate: number): void {
    this.#highest.fill(0);
    this.#highest[this.#round % ROUNDS] = rate;
  }
}
