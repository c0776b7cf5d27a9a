/** Numbers from here on are kept apart: what a server says must not make a list longer than that. */
const LISTED = 65_536;

/** A map whose keys are small integers, as a rule. */
export class ItemMap<T> {
  readonly #listed: (T | undefined)[] = [];
  readonly #others = new Map<number, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(item: number): boolean {
    return this.get(item) !== undefined;
  }

  get(item: number): T | undefined {
    if (item < LISTED) return item < this.#listed.length ? this.#listed[item] : undefined;
    return this.#others.get(item);
  }

  set(item: number, value: T): void {
    if (!this.has(item)) this.#size++;
    if (item >= LISTED) this.#others.set(item, value);
    else {
      while (this.#listed.length <= item) this.#listed.push(undefined);
      this.#listed[item] = value;
    }
  }

  delete(item: number): void {
    if (this.has(item)) this.#size--;
    if (item >= LISTED) this.#others.delete(item);
    else if (item < this.#listed.length) this.#listed[item] = undefined;
  }

  clear(): void {
    this.#size = 0;
    this.#listed.length = 0;
    this.#others.clear();
  }
}
