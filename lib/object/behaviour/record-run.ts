import type { NetworkWriter } from "../../serialization/index.js";
import { grownInts } from "../collections/int-array.js";
import type { MemberValues } from "./member-values.js";

/** An object, as far as it is settled and written here. */
export interface ValuesHolder {
  /** The values of its first behaviour. */
  readonly first: MemberValues;
  readonly item: number;
  readonly layout: unknown;
  readonly viewers: unknown;
  /** Some of its viewers get another record of it if this is not 0. */
  readonly specialCount: number;
  readonly teleportTick: number | null;
  readonly isSpawned: boolean;
  isListed: boolean;
}

/** The integers of a record, side by side, since whoever reads one mostly reads the others: the object. */
export const ITEM = 0;
/** Its members (of the journal) that have changed. */
export const MASK = 1;
/** Those of which players get this record; 0 without one. */
export const SEEN = 2;
/** How many bits of the record are its object's number. */
export const HEAD = 3;
/** How many integers these are, and by how many bits a place is moved to find its own. */
export const ROW: number = 4;
export const ROW_BITS = 2;

/** Stands for the object before a record where it does not matter what is before. */
export const NO_RECORD = -2;

/** The bit of `RecordRun.kinds` which says that a set of records begins: none of those before are before it. */
export const BEGINS_SET = 1;

/** How records begin, where all of an object's latest members go to everybody. */
export interface RecordForm {
  /** How many bits tell whose record it is, behind that of the object `before`; 0 if it cannot be written in a run. */
  readonly startBits: (before: number, item: number) => number;
  /** These bits. */
  readonly start: (before: number, item: number) => number;
  /** So many zeros follow, and then a bit for each latest member: all of that has 32 bits at most. */
  readonly zeroBits: number;
  readonly maskBits: number;
}

/**
 * What has changed in a tick: columns of integers by change, in the order of their coming, and the records that are
 * written of them, by place. The changes are chained in the order of their records.
 */
export class RecordRun {
  /** The object of each change. */
  objects: readonly (ValuesHolder | undefined)[] = [];
  items: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** The members that have changed: the first latest one has bit 0. */
  masks: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** Those of one kind can be written in one run. */
  kinds: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** The change whose record follows; -1 at the end. */
  next: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** The values of objects as `settleAll` has found them, and where those of a change begin. */
  integers: Int32Array<ArrayBuffer> = new Int32Array(64);
  integersAt: Int32Array<ArrayBuffer> = new Int32Array(64);
  integerCount = 0;

  /** The records: the integers of that at place n start at `n * ROW`. */
  rows: Int32Array<ArrayBuffer> = new Int32Array(64 * ROW);
  /** The bit at which each record starts, which ends the one before it: also behind the last one. */
  starts: Int32Array<ArrayBuffer> = new Int32Array(65);
  /** Where each set begins. */
  setStarts: Int32Array<ArrayBuffer> = new Int32Array(64);
  setCount = 0;
  /** How many records `writeRun` has written. Their objects have these viewers, and in one call this layout. */
  place = 0;
  viewers: unknown = null;
  layout: unknown = null;
  /** The object of the record that was written last. */
  before: number = NO_RECORD;
  /** The first change that is not written. */
  change = -1;

  /** Makes room for so many changes, and forgets those that are there. */
  reset(count: number): void {
    this.items = grownInts(this.items, count);
    this.masks = grownInts(this.masks, count);
    this.kinds = grownInts(this.kinds, count);
    this.next = grownInts(this.next, count);
    this.integersAt = grownInts(this.integersAt, count);
    this.rows = grownInts(this.rows, count * ROW);
    this.starts = grownInts(this.starts, count + 1);
    this.setStarts = grownInts(this.setStarts, count);
    this.integerCount = this.setCount = this.place = 0;
    this.viewers = this.layout = null;
    this.before = NO_RECORD;
    this.change = -1;
  }

  /** Makes room for so many more integers. @returns where they start */
  addIntegers(count: number): number {
    const at = this.integerCount;
    this.integerCount += count;
    this.integers = grownInts(this.integers, this.integerCount);
    return at;
  }
}

/** What settles and writes the latest members of many objects at a time, whose first behaviours are of one class. */
export interface RunFunctions {
  /** How many integers `settleAll` gives a run of each object. */
  readonly integerCount: number;
  /**
   * Settles and writes objects of a run at once, from `from` to before `to` at most: while they have the run's viewers
   * and layout, all viewers get the same of them, and nothing but latest members has changed. What has changed is in
   * the run's `masks`.
   *
   * @returns the first one that is none of these
   */
  writeRun(writer: NetworkWriter, run: RecordRun, form: RecordForm, from: number, to: number): number;
  /** Settles the objects from `from` to before `to`, and gives the run what has changed of each, and the values. */
  settleAll(run: RecordRun, from: number, to: number): void;
  /**
   * Writes records, from `place` to before `limit` at most: of the change `first` and those chained to it, while they
   * are of its kind and can be written in a run.
   *
   * @returns the place behind the last one; `run.change` is the first change that is not written
   */
  writeChain(
    writer: NetworkWriter,
    run: RecordRun,
    form: RecordForm,
    first: number,
    place: number,
    limit: number,
  ): number;
}

/** Those for the objects of a layout. */
export interface LayoutRun extends RunFunctions {
  /** How records begin; null where they are written one by one. */
  readonly form: RecordForm | null;
}
