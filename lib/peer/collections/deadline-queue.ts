/** Something with a deadline. */
export interface Waiting {
  /** Its place in the queue, -1 outside. Only the queue sets it. */
  queuePlace: number;
  /** The deadline that the queue sorts by, as `updateDeadline` found; `Infinity` for never. */
  deadlineMs: number;
  /** Sets `deadlineMs`; only the queue calls it. A result would be an object on the heap for each packet. */
  updateDeadline(): void;
}

const FIRST_CAPACITY = 16;

/** Items sorted by deadline: a binary heap. */
export class DeadlineQueue<T extends Waiting> {
  readonly #heap: T[] = [];
  /** The deadline of each, side by side: those of the items are all over the memory. */
  #ms = new Float64Array(FIRST_CAPACITY);
  /** Deadlines were noted, and the heap is none until it is sorted. */
  #isUnsorted = false;

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest deadline, `Infinity` when the queue is empty. */
  get nextDeadlineMs(): number {
    this.#sort();
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : (this.#ms[0] as number);
  }

  /** Adds `item`, or moves it to where its present deadline belongs. */
  update(item: T): void {
    item.updateDeadline();
    if (item.queuePlace < 0) this.#add(item);
    this.#ms[item.queuePlace] = item.deadlineMs;
    this.#sink(this.#rise(item.queuePlace));
  }

  /** As `update`, for many items in a row: the heap is sorted once, when it is asked. */
  note(item: T): void {
    item.updateDeadline();
    if (item.queuePlace < 0) this.#add(item);
    this.#ms[item.queuePlace] = item.deadlineMs;
    this.#isUnsorted = true;
  }

  remove(item: T): void {
    const place = item.queuePlace;
    if (place < 0) return;
    item.queuePlace = -1;
    const last = this.#heap.length - 1;
    if (place < last) this.#move(last, place);
    this.#heap.pop();
    if (place < last) this.#sink(this.#rise(place));
  }

  /** Takes out the item with the earliest deadline if that has come. */
  takeDue(nowMs: number): T | null {
    this.#sort();
    const first = this.#heap[0];
    if (!first || (this.#ms[0] as number) > nowMs) return null;
    this.remove(first);
    return first;
  }

  #add(item: T): void {
    const place = this.#heap.length;
    if (place === this.#ms.length) {
      const larger = new Float64Array(2 * place);
      larger.set(this.#ms);
      this.#ms = larger;
    }
    item.queuePlace = place;
    this.#heap.push(item);
  }

  #sort(): void {
    if (!this.#isUnsorted) return;
    this.#isUnsorted = false;
    for (let place = (this.#heap.length >> 1) - 1; place >= 0; place--) this.#sink(place);
  }

  /** Moves what is at one place to another. */
  #move(from: number, to: number): void {
    const item = this.#heap[from] as T;
    this.#heap[to] = item;
    this.#ms[to] = this.#ms[from] as number;
    item.queuePlace = to;
  }

  #rise(from: number): number {
    const ms = this.#ms;
    const item = this.#heap[from] as T;
    const deadlineMs = ms[from] as number;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if ((ms[above] as number) <= deadlineMs) break;
      this.#move(above, place);
      place = above;
    }
    if (place === from) return place;
    this.#heap[place] = item;
    ms[place] = deadlineMs;
    item.queuePlace = place;
    return place;
  }

  #sink(from: number): void {
    const ms = this.#ms;
    const { length } = this.#heap;
    const item = this.#heap[from] as T;
    const deadlineMs = ms[from] as number;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= length) break;
      if (below + 1 < length && (ms[below + 1] as number) < (ms[below] as number)) below++;
      if ((ms[below] as number) >= deadlineMs) break;
      this.#move(below, place);
      place = below;
    }
    if (place === from) return;
    this.#heap[place] = item;
    ms[place] = deadlineMs;
    item.queuePlace = place;
  }
}
