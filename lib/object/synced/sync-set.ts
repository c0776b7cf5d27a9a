import { checkFunction, invalidType, rangeError } from "../../arguments.js";
import { type Codec, type NetworkReader, type NetworkWriter, set } from "../../serialization/index.js";
import { checkKeyCodec, roundKey } from "./element.js";
import type { HeldClass, HeldOwner } from "./held-value.js";
import { type CollectionSpec, Operation, SyncCollection } from "./sync-collection.js";

interface SetSpec extends CollectionSpec {
  readonly element: Codec<unknown>;
}

/** What {@link SyncSet.on} listens to. */
export interface SyncSetEvents<T> {
  /** `value` was not in the set, and is now. */
  added: (value: T) => void;
  /** `value` is in the set no more. */
  removed: (value: T) => void;
}

/**
 * A set that the other side gets: what changes in it is sent, and not the whole. Declared by `syncSet`.
 * Elements are kept as their codec writes them. What changes it throws as in `SyncList`.
 */
export class SyncSet<T> extends SyncCollection implements Iterable<T> {
  readonly #element: Codec<T>;
  readonly #spec: SetSpec;
  #values = new Set<T>();

  /** @internal */
  constructor(spec: SetSpec, owner: HeldOwner | null) {
    super(spec, owner);
    this.#spec = spec;
    this.#element = spec.element as Codec<T>;
  }

  /** How many values there are. */
  get size(): number {
    return this.#values.size;
  }

  /** Whether `value` is in the set. */
  has(value: T): boolean {
    return this.#values.has(value);
  }

  /** Adds a value, unless it is there already. @returns this set */
  add(value: T): this {
    const key = roundKey(this.#element, value);
    const isNew = !this.#values.has(key);
    this.check(this.#values.size + (isNew ? 1 : 0));
    if (isNew) this.perform(Operation.Set, key);
    return this;
  }

  /** Removes a value. @returns whether it was there */
  delete(value: T): boolean {
    this.check(0);
    const isThere = this.#values.has(value);
    if (isThere) this.perform(Operation.Remove, value);
    return isThere;
  }

  /** Removes all values. Throws as every change does. */
  clear(): void {
    this.check(0);
    if (this.#values.size > 0) this.perform(Operation.Clear);
  }

  /** Puts these values in the place of all. */
  replaceAll(values: Iterable<T>): void {
    const copy = new Set<T>();
    for (const value of values) copy.add(roundKey(this.#element, value));
    this.check(copy.size);
    if (!this.#spec.content.equals(copy as never, this.#values as never)) this.performReplace(copy);
  }

  /** Calls `callback` with each value, in the order of `values`. */
  forEach(callback: (value: T) => void): void {
    for (const value of this.#values) callback(value);
  }

  /** As `values`. */
  keys(): IterableIterator<T> {
    return this.#values.keys();
  }

  /** All values, in the order in which they were added. */
  values(): IterableIterator<T> {
    return this.#values.values();
  }

  /** Each value twice, as a pair, as those of a `Set`. */
  entries(): IterableIterator<[T, T]> {
    return this.#values.entries();
  }

  /** As `values`. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#values.values();
  }

  /** The values as an array, which `JSON.stringify` writes. */
  toJSON(): T[] {
    return [...this.#values];
  }

  /**
   * Listens to what differs after a batch of changes.
   *
   * @returns a function that ends it
   * @throws TypeError, RangeError for a wrong argument
   */
  on<K extends keyof SyncSetEvents<T>>(event: K, listener: SyncSetEvents<T>[K]): () => void {
    checkFunction("listener", listener);
    if (event !== "added" && event !== "removed") throw rangeError("event", '"added" or "removed"');
    return this.listen((now, before) => {
      const [from, to] = event === "added" ? [now.#values, before.#values] : [before.#values, now.#values];
      for (const value of from) if (!to.has(value)) listener(value);
    });
  }

  /** @internal */
  protected count(): number {
    return this.#values.size;
  }

  /** @internal */
  protected raw(): unknown {
    return this.#values;
  }

  /** @internal */
  protected copyRaw(): unknown {
    return new Set(this.#values);
  }

  /** @internal */
  protected detach(): SyncSet<T> {
    return new SyncSet<T>(this.#spec, null);
  }

  /** @internal */
  protected replaceRaw(content: unknown): void {
    this.#values = content as Set<T>;
  }

  /** @internal */
  protected apply(kind: number, key: unknown): boolean {
    if (kind === Operation.Clear) this.#values.clear();
    else if (kind === Operation.Remove) this.#values.delete(key as T);
    else this.#values.add(key as T);
    return kind !== Operation.Insert;
  }

  /** @internal */
  protected writeKey(writer: NetworkWriter, kind: number, key: unknown): void {
    if (kind !== Operation.Clear) this.#element.write(writer, key as T);
  }

  /** @internal */
  protected readKey(reader: NetworkReader, kind: number, into: { key: unknown }): void {
    if (kind !== Operation.Clear) into.key = this.#element.read(reader);
  }
}

/** The sets of one member. @throws TypeError, RangeError for a wrong codec or limit */
export function setClass(place: string, bit: number, element: Codec<unknown>, max: number) {
  checkKeyCodec(place, element);
  const content = set(element, max);
  const spec = { place, bit, max, element, content: content as Codec<never>, elementBits: element.minBits };
  const held = class extends SyncSet<unknown> {
    constructor(owner: HeldOwner) {
      super(spec, owner);
    }
    static assign(target: SyncSet<unknown>, values: Iterable<unknown>): void {
      if (typeof values?.[Symbol.iterator] !== "function") throw invalidType(`${place} takes a set or an array`);
      target.replaceAll(values);
    }
  };
  return { content, held: held as unknown as HeldClass };
}
