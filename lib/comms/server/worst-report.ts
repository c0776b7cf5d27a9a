/** What a listener says of the way to it. */
export interface LossFigures {
  /** 0 to 100 */
  lossPercent: number;
  /** The mean length of a run of lost packets. */
  burst: number;
}

/** Listeners report once a second. A little less, so that one who is punctual need not wait for the next. */
const INTERVAL_MS = 900;

/** What the listeners of one speaker report: it is told the worst of them, once a second. */
export class WorstReport {
  #lossPercent = 0;
  #burst = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** @returns what the speaker is to be told now, or null */
  add({ lossPercent, burst }: LossFigures, nowMs: number): LossFigures | null {
    this.#lossPercent = Math.max(this.#lossPercent, lossPercent);
    this.#burst = Math.max(this.#burst, burst);
    if (nowMs - this.#toldMs < INTERVAL_MS) return null;
    const worst = { lossPercent: this.#lossPercent, burst: this.#burst };
    this.#toldMs = nowMs;
    this.#lossPercent = this.#burst = 0;
    return worst;
  }
}
