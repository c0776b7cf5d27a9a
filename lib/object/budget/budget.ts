import { grownInts } from "../collections/int-array.js";
import { type PlayerMarks, UNKNOWN_BYTES } from "./player-marks.js";

/** Sizes and takes what the budget allows. */
export interface BudgetSink {
  /** How many bytes the members `mask` of `item` take. */
  bytesOf(item: number, mask: number): number;
  /** Writes them. */
  send(item: number, mask: number): void;
}

/** Buckets are by the logarithm of the urgency: 16 an octave, for urgencies from 2^-10 to 2^22. */
const BUCKETS = 512;
const MANTISSA_BITS = 4;
const LOWEST_BUCKET = ((127 - 10) << MANTISSA_BITS) - 1;

/** For how long a player keeps the ticks in which objects were sent, after all that was marked fits again. */
const KEEP_TICKS = 64;

/**
 * Divides a budget of bytes among the marked objects of a player: the most urgent ones first, where urgency is the
 * number of ticks since the object was last sent, times its weight. It finds the least urgent object that still fits
 * with a histogram of bytes by urgency, so the work grows with the number of objects and nothing is sorted.
 *
 * No marked object waits longer than twice sum(weight x bytes) / (budget x its weight) ticks, unless it is larger than
 * the budget of a tick: then it is not sent at all, so callers add up what is left over until an object fits.
 */
export class Budget {
  readonly #bytesIn = new Int32Array(BUCKETS);
  readonly #urgency = new Float32Array(1);
  readonly #urgencyBits = new Uint32Array(this.#urgency.buffer);
  /** Of each entry of the player: its bucket (0 is unmarked), its size. */
  #buckets = new Int32Array(0);
  #sizes = new Int32Array(0);
  /** The entries that are sent, in this order. */
  #chosen = new Int32Array(0);
  #chosenCount = 0;
  /** What is left for the entries in the bucket of the cut, and whether one of them did not fit. */
  #leftBytes = 0;
  #isFull = false;

  /** Sends of `marks` what fits in `budgetBytes`; the rest stays marked. Returns the bytes used. */
  send(marks: PlayerMarks, tick: number, budgetBytes: number, sink: BudgetSink): number {
    if (marks.markedCount === 0) return 0;
    const { count } = marks;
    const totalBytes = this.#fillBuckets(marks, tick, sink);
    const bytesIn = this.#bytesIn;
    let leftBytes = budgetBytes;
    let cut = BUCKETS - 1;
    if (totalBytes <= budgetBytes) cut = 0;
    else {
      marks.cutTick = tick;
      for (; cut > 0 && (bytesIn[cut] as number) <= leftBytes; cut--) leftBytes -= bytesIn[cut] as number;
    }
    const start = marks.cursor < count ? marks.cursor : 0;
    this.#leftBytes = leftBytes;
    this.#isFull = false;
    this.#chosenCount = 0;
    this.#choose(marks, start, count, cut);
    this.#choose(marks, 0, start, cut);
    for (let index = 0; index < this.#chosenCount; index++) {
      const place = this.#chosen[index] as number;
      sink.send(marks.items[place] as number, marks.masks[place] as number);
      marks.sent(place, tick);
    }
    if (cut > 0) return budgetBytes - this.#leftBytes;
    if (((tick - marks.cutTick) | 0) > KEEP_TICKS) marks.clear();
    return totalBytes;
  }

  /** Chooses the entries from `start` to before `end` that are above the cut, and what fits of those in its bucket. */
  #choose(marks: PlayerMarks, start: number, end: number, cut: number): void {
    const buckets = this.#buckets;
    const chosen = this.#chosen;
    let count = this.#chosenCount;
    for (let place = start; place < end; place++) {
      const bucket = buckets[place] as number;
      if (bucket !== cut) {
        // Counts those above the cut without a branch: nobody can foresee it.
        chosen[count] = place;
        count += (cut - bucket) >>> 31;
      } else if (cut > 0 && this.#fits(marks, place)) chosen[count++] = place;
    }
    this.#chosenCount = count;
  }

  #fits(marks: PlayerMarks, place: number): boolean {
    const bytes = this.#sizes[place] as number;
    if (bytes > this.#leftBytes) {
      // The first one that did not fit is the first one next time.
      if (!this.#isFull) marks.cursor = place;
      this.#isFull = true;
      return false;
    }
    this.#leftBytes -= bytes;
    return true;
  }

  #fillBuckets(marks: PlayerMarks, tick: number, sink: BudgetSink): number {
    const { count, masks, sentTicks, sizes: known, weights } = marks;
    this.#buckets = grownInts(this.#buckets, count);
    this.#sizes = grownInts(this.#sizes, count);
    this.#chosen = grownInts(this.#chosen, count);
    const buckets = this.#buckets;
    const sizes = this.#sizes;
    const bytesIn = this.#bytesIn.fill(0);
    const urgency = this.#urgency;
    const bits = this.#urgencyBits;
    let totalBytes = 0;
    let unknown = 0;
    // Nothing is called in this loop: what it knows of the arrays would have to be looked up again.
    for (let place = 0; place < count; place++) {
      if (masks[place] === 0) {
        buckets[place] = 0;
        continue;
      }
      urgency[0] = ((tick - (sentTicks[place] as number)) | 0) * (weights[place] as number);
      // The exponent of a float32 and the first bits behind it are its logarithm, near enough.
      const logarithm = ((bits[0] as number) >>> (23 - MANTISSA_BITS)) - LOWEST_BUCKET;
      const bucket = logarithm < 1 ? 1 : logarithm >= BUCKETS ? BUCKETS - 1 : logarithm;
      const bytes = known[place] as number;
      buckets[place] = bucket;
      sizes[place] = bytes;
      if (bytes === UNKNOWN_BYTES) unknown++;
      else {
        (bytesIn[bucket] as number) += bytes;
        totalBytes += bytes;
      }
    }
    return unknown === 0 ? totalBytes : totalBytes + this.#measure(marks, sink);
  }

  /** Asks for the sizes that are not known. @returns their sum */
  #measure({ count, items, masks }: PlayerMarks, sink: BudgetSink): number {
    const buckets = this.#buckets;
    const sizes = this.#sizes;
    let sum = 0;
    for (let place = 0; place < count; place++) {
      if (masks[place] === 0 || sizes[place] !== UNKNOWN_BYTES) continue;
      const bytes = sink.bytesOf(items[place] as number, masks[place] as number);
      sizes[place] = bytes;
      (this.#bytesIn[buckets[place] as number] as number) += bytes;
      sum += bytes;
    }
    return sum;
  }
}
