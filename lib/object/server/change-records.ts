import { NetworkWriter } from "../../serialization/index.js";
import { RecordRun } from "../behaviour/record-run.js";
import { grownInts } from "../collections/int-array.js";
import { recordStartBits } from "../wire/latest-format.js";

/** The integers of a change, side by side, since whoever reads one mostly reads the others: the object. */
export const ITEM = 0;
/** The members (of the journal) that have changed. */
export const MASK = 1;
/** Those of which players get this record; 0 without one. */
export const SEEN = 2;
/** How many bits of the record are its object's number. */
export const HEAD = 3;
const WIDTH_BITS = 2;
export const WIDTH: number = 1 << WIDTH_BITS;

/** The changes of a tick and their records, one behind the other. */
export class ChangeRecords {
  /** The changes: that of place n starts at `n * WIDTH`. */
  data: Int32Array<ArrayBuffer> = new Int32Array(64 * WIDTH);
  count = 0;
  readonly writer: NetworkWriter = new NetworkWriter({ sizeBytes: 4096, maxBytes: 16_000_000 });
  /** What is written of each, and where: the start of a record ends the one before it, also behind the last one. */
  readonly run: RecordRun = new RecordRun();
  /** How many bytes each record takes alone, at most, once `measure` was called. */
  bytes: Int32Array<ArrayBuffer> = new Int32Array(0);

  reset(): void {
    this.count = 0;
    this.writer.reset();
  }

  /** Makes room for so many changes. @returns `data`, whose integers the caller sets */
  reserve(count: number): Int32Array<ArrayBuffer> {
    this.run.reserve(count);
    this.data = grownInts(this.data, count << WIDTH_BITS);
    return this.data;
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

  headOf(place: number): number {
    return this.data[(place << WIDTH_BITS) + HEAD] as number;
  }

  startOf(place: number): number {
    return this.run.starts[place] as number;
  }

  /** Sets the `bytes` of all. */
  measure(): void {
    const { count, data } = this;
    const { starts } = this.run;
    this.bytes = grownInts(this.bytes, count);
    for (let place = 0, at = 0; place < count; place++, at += WIDTH) {
      const bits = (starts[place + 1] as number) - (starts[place] as number) - (data[at + HEAD] as number);
      this.bytes[place] = (bits + recordStartBits(data[at + ITEM] as number) + 7) >>> 3;
    }
  }
}
