import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";

/** Key agreements a second in all, and at once: one takes about 0.15 ms, so that is at most a sixth of a core. */
const PER_SECOND = 1000;
const BURST = 2000;
/**
 * Of one source (an IPv4 address, an IPv6 /64): 500 at once and 100 a second. 300 honest clients of one address get in
 * at once.
 */
const SOURCE_BURST = 500;
/** A source is forgiven what it has taken by a factor of e in this time. */
const FORGIVEN_MS = 5000;
/** Sources that are remembered; the oldest are forgotten first. */
const MAX_SOURCES = 4096;

/** What a source has taken lately. */
interface Use {
  count: number;
  countedMs: number;
}

/**
 * Limits the key agreements that strangers can ask for. A source gets another one as long as it has taken fewer lately
 * than there are left for all: so those that take most are the first to wait, and something is left for newcomers.
 */
export class KeyAgreements {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #sources = new Map<string, Use>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = new TokenBucket(clock, BURST, PER_SECOND);
  }

  /** @returns false: there have been too many, and this one has to wait */
  tryTake(source: string): boolean {
    const use = this.#useOf(source);
    if (use.count + 1 > Math.min(SOURCE_BURST, this.#all.tokens)) return false;
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
