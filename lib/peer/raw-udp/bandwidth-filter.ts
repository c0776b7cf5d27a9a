import type { DeliveryRate } from "./delivery-rate.js";

const ROUNDS = 10;

/** The highest delivery rate of the last 10 round trips (BBR: BBR.max_bw). */
export class BandwidthFilter {
  max = 0;
  readonly #highest = new Float64Array(ROUNDS);
  #round = 0;

  update(round: number, { rate }: DeliveryRate): void {
    const passed = Math.min(round - this.#round, ROUNDS);
    for (let index = 0; index < passed; index++) this.#highest[(round - index) % ROUNDS] = 0;
    this.#round = round;
    const slot = round % ROUNDS;
    this.#highest[slot] = Math.max(this.#highest[slot] as number, rate);
    this.max = 0;
    for (let index = 0; index < ROUNDS; index++) this.max = Math.max(this.max, this.#highest[index] as number);
  }

  /** Forgets all rates but `rate`. */
  reset(rate: number): void {
    this.#highest.fill(0);
    this.#highest[this.#round % ROUNDS] = rate;
    this.max = rate;
  }
}
