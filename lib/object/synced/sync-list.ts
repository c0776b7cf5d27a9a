import { checkFunction, checkInteger, invalidType, rangeError } from "../../arguments.js";
import { bitsFor } from "../../serialization/bits.js";
import { array, type Codec, type NetworkReader, type NetworkWriter } from "../../serialization/index.js";
import { checkCodec, prepareElement } from "./element.js";
import type { HeldClass, HeldOwner } from "./held-value.js";
import { type CollectionSpec, Operation, SyncCollection } from "./sync-collection.js";

interface ListSpec extends CollectionSpec {
  readonly element: Codec<unknown>;
}

/** What {@link SyncList.on} listens to. */
export interface SyncListEvents<T> {
  /** There is a new value at `index`. */
  inserted: (index: number, value: T) => void;
  /** The value at `index` has gone; those behind it have moved up. */
  removed: (index: number, value: T) => void;
  /** The value at `index` is another one. */
  replaced: (index: number, now: T, before: T) => void;
}

/**
 * A list that the other side gets: what changes in it is sent, and not the whole. Declared by `syncList`. What
 * changes it throws before anything has changed: NetworkError `ERR_WRONG_SIDE`, RangeError for too many elements,
 * TypeError, RangeError for values that cannot be written. A value is replaced by `set`, not changed in place.
 */
export class SyncList<T> extends SyncCollection implements Iterable<T> {
  readonly #element: Codec<T>;
  readonly #spec: ListSpec;
  #values: T[] = [];

  /** @internal */
  constructor(spec: ListSpec, owner: HeldOwner | null) {
    super(spec, owner);
    this.#spec = spec;
    this.#element = spec.element as Codec<T>;
  }

  /** How many values there are. */
  get length(): number {
    return this.#values.length;
  }

  /** The value at `index`; from the end if it is negative. `undefined` where there is none. */
  at(index: number): T | undefined {
    return this.#values.at(index);
  }

