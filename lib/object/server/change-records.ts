import { NetworkWriter } from "../../serialization/index.js";
import { grownInts } from "../collections/int-array.js";
import { recordStartBits } from "../wire/latest-format.js";

/** The integers of a change, side by side, since whoever reads one mostly reads the others: the object. */
export const ITEM = 0;
/** The members (of the journal) that have changed. */
export const MASK = 1;
/** Those of which players get this record; 0 without one. */
export const SEEN = 2;
/** The bit at which the record starts, and that of what follows its object's number. The next start ends it. */
export const START = 3;
export const BODY = 4;
/** The next change that the same players see, as long as changes are in the order of their coming. */
export const NEXT = 5;
/** How many bytes the record takes alone, at most, once `measure` was called. */
export const BYTES = 6;
const WIDTH_BITS = 3;
export const WIDTH: number = 1 << WIDTH_BITS;

/** Changes and their records, one behind the other. */
export class ChangeRecords {
  /** The changes: that of place n starts at `n * WIDTH`. Behind the last one is the start that ends it. */
  data: Int32Array<ArrayBuffer> = new Int32Array(64 * WIDTH);
  count = 0;
  readonly writer: NetworkWriter = new NetworkWriter({ sizeBytes: 4096, maxBytes: 16_000_000 });

  reset(): void {
    this.count = 0;
    this.data[START] = 0;
    this.writer.reset();
  }

  /** Adds so many changes, whose integers the caller sets. @returns `data`, which may be another array */
  reserve(changes: number): Int32Array<ArrayBuffer> {
    this.count += changes;
    this.data = grownInts(this.data, (this.count + 1) << WIDTH_BITS);
    return this.data;
  }

  /** Adds the changes of another list from `from` to before `to`. */
  append(list: ChangeRecords, from: number, to: number): void {
    const start = list.startOf(from);
    const moved = this.writer.bitLength - start;
    this.writer.copyFrom(list.writer, start, list.startOf(to) - start);
    let at = this.count << WIDTH_BITS;
    const data = this.reserve(to - from);
    const source = list.data;
    for (let place = from << WIDTH_BITS; place < to << WIDTH_BITS; place += WIDTH, at += WIDTH) {
      for (let index = 0; index < WIDTH; index++) data[at + index] = source[place + index] as number;
      (data[at + START] as number) += moved;
      (data[at + BODY] as number) += moved;
    }
    data[at + START] = this.writer.bitLength;
  }

  itemOf(place: number): number {
    return this.data[(place << WIDTH_BITS) + ITEM] as number;
  }

  maskOf(place: number): number {
    return this.data[(place << WIDTH_BITS) + MASK] as number;
  }

  seenOf(place: number): number {
    return this.data[(place << WIDTH_BITS) + SEEN] as number;
  }

  /** Sets the `BYTES` of all. */
  measure(): void {
    const { data } = this;
    for (let at = 0; at < this.count << WIDTH_BITS; at += WIDTH) {
      const bits = (data[at + WIDTH + START] as number) - (data[at + BODY] as number);
      data[at + BYTES] = (bits + recordStartBits(data[at + ITEM] as number) + 7) >>> 3;
    }
  }

  startOf(place: number): number {
    return this.data[(place << WIDTH_BITS) + START] as number;
  }
}
