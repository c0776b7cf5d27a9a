const BIN_MS = 5;
const BINS = 100;
/** The share of packets that are to come in time. */
const QUANTILE = 0.99;
/** What the weight of a packet shrinks by with each later one. */
const FORGET = 0.998;
const MARGIN_MS = 5;
const START_MS = 60;
const MIN_DELAY_MS = 20;
export const MAX_DELAY_MS = 300;
/** Until so many packets have come, the delay of the start has a part in it. */
const START_PACKETS = 25;
/** The least transit time is that of the last 8 times 500 ms. */
const PERIODS = 8;
const PERIOD_MS = 500;
const MAX_WEIGHT = 1e12;

/** How long sound has to wait, so that nearly all of it has come when it is its turn. */
export class DelayEstimator {
  readonly #frameMs: number;
  /** The weight of the packets that came so much later than the quickest. */
  readonly #bins = new Float64Array(BINS);
  /** Grows with each packet: so all before weigh less, and none of them is touched. */
  #weight = 1;
  #total = 0;
  #packets = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  readonly #least = new Float64Array(PERIODS).fill(Number.POSITIVE_INFINITY);
  #period = Number.NEGATIVE_INFINITY;
  #leastMs = 0;
  #targetMs = START_MS;

  constructor(frameMs: number) {
    this.#frameMs = frameMs;
  }

  /** How much later than the quickest packet a frame is to be played, 20 to 300 ms. */
  get targetMs(): number {
    return this.#targetMs;
  }

  /** The transit time of the quickest packet of the last 4 s. Both clocks begin anywhere, so only differences count. */
  get leastMs(): number {
    return this.#leastMs;
  }

  /** @param transitMs from when the frame was spoken, by the speaker's clock, to `nowMs` */
  add(transitMs: number, nowMs: number): void {
    this.#noteLeast(transitMs, nowMs);
    // What had to wait for the same pause of the line is one event, and not as many as there were packets.
    const part = Math.min(1, Math.max(0, nowMs - this.#lastMs) / this.#frameMs);
    this.#lastMs = nowMs;
    this.#weight /= FORGET;
    const weight = part * this.#weight;
    const bin = Math.min(BINS - 1, Math.floor((transitMs - this.#leastMs) / BIN_MS));
    this.#bins[bin] = (this.#bins[bin] as number) + weight;
    this.#total += weight;
    this.#packets++;
    if (this.#weight > MAX_WEIGHT) this.#scaleDown();
    this.#targetMs = this.#target();
  }

  #noteLeast(transitMs: number, nowMs: number): void {
    const period = Math.floor(nowMs / PERIOD_MS);
    for (let passed = Math.max(this.#period + 1, period - PERIODS + 1); passed <= period; passed++) {
      this.#least[passed % PERIODS] = Number.POSITIVE_INFINITY;
    }
    this.#period = period;
    const place = period % PERIODS;
    this.#least[place] = Math.min(this.#least[place] as number, transitMs);
    this.#leastMs = Math.min(...this.#least);
  }

  #target(): number {
    const enough = QUANTILE * this.#total;
    let bin = 0;
    for (let sum = this.#bins[0] as number; sum < enough && bin < BINS - 1; sum += this.#bins[bin] as number) bin++;
    const wanted = Math.max(MIN_DELAY_MS, Math.min(MAX_DELAY_MS, (bin + 1) * BIN_MS + MARGIN_MS));
    const known = Math.min(1, this.#packets / START_PACKETS);
    return known * wanted + (1 - known) * Math.max(wanted, START_MS);
  }

  #scaleDown(): void {
    for (let bin = 0; bin < BINS; bin++) this.#bins[bin] = (this.#bins[bin] as number) / MAX_WEIGHT;
    this.#total /= MAX_WEIGHT;
    this.#weight /= MAX_WEIGHT;
  }
}
