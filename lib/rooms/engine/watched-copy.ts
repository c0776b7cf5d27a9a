import { reportUncaught } from "../../report-uncaught.js";
import type { Change, Entry, Watch } from "./engine.js";

/** The copy of a bucket behind a `Watch`. Whoever follows the bucket tells it what happens. */
export class WatchedCopy implements Watch {
  #entries = new Map<string, Entry>();
  #isCurrent = false;
  readonly #on: (change: Change) => void;
  readonly #onClose: () => void;

  constructor(on: (change: Change) => void, onClose: () => void) {
    this.#on = on;
    this.#onClose = onClose;
  }

  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** The copy cannot be trusted until the next `rebuild`. */
  lose(): void {
    this.#isCurrent = false;
  }

  apply(change: Change): void {
    if (change.entry) this.#entries.set(change.key, change.entry);
    else if (!this.#entries.delete(change.key)) return;
    try {
      this.#on(change);
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** The copy becomes the same as `entries`, which is all that the bucket has. */
  rebuild(entries: ReadonlyMap<string, Entry>): void {
    for (const key of [...this.#entries.keys()]) if (!entries.has(key)) this.apply({ key, entry: null });
    for (const [key, entry] of entries) {
      if (this.#entries.get(key)?.revision !== entry.revision) this.apply({ key, entry });
    }
    this.#isCurrent = true;
  }

  close(): void {
    this.#isCurrent = false;
    this.#onClose();
  }
}
