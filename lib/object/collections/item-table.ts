import { grownInts } from "./int-array.js";

const FIRST_ITEMS = 16;

/** A set of small integers: they lie behind each other in `items`, and a hash table finds the place of each. */
export class ItemTable {
  /** How many items there are: at the places from 0 on. */
  count = 0;
  items = new Int32Array(FIRST_ITEMS);
  /** Open addressing with linear probing: the place of an item + 1, 0 for none. */
  #table = new Int32Array(2 * FIRST_ITEMS);
  #shift = 32 - Math.log2(FIRST_ITEMS / 8);

  /** The place of `item`, -1 without it. */
  find(item: number): number {
    // Most are found where the search starts.
    const place = (this.#table[this.#home(item)] as number) - 1;
    if (place < 0 || this.items[place] === item) return place;
    return (this.#table[this.#slotOf(item)] as number) - 1;
  }

  /** Adds `item`, which is not there yet, at the place `count`. */
  add(item: number): void {
    if (this.count === this.items.length) this.#grow();
    this.#table[this.#slotOf(item)] = this.count + 1;
    this.items[this.count++] = item;
  }

  /** Removes the item at `place`. The last one moves there. */
  removeAt(place: number): void {
    this.#unlink(this.items[place] as number);
    const last = --this.count;
    if (place === last) return;
    const moved = this.items[last] as number;
    this.#table[this.#slotOf(moved)] = place + 1;
    this.items[place] = moved;
  }

  clear(): void {
    if (this.count === 0) return;
    this.#table.fill(0);
    this.count = 0;
  }

  /** The slot of `item`, or the empty one where it would be. */
  #slotOf(item: number): number {
    const table = this.#table;
    const last = table.length - 1;
    let slot = this.#home(item);
    for (;;) {
      const entry = table[slot] as number;
      if (entry === 0 || this.items[entry - 1] === item) return slot;
      slot = (slot + 1) & last;
    }
  }

  /** Where the search for `item` starts. 16 neighbours share a line of the processor's cache. */
  #home(item: number): number {
    return ((Math.imul(item >>> 4, 0x9e3779b1) >>> this.#shift) << 4) | (item & 15);
  }

  /** Empties the slot of `item`, and closes the gap for the entries behind it. */
  #unlink(item: number): void {
    const table = this.#table;
    const last = table.length - 1;
    let gap = this.#slotOf(item);
    for (let slot = (gap + 1) & last; table[slot] !== 0; slot = (slot + 1) & last) {
      const entry = table[slot] as number;
      const home = this.#home(this.items[entry - 1] as number);
      if (((slot - home) & last) < ((slot - gap) & last)) continue;
      table[gap] = entry;
      gap = slot;
    }
    table[gap] = 0;
  }

  #grow(): void {
    this.items = grownInts(this.items, 2 * this.items.length);
    this.#table = new Int32Array(2 * this.items.length);
    this.#shift = 32 - Math.log2(this.#table.length / 16);
    for (let place = 0; place < this.count; place++) {
      this.#table[this.#slotOf(this.items[place] as number)] = place + 1;
    }
  }
}
