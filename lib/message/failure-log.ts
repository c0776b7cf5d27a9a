import type { Logger } from "./logger.js";

/** Different failures that are told apart; all others count as one. */
const MAX_KINDS = 100;

/** Tells of each failure of the application's code once in full, and then only how often it happens. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** How many there were. */
  get total(): number {
    return this.#total;
  }

  /** @param place what failed, as in `the handler of chat` */
  add(place: string, error: unknown): void {
    this.#total++;
    let kind = `${place} threw: ${String((error as Error)?.message ?? error)}`;
    if (!this.#counts.has(kind) && this.#counts.size >= MAX_KINDS) kind = "other code of the application threw";
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count === 1) this.#logger.warn(`valve-sockets: ${place} threw`, error);
    // At 10, 100, 1000 and so on.
    else if (Number.isInteger(Math.log10(count))) this.#logger.warn(`valve-sockets: ${count} times: ${kind}`);
  }
}
