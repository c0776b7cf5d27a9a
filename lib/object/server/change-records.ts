import { NetworkWriter } from "../../serialization/index.js";
import { HEAD, ITEM, MASK, RecordRun, ROW, ROW_BITS, SEEN } from "../behaviour/record-run.js";
import { grownInts } from "../collections/int-array.js";
import { recordStartBits } from "../wire/latest-format.js";

/** The changes of a tick and their records, one behind the other. */
export class ChangeRecords {
  count = 0;
  readonly writer: NetworkWriter = new NetworkWriter({ sizeBytes: 4096, maxBytes: 16_000_000 });
  readonly run: RecordRun = new RecordRun();
  /** How many bytes each record takes alone, at most, once `measure` was called. */
  bytes: Int32Array<ArrayBuffer> = new Int32Array(0);

  /** Makes room for so many changes, and forgets those that are there. */
  reset(count: number): void {
    this.count = 0;
    this.writer.reset();
    this.run.reset(count);
  }

  itemOf(place: number): number {
    return this.run.rows[(place << ROW_BITS) + ITEM] as number;
  }

  maskOf(place: number): number {
    return this.run.rows[(place << ROW_BITS) + MASK] as number;
  }

  seenOf(place: number): number {
    return this.run.rows[(place << ROW_BITS) + SEEN] as number;
  }

  headOf(place: number): number {
    return this.run.rows[(place << ROW_BITS) + HEAD] as number;
  }

  startOf(place: number): number {
    return this.run.starts[place] as number;
  }

  /** Sets the `bytes` of all. */
  measure(): void {
    const { count } = this;
    const { rows, starts } = this.run;
    this.bytes = grownInts(this.bytes, count);
    for (let place = 0, at = 0; place < count; place++, at += ROW) {
      const bits = (starts[place + 1] as number) - (starts[place] as number) - (rows[at + HEAD] as number);
      this.bytes[place] = (bits + recordStartBits(rows[at + ITEM] as number) + 7) >>> 3;
    }
  }
}
