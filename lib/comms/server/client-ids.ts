import type { Clock } from "../../clock.js";

const IDS = 65_536;
const REST_MS = 60_000;

/** Ids of clients: an id rests for a minute before another client gets it, while there are others. */
export class ClientIds {
  readonly #clock: Clock;
  readonly #used = new Set<number>();
  /** In the order in which they came back. */
  readonly #resting: { id: number; untilMs: number }[] = [];
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns null when there is none */
  take(): number | null {
    const now = this.#clock.now();
    while (this.#resting[0] && this.#resting[0].untilMs <= now) this.#used.delete(this.#resting.shift()?.id as number);
    // So that whoever comes and goes all the time keeps nobody out.
    if (this.#used.size >= IDS && this.#resting[0]) this.#used.delete(this.#resting.shift()?.id as number);
    if (this.#used.size >= IDS) return null;
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % IDS;
    const id = this.#next;
    this.#used.add(id);
    this.#next = (id + 1) % IDS;
    return id;
  }

  release(id: number): void {
    this.#resting.push({ id, untilMs: this.#clock.now() + REST_MS });
  }
}
