/** Something that has to be woken. */
export interface Waiting {
  /** When, `Infinity` for never. */
  readonly nextDeadlineMs: number;
  /** Its place in the queue, -1 outside; the queue's own. */
  queuePlace: number;
  /** The deadline by which it is sorted; the queue's own. */
  queuedForMs: number;
}

/** Finds who has the earliest deadline, in the logarithm of their number (a binary heap). */
export class DeadlineQueue<T extends Waiting> {
  readonly #heap: T[] = [];

  /** The earliest deadline, `Infinity` when nobody waits. */
  get nextDeadlineMs(): number {
    return this.#heap[0]?.queuedForMs ?? Number.POSITIVE_INFINITY;
  }

  /** Reads the deadline of `item` anew. */
  update(item: T): void {
    item.queuedForMs = item.nextDeadlineMs;
    if (item.queuePlace < 0) {
      item.queuePlace = this.#heap.length;
      this.#heap.push(item);
    }
    this.#sink(this.#rise(item.queuePlace));
  }

  remove(item: T): void {
    const place = item.queuePlace;
    if (place < 0) return;
    item.queuePlace = -1;
    const last = this.#heap.pop() as T;
    if (last === item) return;
    this.#put(last, place);
    this.#sink(this.#rise(place));
  }

  /** Takes out the one with the earliest deadline if that is over. */
  takeDue(nowMs: number): T | null {
    const first = this.#heap[0];
    if (!first || first.queuedForMs > nowMs) return null;
    this.remove(first);
    return first;
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.queuePlace = place;
  }

  #rise(from: number): number {
    let place = from;
    const item = this.#heap[place] as T;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above] as T;
      if (parent.queuedForMs <= item.queuedForMs) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
    return place;
  }

  #sink(from: number): void {
    let place = from;
    const item = this.#heap[place] as T;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#heap.length) break;
      const [left, right] = [this.#heap[below] as T, this.#heap[below + 1]];
      if (right && right.queuedForMs < left.queuedForMs) below++;
      const child = this.#heap[below] as T;
      if (child.queuedForMs >= item.queuedForMs) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }
}
