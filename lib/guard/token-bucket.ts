import type { Clock } from "../clock.js";

/** How many tokens a bucket has that had `tokens` before `passedMs`. In no time it gets none, at whatever rate. */
export const refilled = (tokens: number, passedMs: number, capacity: number, perSecond: number): number =>
  passedMs > 0 ? Math.min(capacity, tokens + (passedMs / 1000) * perSecond) : tokens;

/** Limits a rate: `capacity` tokens at once, and `perSecond` new ones. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, capacity: number, perSecond: number) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#tokens = capacity;
    this.#filledMs = clock.now();
  }

  get tokens(): number {
    const now = this.#clock.now();
    this.#tokens = refilled(this.#tokens, now - this.#filledMs, this.#capacity, this.#perSecond);
    this.#filledMs = now;
    return this.#tokens;
  }

  /** Takes `cost` tokens if there are so many. */
  tryTake(cost: number): boolean {
    if (this.tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }

  /** Gives tokens back, up to the capacity. */
  give(count: number): void {
    this.#tokens = Math.min(this.#capacity, this.tokens + count);
  }

  /** Takes `cost` tokens, even if there are fewer. @returns how many are left; negative: owed */
  take(cost: number): number {
    this.#tokens = this.tokens - cost;
    return this.#tokens;
  }
}