  /** Replaces the value at `index`, from 0 to `length` - 1. @throws RangeError outside of that, and as every change */
  set(index: number, value: T): void {
    checkInteger("index", index, 0, this.#values.length - 1);
    this.check(this.#values.length);
    if (Object.is(this.#values[index], value)) return;
    prepareElement(this.#element as Codec<unknown>, value);
    this.perform(Operation.Set, index, value);
  }

  /** Adds values at the end. @returns the new length */
  push(...values: T[]): number {
    this.#insert(this.#values.length, values);
    return this.#values.length;
  }

  /** Adds values at the start. @returns the new length */
  unshift(...values: T[]): number {
    this.#insert(0, values);
    return this.#values.length;
  }

  /** Removes the last value and returns it; `undefined` where there is none. */
  pop(): T | undefined {
    return this.splice(-1, 1)[0];
  }

  /** Removes the first value and returns it; `undefined` where there is none. */
  shift(): T | undefined {
    return this.splice(0, 1)[0];
  }

  /** Removes `deleteCount` values from `start` on (from the end if it is negative), and puts others there. */
  splice(start: number, deleteCount: number = Number.POSITIVE_INFINITY, ...values: T[]): T[] {
    const { length } = this.#values;
    const whole = Math.trunc(Number(start)) || 0;
    const from = whole < 0 ? Math.max(length + whole, 0) : Math.min(whole, length);
    const count = Math.min(Math.max(Math.trunc(Number(deleteCount)) || 0, 0), length - from);
    this.check(length - count + values.length);
    for (const value of values) prepareElement(this.#element as Codec<unknown>, value);
    const removed = this.#values.slice(from, from + count);
    for (let left = count; left > 0; left--) this.perform(Operation.Remove, from);
    for (const [index, value] of values.entries()) this.perform(Operation.Insert, from + index, value);
    return removed;
  }

  #insert(index: number, values: T[]): void {
    this.check(this.#values.length + values.length);
    for (const value of values) prepareElement(this.#element as Codec<unknown>, value);
    for (const [offset, value] of values.entries()) this.perform(Operation.Insert, index + offset, value);
  }

  /** Removes the first value that equals this one. @returns whether there was one */
  remove(value: T): boolean {
    const index = this.indexOf(value);
    this.check(this.#values.length);
    if (index >= 0) this.perform(Operation.Remove, index);
    return index >= 0;
  }

  /** Removes all values. Throws as every change does. */
  clear(): void {
    this.check(0);
    if (this.#values.length > 0) this.perform(Operation.Clear);
  }

  /** Puts these values in the place of all. */
  replaceAll(values: Iterable<T>): void {
    const copy = [...values];
    this.check(copy.length);
    for (const value of copy) prepareElement(this.#element as Codec<unknown>, value);
    if (!this.#spec.content.equals(copy as never, this.#values as never)) this.performReplace(copy);
  }

  /** Sorts the values, as the `sort` of an array does. The other side gets the whole list. @returns this list */
  sort(compare?: (a: T, b: T) => number): this {
    this.replaceAll([...this.#values].sort(compare));
    return this;
  }

  /** Turns the order of the values round. The other side gets the whole list. @returns this list */
  reverse(): this {
    this.replaceAll([...this.#values].reverse());
    return this;
  }

  /** Whether `value` is among the values: NaN equals NaN, objects are equal to themselves only. */
  includes(value: T): boolean {
    return this.#values.includes(value);
  }

  /** The first index of `value`, by `===`, from `from` on; -1 where there is none. */
  indexOf(value: T, from?: number): number {
    return this.#values.indexOf(value, from);
  }

  /** The first value for which `predicate` is true; `undefined` where there is none. */
  find(predicate: (value: T, index: number) => boolean): T | undefined {
    return this.#values.find(predicate);
  }

  /** The index of the first value for which `predicate` is true; -1 where there is none. */
  findIndex(predicate: (value: T, index: number) => boolean): number {
    return this.#values.findIndex(predicate);
  }

  /** Whether `predicate` is true for one value at least. */
  some(predicate: (value: T, index: number) => boolean): boolean {
    return this.#values.some(predicate);
  }

  /** Whether `predicate` is true for all values; true for an empty list. */
  every(predicate: (value: T, index: number) => boolean): boolean {
    return this.#values.every(predicate);
  }

  /** What `callback` gives for each value: a new array. */
  map<U>(callback: (value: T, index: number) => U): U[] {
    return this.#values.map(callback);
  }

  /** The values for which `predicate` is true: a new array. */
  filter(predicate: (value: T, index: number) => boolean): T[] {
    return this.#values.filter(predicate);
  }

  /** What `callback` makes of `initial` and the first value, then of that and the second, and so on. */
  reduce<U>(callback: (sum: U, value: T, index: number) => U, initial: U): U {
    return this.#values.reduce(callback, initial);
  }

  /** Calls `callback` with each value, from the first to the last. */
  forEach(callback: (value: T, index: number) => void): void {
    this.#values.forEach(callback);
  }

  /** The values as text, with `separator` between them. @defaultValue a comma */
  join(separator?: string): string {
    return this.#values.join(separator);
  }

  /** The values from `start` to before `end`, as a new array. Negative ones count from the end. */
  slice(start?: number, end?: number): T[] {
    return this.#values.slice(start, end);
  }

  /** All values, as a new array. */
  toArray(): T[] {
    return [...this.#values];
  }

  /** As `toArray`: `JSON.stringify` writes an array. */
  toJSON(): T[] {
    return this.toArray();
  }

  /** All indices, from 0 to `length` - 1. */
  keys(): IterableIterator<number> {
    return this.#values.keys();
  }

  /** All values, from the first to the last. */
  values(): IterableIterator<T> {
    return this.#values.values();
  }

  /** Pairs of index and value, from the first to the last. */
  entries(): IterableIterator<[number, T]> {
    return this.#values.entries();
  }

  /** As `values`. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#values.values();
  }

  /**
   * Listens to what differs after a batch of changes. Applied in the order of the calls, the events make of the list
   * before the batch the one after it; what was undone within it is not told.
   *
   * @returns a function that ends it
   * @throws TypeError, RangeError for a wrong argument
   */
  on<K extends keyof SyncListEvents<T>>(event: K, listener: SyncListEvents<T>[K]): () => void {
    checkFunction("listener", listener);
    if (event !== "inserted" && event !== "removed" && event !== "replaced") {
      throw rangeError("event", '"inserted", "removed" or "replaced"');
    }
    return this.listen((now, before) => now.#tell(before, { [event]: listener }));
  }

  #tell(before: SyncList<T>, { inserted, removed, replaced }: Partial<SyncListEvents<T>>): void {
    const [now, old] = [this.#values, before.#values];
    const same = (a: number, b: number) => this.#element.equals(now[a] as T, old[b] as T);
    const shorter = Math.min(now.length, old.length);
    let start = 0;
    while (start < shorter && same(start, start)) start++;
    let end = 0;
    while (end < shorter - start && same(now.length - 1 - end, old.length - 1 - end)) end++;
    for (let index = start; replaced && index < shorter - end; index++) {
      if (!same(index, index)) replaced(index, now[index] as T, old[index] as T);
    }
    for (let index = old.length - 1 - end; removed && index >= Math.max(shorter - end, start); index--) {
      removed(index, old[index] as T);
    }
    for (let index = shorter - end; inserted && index < now.length - end; index++) inserted(index, now[index] as T);
  }

  /** @internal */
  protected count(): number {
    return this.#values.length;
  }

  /** @internal */
  protected raw(): unknown {
    return this.#values;
  }

  /** @internal */
  protected copyRaw(): unknown {
    return [...this.#values];
  }

  /** @internal */
  protected detach(): SyncList<T> {
    return new SyncList<T>(this.#spec, null);
  }

  /** @internal */
  protected replaceRaw(content: unknown): void {
    this.#values = content as T[];
  }

  /** @internal */
  protected apply(kind: number, key: unknown, value: unknown): boolean {
    const index = key as number;
    const values = this.#values;
    if (kind === Operation.Clear) values.length = 0;
    else if (index > values.length - (kind === Operation.Insert ? 0 : 1)) return false;
    else if (kind === Operation.Set) values[index] = value as T;
    else if (kind === Operation.Remove) values.splice(index, 1);
    else values.splice(index, 0, value as T);
    return true;
  }

  /** @internal */
  protected writeKey(writer: NetworkWriter, kind: number, key: unknown, value: unknown): void {
    if (kind === Operation.Clear) return;
    writer.writeBits(key as number, bitsFor(this.#spec.max));
    if (kind !== Operation.Remove) this.#element.write(writer, value as T);
  }

  /** @internal */
  protected readKey(reader: NetworkReader, kind: number, into: { key: unknown; value: unknown }): void {
    if (kind === Operation.Clear) return;
    into.key = reader.readBits(bitsFor(this.#spec.max));
    if (kind !== Operation.Remove) into.value = this.#element.read(reader);
  }
}

/** The lists of one member. @throws TypeError, RangeError for a wrong codec or limit */
export function listClass(place: string, bit: number, element: Codec<unknown>, max: number) {
  checkCodec(place, element);
  const content = array(element, max);
  const spec = { place, bit, max, element, content: content as Codec<never>, elementBits: element.minBits };
  const held = class extends SyncList<unknown> {
    constructor(owner: HeldOwner) {
      super(spec, owner);
    }
    static assign(list: SyncList<unknown>, values: Iterable<unknown>): void {
      if (typeof values?.[Symbol.iterator] !== "function") throw invalidType(`${place} takes a list or an array`);
      list.replaceAll(values);
    }
  };
  return { content, held: held as unknown as HeldClass };
}
