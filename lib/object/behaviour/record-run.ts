import { grownInts } from "../collections/int-array.js";
import type { MemberValues } from "./member-values.js";

/** An object, as far as it is settled and written here. */
export interface ValuesHolder {
  /** The values of its first behaviour. */
  readonly first: MemberValues;
}

/** Objects whose records are written one behind the other: by place what is written of each. */
export class RecordRun {
  /** What comes before the values, as a number, and its bits: up to 32. */
  heads: Int32Array<ArrayBuffer> = new Int32Array(64);
  headBits: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** The members of the first behaviour whose values follow. */
  members: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** The object, and where its values begin among the integers of all. */
  objects: readonly (ValuesHolder | undefined)[] = [];
  changes: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** The values of objects as `settleAll` has found them: so many of each, by the place in `objects`. */
  integers: Int32Array<ArrayBuffer> = new Int32Array(64);
  integersAt: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** The bit at which each record starts: found when it is written. */
  starts: Int32Array<ArrayBuffer> = new Int32Array(65);

  /** Makes room for so many records. */
  reserve(count: number): void {
    this.heads = grownInts(this.heads, count);
    this.headBits = grownInts(this.headBits, count);
    this.members = grownInts(this.members, count);
    this.changes = grownInts(this.changes, count);
    this.starts = grownInts(this.starts, count + 1);
  }
}
