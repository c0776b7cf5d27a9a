import { type RandomBytes, secureRandomBytes } from "../random.js";
import type { Kind, SourceKey } from "./source-key.js";

/** No entry. */
export const NONE = -1;

const GROUPS = 8;
/** The groups of an address, and the kind. */
const KEY_SIZE = GROUPS + 1;
const FIRST_CAPACITY = 64;

/** The ends of the list of all entries by their last use. */
interface Ends {
  oldest: number;
  newest: number;
}

/**
 * A table of numbers for addresses and networks, which holds at most `maxCount` entries. A new one beyond displaces the
 * entry that was used least recently. An entry is an index, which is valid until one is added or deleted.
 *
 * Everything is in typed arrays: 38 bytes for each entry, and 8 for each of its numbers. They grow by doubling.
 */
export class SourceTable {
  readonly #maxCount: number;
  readonly #fields: number;
  /** A sum of products with secret factors: nobody can choose addresses that all get the same bucket. */
  readonly #factors: Uint32Array;
  #capacity = 0;
  #count = 0;
  #keys = new Uint16Array(0);
  #values = new Float64Array(0);
  /** The first entry of each bucket, and the next one of the same bucket. The next one of a free entry is free too. */
  #buckets = new Int32Array(0);
  #next = new Int32Array(0);
  #firstFree = NONE;
  #shift = 32;
  #older = new Int32Array(0);
  #newer = new Int32Array(0);
  readonly #ends: Ends = { oldest: NONE, newest: NONE };

  /**
   * @param maxCount a power of 2, 64 to 65,536
   * @param fields how many numbers an entry has
   */
  constructor(maxCount: number, fields: number, randomBytes: RandomBytes = secureRandomBytes) {
    this.#maxCount = maxCount;
    this.#fields = fields;
    this.#factors = new Uint32Array(randomBytes(4 * (KEY_SIZE + 1)).buffer.slice(0));
    this.#grow(FIRST_CAPACITY);
  }

  get size(): number {
    return this.#count;
  }

  /** The entry of a key, which is now the last used; {@link NONE} if there is none. */
  find(key: SourceKey): number {
    const entry = this.#search(key, this.#bucketOf(key));
    if (entry !== NONE && entry !== this.#ends.newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry;
  }

  /** The entry of a key, new if there is none: then its numbers are 0. It is now the last used. */
  findOrAdd(key: SourceKey): number {
    const entry = this.find(key);
    return entry === NONE ? this.add(key) : entry;
  }

  /** A new entry for a key that has none; its numbers are 0. */
  add(key: SourceKey): number {
    if (this.#count === this.#maxCount) this.#remove(this.#ends.oldest);
    else if (this.#firstFree === NONE) this.#grow(this.#capacity * 2);
    const entry = this.#firstFree;
    this.#firstFree = this.#next[entry] as number;
    this.#keys.set(key.groups, entry * KEY_SIZE);
    this.#keys[entry * KEY_SIZE + GROUPS] = key.kind;
    this.#values.fill(0, entry * this.#fields, (entry + 1) * this.#fields);
    this.#enter(entry, this.#bucketOf(key));
    this.#link(entry);
    this.#count++;
    return entry;
  }

  delete(key: SourceKey): boolean {
    const entry = this.#search(key, this.#bucketOf(key));
    if (entry !== NONE) this.#remove(entry);
    return entry !== NONE;
  }

  value(entry: number, field: number): number {
    return this.#values[entry * this.#fields + field] as number;
  }

  setValue(entry: number, field: number, value: number): void {
    this.#values[entry * this.#fields + field] = value;
  }

  /** From the least recently used to the last used. */
  entries(): number[] {
    const list: number[] = [];
    for (let entry = this.#ends.oldest; entry !== NONE; entry = this.#newer[entry] as number) list.push(entry);
    return list;
  }

  keyOf(entry: number): SourceKey {
    const at = entry * KEY_SIZE;
    return { kind: this.#keys[at + GROUPS] as Kind, groups: Array.from(this.#keys.subarray(at, at + GROUPS)) };
  }

  /** The upper bits are those that the factors mix best. */
  #bucketOf({ groups, kind }: SourceKey): number {
    const factors = this.#factors;
    let sum = (factors[KEY_SIZE] as number) + Math.imul(factors[GROUPS] as number, kind);
    for (let at = 0; at < GROUPS; at++) sum += Math.imul(factors[at] as number, groups[at] as number);
    return (sum >>> 0) >>> this.#shift;
  }

  #search({ groups, kind }: SourceKey, bucket: number): number {
    const keys = this.#keys;
    let entry = this.#buckets[bucket] as number;
    for (; entry !== NONE; entry = this.#next[entry] as number) {
      const first = entry * KEY_SIZE;
      if (keys[first + GROUPS] !== kind) continue;
      // Addresses differ at their end.
      let at = GROUPS - 1;
      while (at >= 0 && keys[first + at] === groups[at]) at--;
      if (at < 0) return entry;
    }
    return NONE;
  }

  #enter(entry: number, bucket: number): void {
    this.#next[entry] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = entry;
  }

  #remove(entry: number): void {
    const bucket = this.#bucketOf(this.keyOf(entry));
    const after = this.#next[entry] as number;
    if (this.#buckets[bucket] === entry) {
      this.#buckets[bucket] = after;
    } else {
      let before = this.#buckets[bucket] as number;
      while (this.#next[before] !== entry) before = this.#next[before] as number;
      this.#next[before] = after;
    }
    this.#unlink(entry);
    this.#next[entry] = this.#firstFree;
    this.#firstFree = entry;
    this.#count--;
  }

  #link(entry: number): void {
    const ends = this.#ends;
    this.#older[entry] = ends.newest;
    this.#newer[entry] = NONE;
    if (ends.newest === NONE) ends.oldest = entry;
    else this.#newer[ends.newest] = entry;
    ends.newest = entry;
  }

  #unlink(entry: number): void {
    const older = this.#older[entry] as number;
    const newer = this.#newer[entry] as number;
    if (older === NONE) this.#ends.oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#ends.newest = older;
    else this.#older[newer] = older;
  }

  #grow(capacity: number): void {
    const before = this.#capacity;
    this.#capacity = capacity;
    this.#keys = grown(this.#keys, new Uint16Array(capacity * KEY_SIZE));
    this.#values = grown(this.#values, new Float64Array(capacity * this.#fields));
    this.#older = grown(this.#older, new Int32Array(capacity));
    this.#newer = grown(this.#newer, new Int32Array(capacity));
    this.#next = new Int32Array(capacity);
    this.#buckets = new Int32Array(capacity).fill(NONE);
    this.#shift = 32 - Math.log2(capacity);
    for (let entry = 0; entry < before; entry++) this.#enter(entry, this.#bucketOf(this.keyOf(entry)));
    for (let entry = capacity - 1; entry >= before; entry--) {
      this.#next[entry] = this.#firstFree;
      this.#firstFree = entry;
    }
  }
}

function grown<Numbers extends { set(from: Numbers): void }>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
