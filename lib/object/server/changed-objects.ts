import type { ServerObject } from "./server-object.js";

/** The objects that have changed since they were sent. */
export class ChangedObjects {
  /** They come first, and undefined behind them. */
  list: (ServerObject | undefined)[] = [];
  count = 0;
  #spare: (ServerObject | undefined)[] = [];

  add(object: ServerObject): void {
    this.list[this.count++] = object;
  }

  /** Begins an empty list for those that change from now on. @returns the one before, until the next call */
  take(): (ServerObject | undefined)[] {
    const taken = this.list;
    this.list = this.#spare;
    this.count = 0;
    this.#spare = taken;
    return taken;
  }

  clear(): void {
    this.list = [];
    this.count = 0;
  }
}
