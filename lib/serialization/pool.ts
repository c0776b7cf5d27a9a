import { NetworkError } from "../network-error.js";
import { requireInteger } from "./errors.js";

/** Keeps released writers or readers for reuse. Those beyond `limit` are left to the garbage collector. */
export class Pool<T extends { reset(): void }> {
  readonly #create: () => T;
  readonly #limit: number;
  readonly #free: T[] = [];

  /** @param limit how many are kept. @defaultValue 100 */
  constructor(create: () => T, limit = 100) {
    requireInteger("limit", limit, 0, 1e6);
    this.#create = create;
    this.#limit = limit;
  }

  /** How many are in the pool. */
  get size(): number {
    return this.#free.length;
  }

  /** One that was released, or a new one if there is none. */
  take(): T {
    return this.#free.pop() ?? this.#create();
  }

  /** Resets an item and puts it back. @throws NetworkError `ERR_STATE` for one that is in the pool already */
  release(item: T): void {
    if (this.#free.includes(item)) throw new NetworkError("ERR_STATE", "The item is already in the pool");
    item.reset();
    if (this.#free.length < this.#limit) this.#free.push(item);
  }
}
