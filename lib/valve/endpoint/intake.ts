/** A queue of items for the listeners of an event, `for await` loops, or calls of `take`, whichever there is. */
export class Intake<Item> {
  readonly #waiting: Item[] = [];
  readonly #takers: ((result: IteratorResult<Item, undefined>) => void)[] = [];
  readonly #emit: (item: Item) => void;
  readonly #hasListeners: () => boolean;
  readonly #onCount: (waiting: number) => void;
  #hasEnded = false;

  /**
   * @param emit hands an item to the listeners of the event
   * @param onCount called when the number of items that wait has changed
   */
  constructor(emit: (item: Item) => void, hasListeners: () => boolean, onCount: (waiting: number) => void = () => {}) {
    this.#emit = emit;
    this.#hasListeners = hasListeners;
    this.#onCount = onCount;
  }

  /** Whether a loop waits for the next item. */
  get isAwaited(): boolean {
    return this.#takers.length > 0;
  }

  push(item: Item): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker({ value: item, done: false });
    } else if (this.#waiting.length === 0 && this.#hasListeners()) {
      this.#emit(item);
    } else {
      this.#waiting.push(item);
      this.#onCount(this.#waiting.length);
    }
  }

  take(): Item | undefined {
    const item = this.#waiting.shift();
    if (item !== undefined) this.#onCount(this.#waiting.length);
    return item;
  }

  /** Hands what waits to the listeners. */
  flush(): void {
    while (this.#hasListeners()) {
      const item = this.take();
      if (item === undefined) break;
      this.#emit(item);
    }
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const value = this.take();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.#hasEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Leaving its loop ends nothing. */
  iterate(): AsyncIterator<Item> {
    return { next: () => this.next(), return: () => Promise.resolve({ value: undefined, done: true }) };
  }

  /** Nothing more comes. What waits can still be taken. */
  end(): void {
    this.#hasEnded = true;
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true });
  }
}
