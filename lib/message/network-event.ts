export type Listener<A extends unknown[]> = (...args: A) => void | Promise<void>;

/** Where an event's listeners are kept. What one of them throws is reported, and the others hear of the event all the same. */
export class NetworkEvent<A extends unknown[] = []> {
  /** Replaced, never changed: who is being told hears of the end of a listener at the next event. */
  #listeners: readonly Listener<A>[] = [];
  readonly #report: (error: unknown) => void;

  /** @internal */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Adds a listener; the same one twice is called twice. @returns what takes it away again */
  add(listener: Listener<A>): () => void {
    if (typeof listener !== "function") throw new TypeError("A listener is a function");
    this.#listeners = [...this.#listeners, listener];
    return () => this.remove(listener);
  }

  /** Takes a listener away, once. @returns whether there was one */
  remove(listener: Listener<A>): boolean {
    const index = this.#listeners.indexOf(listener);
    if (index < 0) return false;
    this.#listeners = this.#listeners.toSpliced(index, 1);
    return true;
  }

  /** @internal Tells all listeners, in the order in which they were added. */
  emit(...args: A): void {
    for (const listener of this.#listeners) this.call(listener, args);
  }

  protected call(listener: Listener<A>, args: A): void {
    try {
      const result = listener(...args);
      if (result instanceof Promise) result.catch(this.#report);
    } catch (error) {
      this.#report(error);
    }
  }
}

/** An event that has a state: whoever listens after it has happened hears of it at once (Mirage's late event). */
export class LateEvent<A extends unknown[] = []> extends NetworkEvent<A> {
  #last: A | null = null;

  override add(listener: Listener<A>): () => void {
    const remove = super.add(listener);
    if (this.#last) this.call(listener, this.#last);
    return remove;
  }

  override emit(...args: A): void {
    this.#last = args;
    super.emit(...args);
  }

  /** @internal It has not happened any more. */
  reset(): void {
    this.#last = null;
  }
}
