import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import type { DisconnectReason } from "../../socket/index.js";

/** Key agreements a second in all, and at once: one takes about 0.15 ms, so that is at most a sixth of a core. */
const PER_SECOND = 1000;
const BURST = 2000;
/** Of one source (an IPv4 address, an IPv6 /64). 300 honest clients of one address get in at once. */
const SOURCE_PER_SECOND = 100;
const SOURCE_BURST = 500;
/** Sources and refusals that are remembered; the oldest are forgotten first. */
const MAX_SOURCES = 4096;
const MAX_REFUSALS = 1024;

/**
 * Limits the key agreements that strangers can ask for: each takes a token of its source and one of all. Whoever was
 * refused gets the same answer again without another one.
 */
export class KeyAgreements {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #sources = new Map<string, TokenBucket>();
  readonly #refusals = new Map<string, DisconnectReason>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = new TokenBucket(clock, BURST, PER_SECOND);
  }

  /** @returns false: there have been too many, and this one has to wait */
  tryTake(source: string): boolean {
    let bucket = this.#sources.get(source);
    if (!bucket) {
      forgetOldest(this.#sources, MAX_SOURCES);
      bucket = new TokenBucket(this.#clock, SOURCE_BURST, SOURCE_PER_SECOND);
      this.#sources.set(source, bucket);
    }
    return bucket.tryTake(1) && this.#all.tryTake(1);
  }

  /** Why the request with this nonce was refused, if it was. */
  refusalOf(address: string, nonce: Uint8Array): DisconnectReason | undefined {
    return this.#refusals.get(`${address} ${nonce}`);
  }

  refused(address: string, nonce: Uint8Array, reason: DisconnectReason): void {
    forgetOldest(this.#refusals, MAX_REFUSALS);
    this.#refusals.set(`${address} ${nonce}`, reason);
  }
}

function forgetOldest(map: Map<string, unknown>, maxSize: number): void {
  if (map.size < maxSize) return;
  const [oldest] = map.keys();
  map.delete(oldest as string);
}
