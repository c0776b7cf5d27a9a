/** Something with a deadline. */
export interface Waiting {
  /** Its place in the queue, -1 outside. Only the queue sets it. */
  queuePlace: number;
  /** The deadline that the queue sorts by, as `updateDeadline` found; `Infinity` for never. */
  deadlineMs: number;
  /** Sets `deadlineMs`; only the queue calls it. A result would be an object on the heap for each packet. */
  updateDeadline(): void;
}

/** Items sorted by deadline: a binary heap. */
export class DeadlineQueue<T extends Waiting> {
  readonly #heap: T[] = [];

  /** The earliest deadline, `Infinity` when the queue is empty. */
  get nextDeadlineMs(): number {
    return this.#heap[0]?.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  /** Adds `item`, or moves it to where its present deadline belongs. */
  update(item: T): void {
    item.updateDeadline();
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

  /** Takes out the item with the earliest deadline if that has come. */
  takeDue(nowMs: number): T | null {
    const first = this.#heap[0];
    if (!first || first.deadlineMs > nowMs) return null;
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
      if (parent.deadlineMs <= item.deadlineMs) break;
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
      if (right && right.deadlineMs < left.deadlineMs) below++;
      const child = this.#heap[below] as T;
      if (child.deadlineMs >= item.deadlineMs) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }
}
