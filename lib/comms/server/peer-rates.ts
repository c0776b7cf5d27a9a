import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import type { PeerKey } from "../values/peer-key.js";

/** Peers that are remembered. Of those that exceed it the first is forgotten. */
const MAX_PEERS = 8192;

/** How often something is done for each peer, whether it has a client or not. */
export class PeerRates {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #buckets = new Map<PeerKey, TokenBucket>();

  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** Whether it may be done for this peer once more. */
  tryTake(key: PeerKey): boolean {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      if (this.#buckets.size >= MAX_PEERS) this.forget(this.#buckets.keys().next().value as PeerKey);
      bucket = new TokenBucket(this.#clock, this.#burst, this.#perSecond);
      this.#buckets.set(key, bucket);
    }
    return bucket.tryTake(1);
  }

  forget(key: PeerKey): void {
    this.#buckets.delete(key);
  }
}
