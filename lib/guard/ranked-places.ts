import type { PlacesMetrics, Taken } from "./places.js";

interface Place<Item> {
  readonly item: Item;
  readonly source: string;
  readonly rank: number;
}

/**
 * A bounded pool whose items have earned their places, such as suspended players by the time that they have played. An
 * item's rank is what it has earned, divided by the number of items that its source then has: the third of one source
 * counts a third. In a full pool the item of the lowest rank leaves, which may be the newcomer; of equals the youngest.
 *
 * So newcomers do not displace whoever has earned more than they, however many sources they have, and one source has at
 * most n items that outrank whoever has earned an n-th of the most that any of its items has.
 */
export class RankedPlaces<Item> {
  readonly #maxCount: number;
  /** From the highest rank to the lowest, and of equals from the oldest to the youngest. */
  readonly #ranking: Place<Item>[] = [];
  readonly #places = new Map<Item, Place<Item>>();
  readonly #counts = new Map<string, number>();
  #evicted = 0;
  #refused = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  get metrics(): PlacesMetrics {
    return {
      count: this.#ranking.length,
      sources: this.#counts.size,
      largestShare: [...this.#counts.values()].reduce((a, b) => Math.max(a, b), 0),
      evicted: this.#evicted,
      refused: this.#refused,
    };
  }

  /** Takes a place for `item`, which has none yet. */
  take(item: Item, source: string, earned: number): Taken<Item> {
    const count = (this.#counts.get(source) ?? 0) + 1;
    const place = { item, source, rank: earned / count };
    this.#counts.set(source, count);
    this.#places.set(item, place);
    this.#ranking.splice(this.#behind(place.rank), 0, place);
    if (this.#ranking.length <= this.#maxCount) return "free";
    const { item: lowest } = this.#ranking.at(-1) as Place<Item>;
    this.release(lowest);
    if (lowest === item) {
      this.#refused++;
      return "full";
    }
    this.#evicted++;
    return { evicted: lowest };
  }

  /** Gives the place of `item` back. @returns whether it had one */
  release(item: Item): boolean {
    const place = this.#places.get(item);
    if (!place) return false;
    this.#places.delete(item);
    this.#ranking.splice(this.#ranking.lastIndexOf(place, this.#behind(place.rank) - 1), 1);
    const count = (this.#counts.get(place.source) as number) - 1;
    if (count === 0) this.#counts.delete(place.source);
    else this.#counts.set(place.source, count);
    return true;
  }

  /** The index behind all places of this rank or a higher one. */
  #behind(rank: number): number {
    let [low, high] = [0, this.#ranking.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranking[middle] as Place<Item>).rank < rank) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
