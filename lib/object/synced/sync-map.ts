import { checkFunction, invalidType, rangeError } from "../../arguments.js";
import { type Codec, map, type NetworkReader, type NetworkWriter } from "../../serialization/index.js";
import { checkCodec, checkKeyCodec, prepareElement, roundKey } from "./element.js";
import type { HeldClass, HeldOwner } from "./held-value.js";
import { type CollectionSpec, Operation, SyncCollection } from "./sync-collection.js";

interface MapSpec extends CollectionSpec {
  readonly key: Codec<unknown>;
  readonly value: Codec<unknown>;
}

/** What {@link SyncMap.on} listens to. */
export interface SyncMapEvents<K, V> {
  /** There is a value for a key that had none. */
  added: (key: K, value: V) => void;
  /** A key and its `value` have gone. */
  removed: (key: K, value: V) => void;
  /** The value of a key is another one. */
  replaced: (key: K, now: V, before: V) => void;
}

/**
 * A map that the other side gets: what changes in it is sent, and not the whole. Declared by `syncMap`.
 * Keys are kept as their codec writes them. What changes it throws as in `SyncList`.
 */
export class SyncMap<K, V> extends SyncCollection implements Iterable<[K, V]> {
  readonly #key: Codec<K>;
  readonly #value: Codec<V>;
  readonly #spec: MapSpec;
  #entries = new Map<K, V>();

  /** @internal */
  constructor(spec: MapSpec, owner: HeldOwner | null) {
    super(spec, owner);
    this.#spec = spec;
    this.#key = spec.key as Codec<K>;
    this.#value = spec.value as Codec<V>;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`; `undefined` where there is none. */
  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Whether there is a value for `key`. */
  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Sets the value of `key`, in place of the one before. @returns this map */
  set(key: K, value: V): this {
    const rounded = roundKey(this.#key, key);
    const isNew = !this.#entries.has(rounded);
    this.check(this.#entries.size + (isNew ? 1 : 0));
    if (!isNew && Object.is(this.#entries.get(rounded), value)) return this;
    prepareElement(this.#value as Codec<unknown>, value);
    this.perform(Operation.Set, rounded, value);
    return this;
  }

  /** Removes the entry of `key`. @returns whether it was there */
  delete(key: K): boolean {
    this.check(0);
    const isThere = this.#entries.has(key);
    if (isThere) this.perform(Operation.Remove, key);
    return isThere;
  }

  /** Removes all entries. Throws as every change does. */
  clear(): void {
    this.check(0);
    if (this.#entries.size > 0) this.perform(Operation.Clear);
  }

  /** Puts these entries in the place of all. */
  replaceAll(entries: Iterable<readonly [K, V]>): void {
    const copy = new Map<K, V>();
    for (const [key, value] of entries) {
      prepareElement(this.#value as Codec<unknown>, value);
      copy.set(roundKey(this.#key, key), value);
    }
    this.check(copy.size);
    if (!this.#spec.content.equals(copy as never, this.#entries as never)) this.performReplace(copy);
  }

  /** Calls `callback` with each value and its key, in the order of `entries`. */
  forEach(callback: (value: V, key: K) => void): void {
    for (const [key, value] of this.#entries) callback(value, key);
  }

  /** All keys, in the order in which they were added. */
  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }

  /** All values, in the order of `keys`. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  /** Pairs of key and value, in the order of `keys`. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  /** As `entries`. */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  /** The entries as an array of pairs, which `JSON.stringify` writes. */
  toJSON(): [K, V][] {
    return [...this.#entries];
  }

  /**
   * Listens to what differs after a batch of changes.
   *
   * @returns a function that ends it
   * @throws TypeError, RangeError for a wrong argument
   */
  on<E extends keyof SyncMapEvents<K, V>>(event: E, listener: SyncMapEvents<K, V>[E]): () => void {
    checkFunction("listener", listener);
    if (event !== "added" && event !== "removed" && event !== "replaced") {
      throw rangeError("event", '"added", "removed" or "replaced"');
    }
    return this.listen((now, before) => now.#tell(before, { [event]: listener }));
  }

  #tell(before: SyncMap<K, V>, { added, removed, replaced }: Partial<SyncMapEvents<K, V>>): void {
    const old = before.#entries;
    for (const [key, value] of old) if (removed && !this.#entries.has(key)) removed(key, value);
    for (const [key, value] of this.#entries) {
      if (!old.has(key)) added?.(key, value);
      else if (replaced && !this.#value.equals(value, old.get(key) as V)) replaced(key, value, old.get(key) as V);
    }
  }

  /** @internal */
  protected count(): number {
    return this.#entries.size;
  }

  /** @internal */
  protected raw(): unknown {
    return this.#entries;
  }

  /** @internal */
  protected copyRaw(): unknown {
    return new Map(this.#entries);
  }

  /** @internal */
  protected detach(): SyncMap<K, V> {
    return new SyncMap<K, V>(this.#spec, null);
  }

  /** @internal */
  protected replaceRaw(content: unknown): void {
    this.#entries = content as Map<K, V>;
  }

  /** @internal */
  protected apply(kind: number, key: unknown, value: unknown): boolean {
    if (kind === Operation.Clear) this.#entries.clear();
    else if (kind === Operation.Remove) this.#entries.delete(key as K);
    else this.#entries.set(key as K, value as V);
    return kind !== Operation.Insert;
  }

  /** @internal */
  protected writeKey(writer: NetworkWriter, kind: number, key: unknown, value: unknown): void {
    if (kind === Operation.Clear) return;
    this.#key.write(writer, key as K);
    if (kind !== Operation.Remove) this.#value.write(writer, value as V);
  }

  /** @internal */
  protected readKey(reader: NetworkReader, kind: number, into: { key: unknown; value: unknown }): void {
    if (kind === Operation.Clear) return;
    into.key = this.#key.read(reader);
    if (kind !== Operation.Remove) into.value = this.#value.read(reader);
  }
}

/** The maps of one member. @throws TypeError, RangeError for a wrong codec or limit */
export function mapClass(place: string, bit: number, key: Codec<unknown>, value: Codec<unknown>, max: number) {
  checkKeyCodec(place, key);
  checkCodec(place, value);
  const content = map(key, value, max);
  const elementBits = key.minBits + value.minBits;
  const spec = { place, bit, max, key, value, content: content as Codec<never>, elementBits };
  const held = class extends SyncMap<unknown, unknown> {
    constructor(owner: HeldOwner) {
      super(spec, owner);
    }
    static assign(target: SyncMap<unknown, unknown>, entries: Iterable<readonly [unknown, unknown]>): void {
      if (typeof entries?.[Symbol.iterator] !== "function") throw invalidType(`${place} takes a map or entries`);
      target.replaceAll(entries);
    }
  };
  return { content, held: held as unknown as HeldClass };
}
