import type { Clock } from "../clock.js";
import { TokenBucket } from "./token-bucket.js";

export interface SharedRateOptions {
  /** How often all together may have it: a second, and at once. */
  readonly perSecond: number;
  readonly burst: number;
  /** How often one source may have it at once. It is forgiven what it has taken by a factor of e in 5 s. */
  readonly sourceBurst: number;
}

const FORGIVEN_MS = 5000;
/** Sources that are remembered; the oldest are forgotten first. */
const MAX_SOURCES = 4096;

/** What a source has taken lately. */
interface Use {
  count: number;
  countedMs: number;
}

/**
 * Limits what strangers can ask for. A source gets it again as long as it has taken less lately than there is left for
 * all: so those that take most are the first to wait, and something is left for newcomers.
 */
export class SharedRate {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #sourceBurst: number;
  readonly #sources = new Map<string, Use>();

  constructor(clock: Clock, { perSecond, burst, sourceBurst }: SharedRateOptions) {
    this.#clock = clock;
    this.#all = new TokenBucket(clock, burst, perSecond);
    this.#sourceBurst = sourceBurst;
  }

  /** @param source of `sourceOf` @returns false: there have been too many, and this one has to wait */
  tryTake(source: string): boolean {
    const use = this.#useOf(source);
    if (use.count + 1 > Math.min(this.#sourceBurst, this.#all.tokens)) return false;
    use.count++;
    return this.#all.tryTake(1);
  }

  #useOf(source: string): Use {
    const now = this.#clock.now();
    let use = this.#sources.get(source);
    if (!use) {
      if (this.#sources.size >= MAX_SOURCES) this.#sources.delete(this.#sources.keys().next().value as string);
      use = { count: 0, countedMs: now };
      this.#sources.set(source, use);
    }
    use.count *= Math.exp((use.countedMs - now) / FORGIVEN_MS);
    use.countedMs = now;
    return use;
  }
}
