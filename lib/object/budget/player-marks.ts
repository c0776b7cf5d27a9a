import { grownInts } from "../collections/int-array.js";
import { ItemTable } from "../collections/item-table.js";

const MIN_WEIGHT = 2 ** -10;
const MAX_WEIGHT = 2 ** 10;

/** How many bytes marked members take is asked when it matters. */
export const UNKNOWN_BYTES = -1;

/**
 * What one player still has to get: the marked members of objects, and when each object was last sent to it. An object
 * is a small integer (`item`), its members are bits of an int32 (`mask`). Only a player that lost a packet or was over
 * budget has any.
 */
export class PlayerMarks {
  readonly #table = new ItemTable();
  /** Behind the place that was marked last. */
  #next = 0;
  /** The marked members by place; 0 for an object that is here because of its `sentTicks` only. */
  masks = new Int32Array(0);
  sentTicks = new Int32Array(0);
  weights = new Float32Array(0);
  /** How many bytes the marked members take, or `UNKNOWN_BYTES`. */
  sizes = new Int32Array(0);
  /** How many objects have marked members. */
  markedCount = 0;
  /** Where the next search among objects of the same urgency starts. */
  cursor = 0;
  /** The tick in which the budget was last too small. */
  cutTick = 0;

  /** How many objects there are: at the places from 0 on. */
  get count(): number {
    return this.#table.count;
  }

  /** The object at each place. */
  get items(): Int32Array {
    return this.#table.items;
  }

  /**
   * Marks members of `item`, at least one, at `tick`. A new object counts as sent in the tick before.
   *
   * @param bytes what just these members take
   */
  mark(item: number, mask: number, tick: number, bytes: number = UNKNOWN_BYTES): void {
    // What changes in each tick mostly comes in the same order.
    let place = this.#next;
    if (place >= this.#table.count || this.#table.items[place] !== item) {
      place = this.#table.find(item);
      if (place < 0) place = this.#add(item, tick);
    }
    this.#next = place + 1;
    const before = this.masks[place] as number;
    const after = before | mask;
    this.masks[place] = after;
    this.sizes[place] = after === mask ? bytes : UNKNOWN_BYTES;
    if (before === 0) this.markedCount++;
  }

  /**
   * Marks what has changed: as `mark`, for objects that were marked in this order before. Of each, `list` has `width`
   * integers: the object, and at `maskAt` its members; 0 for none.
   *
   * @returns the first place before `to` of an object that is not marked, because it is another one; `to` if all are
   */
  markInOrder(list: Int32Array, width: number, maskAt: number, bytes: Int32Array, from: number, to: number): number {
    const { count, items } = this;
    const { masks, sizes } = this;
    let next = this.#next;
    let marked = 0;
    let place = from;
    for (let at = from * width; place < to; place++, at += width) {
      const mask = list[at + maskAt] as number;
      if (mask === 0) continue;
      if (next >= count || items[next] !== list[at]) break;
      const before = masks[next] as number;
      const after = before | mask;
      masks[next] = after;
      sizes[next] = after === mask ? (bytes[place] as number) : UNKNOWN_BYTES;
      // 1 for no members, without a branch: nobody can foresee it.
      marked += (before - 1) >>> 31;
      next++;
    }
    this.markedCount += marked;
    this.#next = next;
    return place;
  }

  /** The marked members of `item`. */
  maskOf(item: number): number {
    const place = this.#table.find(item);
    return place < 0 ? 0 : (this.masks[place] as number);
  }

  /** How much the ticks of `item` count: 1 unless it is set; limited to between 1/1024 and 1024. */
  setWeight(item: number, weight: number): void {
    const place = this.#table.find(item);
    if (place >= 0) this.setWeightAt(place, weight);
  }

  /** The same for the object at a place. */
  setWeightAt(place: number, weight: number): void {
    this.weights[place] = Math.min(Math.max(weight, MIN_WEIGHT), MAX_WEIGHT);
  }

  /** The object at `place` is sent in `tick`. */
  sent(place: number, tick: number): void {
    if (this.masks[place] !== 0) this.markedCount--;
    this.masks[place] = 0;
    this.sentTicks[place] = tick;
  }

  /** The player does not see `item` any more. */
  remove(item: number): void {
    const place = this.#table.find(item);
    if (place < 0) return;
    if (this.masks[place] !== 0) this.markedCount--;
    this.#table.removeAt(place);
    const last = this.count;
    this.masks[place] = this.masks[last] as number;
    this.sentTicks[place] = this.sentTicks[last] as number;
    this.weights[place] = this.weights[last] as number;
    this.sizes[place] = this.sizes[last] as number;
  }

  /** Forgets everything. */
  clear(): void {
    this.#table.clear();
    this.markedCount = this.cursor = 0;
  }

  #add(item: number, tick: number): number {
    const place = this.count;
    this.#table.add(item);
    const { length } = this.items;
    if (length > this.masks.length) {
      this.masks = grownInts(this.masks, length);
      this.sentTicks = grownInts(this.sentTicks, length);
      this.sizes = grownInts(this.sizes, length);
      const weights = new Float32Array(this.masks.length);
      weights.set(this.weights);
      this.weights = weights;
    }
    this.masks[place] = 0;
    this.sentTicks[place] = tick - 1;
    this.weights[place] = 1;
    return place;
  }
}
