import type { ObjectLayout } from "../wire/object-layout.js";

/** So many objects a server may make a client take. */
export const MAX_OBJECTS = 65_536;

/** The layout of the last object of each number, also after its end: to read what comes late. */
export class ItemLayouts {
  readonly #layouts = new Map<number, ObjectLayout>();
  readonly #isThere: (item: number) => boolean;

  /** @param isThere whether there is an object of a number */
  constructor(isThere: (item: number) => boolean) {
    this.#isThere = isThere;
  }

  get(item: number): ObjectLayout | undefined {
    return this.#layouts.get(item);
  }

  /** Of too many objects that have gone the oldest ones are forgotten. */
  set(item: number, layout: ObjectLayout): void {
    const layouts = this.#layouts;
    layouts.delete(item);
    layouts.set(item, layout);
    if (layouts.size <= 2 * MAX_OBJECTS) return;
    for (const other of layouts.keys()) {
      if (!this.#isThere(other)) layouts.delete(other);
      if (layouts.size <= MAX_OBJECTS) return;
    }
  }

  clear(): void {
    this.#layouts.clear();
  }
}
