import type { Clock } from "../clock.js";

export interface PlacesOptions {
  /** How many items fit. */
  readonly maxCount: number;
  /** With it, a phase begins by itself when all that has arrived meanwhile is read. Else `nextPhase` begins one. */
  readonly clock?: Clock;
}

/** How full a pool is, and what became of those who wanted a place. */
export interface PlacesMetrics {
  /** How many items have a place. */
  readonly count: number;
  /** From how many sources they are. */
  readonly sources: number;
  /** Items of the most crowded source. */
  readonly largestShare: number;
  /** Items that had to leave for a newcomer. */
  readonly evicted: number;
  /** Newcomers for whom nobody could leave. */
  readonly refused: number;
}

/** What `take` answers: a place was free; this item had to leave for it, and its owner has to end it; there is none. */
export type Taken<Item> = "free" | { readonly evicted: Item } | "full";

interface Place<Item> {
  readonly item: Item;
  readonly share: Share<Item>;
  readonly phase: number;
  older: Place<Item> | null;
  younger: Place<Item> | null;
}

/** The places of one source, as a list from the oldest to the youngest. */
interface Share<Item> {
  readonly source: string;
  count: number;
  oldest: Place<Item> | null;
  youngest: Place<Item> | null;
}

/**
 * A bounded pool that strangers can fill (pending connections), with a share for each source. The shares are soft: one
 * source may take all places that nobody else wants. In a full pool the oldest item of the most crowded source leaves
 * for a newcomer. No item has to leave before a read phase has passed since it came, in which its next packet would
 * have been read.
 *
 * All operations take constant time.
 */
export class Places<Item> {
  readonly #maxCount: number;
  readonly #clock: Clock | undefined;
  readonly #places = new Map<Item, Place<Item>>();
  readonly #shares = new Map<string, Share<Item>>();
  /** At index n: the shares with n places. */
  readonly #bySize: Set<Share<Item>>[] = [];
  #largestShare = 0;
  #phase = 0;
  #isPhasePlanned = false;
  #evicted = 0;
  #refused = 0;

  constructor({ maxCount, clock }: PlacesOptions) {
    this.#maxCount = maxCount;
    this.#clock = clock;
  }

  get count(): number {
    return this.#places.size;
  }

  get metrics(): PlacesMetrics {
    return {
      count: this.#places.size,
      sources: this.#shares.size,
      largestShare: this.#largestShare,
      evicted: this.#evicted,
      refused: this.#refused,
    };
  }

  /** A read phase begins: from now on the items that came before it may have to leave. */
  nextPhase(): void {
    this.#phase++;
  }

  /** Takes a place for `item`, which has none yet. */
  take(item: Item, source: string): Taken<Item> {
    this.#planPhase();
    if (this.#places.size < this.#maxCount) {
      this.#add(item, source);
      return "free";
    }
    const victim = this.#victim();
    if (!victim) {
      this.#refused++;
      return "full";
    }
    this.#evicted++;
    this.release(victim.item);
    this.#add(item, source);
    return { evicted: victim.item };
  }

  /** Gives the place of `item` back. @returns whether it had one */
  release(item: Item): boolean {
    const place = this.#places.get(item);
    if (!place) return false;
    this.#places.delete(item);
    const { share, older, younger } = place;
    if (older) older.younger = younger;
    else share.oldest = younger;
    if (younger) younger.older = older;
    else share.youngest = older;
    this.#resize(share, -1);
    if (share.count === 0) this.#shares.delete(share.source);
    return true;
  }

  #planPhase(): void {
    if (!this.#clock || this.#isPhasePlanned) return;
    this.#isPhasePlanned = true;
    this.#clock.setTimeout(() => {
      this.#isPhasePlanned = false;
      this.nextPhase();
    }, 0);
  }

  #add(item: Item, source: string): void {
    let share = this.#shares.get(source);
    if (!share) {
      share = { source, count: 0, oldest: null, youngest: null };
      this.#shares.set(source, share);
    }
    const place: Place<Item> = { item, share, phase: this.#phase, older: share.youngest, younger: null };
    if (share.youngest) share.youngest.younger = place;
    else share.oldest = place;
    share.youngest = place;
    this.#places.set(item, place);
    this.#resize(share, 1);
  }

  #resize(share: Share<Item>, change: 1 | -1): void {
    this.#bySize[share.count]?.delete(share);
    share.count += change;
    if (share.count > 0) {
      this.#bySize[share.count] ??= new Set();
      this.#bySize[share.count]?.add(share);
    }
    if (share.count > this.#largestShare) this.#largestShare = share.count;
    // One place less makes the largest share at most one smaller.
    else if (!this.#bySize[this.#largestShare]?.size) this.#largestShare = Math.max(0, this.#largestShare - 1);
  }

  #victim(): Place<Item> | null {
    const [share] = this.#bySize[this.#largestShare] ?? [];
    const place = share?.oldest;
    // If the oldest came in this phase, so did all others of its source.
    return place && place.phase !== this.#phase ? place : null;
  }
}
