import type { Clock } from "../clock.js";
import type { SourceKey } from "./source-key.js";
import { SourceTable } from "./source-table.js";
import { TokenBucket } from "./token-bucket.js";

export interface SharedRateOptions {
  /** How often all together may have it: a second, and at once. */
  readonly perSecond: number;
  readonly burst: number;
  /** How often one source may have it at once. It is forgiven what it has taken by a factor of e in 5 s. */
  readonly sourceBurst: number;
}

const FORGIVEN_MS = 5000;
/** Sources that are remembered. */
const MAX_SOURCES = 4096;

/** What a source has taken lately, and when that was counted. */
enum Use {
  Count = 0,
  CountedMs = 1,
}
const USE_FIELDS = 2;

/**
 * Limits what strangers can ask for. A source gets it again as long as it has taken less lately than there is left for
 * all: so those that take most are the first to wait, and something is left for newcomers.
 */
export class SharedRate {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #sourceBurst: number;
  readonly #sources = new SourceTable(MAX_SOURCES, USE_FIELDS);

  constructor(clock: Clock, { perSecond, burst, sourceBurst }: SharedRateOptions) {
    this.#clock = clock;
    this.#all = new TokenBucket(clock, burst, perSecond);
    this.#sourceBurst = sourceBurst;
  }

  /** @returns false: there have been too many, and this one has to wait */
  tryTake(source: SourceKey): boolean {
    const sources = this.#sources;
    const now = this.#clock.now();
    const use = sources.findOrAdd(source);
    const passedMs = now - sources.value(use, Use.CountedMs);
    const count = sources.value(use, Use.Count) * Math.exp(-passedMs / FORGIVEN_MS);
    const isEnough = count + 1 <= Math.min(this.#sourceBurst, this.#all.tokens);
    sources.setValue(use, Use.Count, isEnough ? count + 1 : count);
    sources.setValue(use, Use.CountedMs, now);
    return isEnough && this.#all.tryTake(1);
  }
}
