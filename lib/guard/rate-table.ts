import type { Clock } from "../clock.js";
import type { SourceKey } from "./source-key.js";
import { NONE, SourceTable } from "./source-table.js";
import { refilled } from "./token-bucket.js";

/** The first numbers of an entry. */
enum Rate {
  Tokens = 0,
  FilledMs = 1,
}
/** How many numbers of an entry the rate takes. Those of a subclass or an owner begin here. */
export const RATE_FIELDS = 2;

/** A table of token buckets, one for each address or network. A new one is full. */
export class RateTable extends SourceTable {
  readonly #clock: Clock;

  /**
   * @param maxCount a power of 2, 64 to 65,536
   * @param moreFields how many numbers of its owner an entry has, from `RATE_FIELDS` on
   */
  constructor(clock: Clock, maxCount: number, moreFields = 0) {
    super(maxCount, RATE_FIELDS + moreFields);
    this.#clock = clock;
  }

  /** The entry of a key, new if there is none. It is now the last used. */
  entryOf(key: SourceKey, capacity: number): number {
    const known = this.find(key);
    if (known !== NONE) return known;
    const entry = this.add(key);
    this.setValue(entry, Rate.Tokens, capacity);
    this.setValue(entry, Rate.FilledMs, this.#clock.now());
    return entry;
  }

  /** Takes a token if there is one. */
  tryTake(key: SourceKey, capacity: number, perSecond: number): boolean {
    const now = this.#clock.now();
    const entry = this.entryOf(key, capacity);
    const before = this.value(entry, Rate.Tokens);
    const tokens = refilled(before, now - this.value(entry, Rate.FilledMs), capacity, perSecond);
    const isEnough = tokens >= 1;
    this.setValue(entry, Rate.Tokens, isEnough ? tokens - 1 : tokens);
    this.setValue(entry, Rate.FilledMs, now);
    return isEnough;
  }
}
