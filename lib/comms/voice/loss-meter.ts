import type { Speech } from "./speech.js";

const INTERVAL_MS = 1000;
const LEAST_PACKETS = 20;

/** Measures, once a second, how much of somebody's speech is lost on the way here. */
export class LossMeter {
  readonly #speech: Speech;
  #nextMs = Number.NEGATIVE_INFINITY;
  #expected = 0;
  #lost = 0;
  #gaps = 0;

  constructor(speech: Speech) {
    this.#speech = speech;
  }

  /** The loss since the last report; null before there is enough to tell. */
  take(nowMs: number): { lossPercent: number; burst: number } | null {
    const { expected, gaps, lost } = this.#speech;
    const passed = expected - this.#expected;
    if (nowMs < this.#nextMs || passed < LEAST_PACKETS) return null;
    const missing = Math.max(0, lost - this.#lost);
    const runs = Math.max(1, gaps - this.#gaps);
    this.#nextMs = nowMs + INTERVAL_MS;
    this.#expected = expected;
    this.#lost = lost;
    this.#gaps = gaps;
    const lossPercent = Math.min(100, Math.round((100 * missing) / passed));
    return { lossPercent, burst: Math.min(255, Math.max(1, Math.round(missing / runs))) };
  }
}
