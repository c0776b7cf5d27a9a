import { requireInteger } from "./errors.js";

/** Keeps released writers or readers for their next use; beyond `limit` they are left to the garbage collector. */
export class Pool<T extends { reset(): void }> {
  readonly #create: () => T;
  readonly #limit: number;
  readonly #free: T[] = [];

  constructor(create: () => T, limit = 100) {
    requireInteger("limit", limit, 0, 1e6);
    this.#create = create;
    this.#limit = limit;
  }

  /** How many wait for their next use. */
  get size(): number {
    return this.#free.length;
  }

  take(): T {
    return this.#free.pop() ?? this.#create();
  }

  /** Gives one back, emptied. */
  release(item: T): void {
    if (this.#free.includes(item)) throw new Error("It is in the pool already");
    item.reset();
    if (this.#free.length < this.#limit) this.#free.push(item);
  }
}
