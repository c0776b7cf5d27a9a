import { invalidType } from "./arguments.js";
import { follow } from "./follow.js";

/** Called when an event happens. What it returns is ignored, but the rejection of a promise is reported. */
export type EventListener<Args extends unknown[]> = (...args: Args) => unknown;

/**
 * The listeners of an object's events. What a listener throws is reported, and the others are called all the same.
 *
 * `Events` maps the name of each event to its arguments: `{ message: [data: Uint8Array]; close: [] }`.
 */
export class EventHub<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, readonly EventListener<never>[]>();
  readonly #late: readonly (keyof Events)[];
  /** The arguments of late events that have happened. */
  readonly #happened = new Map<keyof Events, unknown[]>();
  readonly #report: (error: unknown, name: keyof Events) => void;

  /**
   * @param names all events
   * @param late those that are a state: a listener that is added after the event is called at once (Mirage's late
   *   event)
   * @param report gets what listeners throw, and the name of the event
   */
  constructor(
    names: readonly (keyof Events)[],
    report: (error: unknown, name: keyof Events) => void,
    late: readonly (keyof Events)[] = [],
  ) {
    for (const name of names) this.#listeners.set(name, []);
    this.#report = report;
    this.#late = late;
  }

  /**
   * Adds a listener; the same one twice is called twice.
   *
   * @returns removes it again
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof Events>(name: Name, listener: EventListener<Events[Name]>): () => void {
    if (typeof listener !== "function") throw invalidType("A listener is a function");
    const others = this.#listenersOf(name);
    const entry: EventListener<Events[Name]> = (...args) => listener(...args);
    this.#listeners.set(name, [...others, entry]);
    const happened = this.#happened.get(name);
    if (happened) this.#call(name, entry, happened as Events[Name]);
    return () => {
      // The list is replaced and never changed: an event that is being emitted goes on with the list that it began
      // with.
      const listeners = this.#listenersOf(name);
      this.#listeners.set(
        name,
        listeners.filter((other) => other !== entry),
      );
    };
  }

  listenerCount(name: keyof Events): number {
    return this.#listenersOf(name).length;
  }

  /** Calls all listeners, in the order in which they were added. */
  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    if (this.#late.includes(name)) this.#happened.set(name, args);
    for (const listener of this.#listenersOf(name)) this.#call(name, listener, args);
  }

  /** A late event no longer holds. */
  reset(name: keyof Events): void {
    this.#happened.delete(name);
  }

  /** What the error says of a name that is no event. */
  protected unknownEvent(name: unknown): string {
    const which = typeof name === "string" ? `event ${name}` : "such event";
    return `There is no ${which}; there are ${[...this.#listeners.keys()].join(", ")}`;
  }

  #listenersOf<Name extends keyof Events>(name: Name): readonly EventListener<Events[Name]>[] {
    const listeners = this.#listeners.get(name) as readonly EventListener<Events[Name]>[] | undefined;
    if (!listeners) throw invalidType(this.unknownEvent(name));
    return listeners;
  }

  #call<Args extends unknown[]>(name: keyof Events, listener: EventListener<Args>, args: Args): void {
    try {
      follow(listener(...args), (error) => this.#report(error, name));
    } catch (error) {
      this.#report(error, name);
    }
  }
}
