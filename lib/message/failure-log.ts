import { errorText } from "../error-text.js";
import { FailureCounts, isRoundCount } from "../failure-counts.js";
import { printable } from "../printable.js";
import type { Logger } from "./logger.js";

/** Tells of each failure of the application's code once in full, and then only how often it happens. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #counts = new FailureCounts();
  /** Those of too many kinds, which count as one. */
  #others = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param place what failed, as in `the handler of chat` */
  add(place: string, error: unknown): void {
    let kind = `${place} failed: ${printable(errorText(error))}`;
    let count = this.#counts.add(kind);
    if (count === null) {
      kind = "other code of the application failed";
      count = ++this.#others;
    }
    if (count === 1) this.#logger.warn(`valve-sockets: ${place} failed`, error);
    else if (isRoundCount(count)) this.#logger.warn(`valve-sockets: ${count} times: ${kind}`);
  }
}

/** Tells what the other side does wrong once each, and then only how often. */
export class ComplaintLog {
  readonly #logger: Logger;
  #counts = new FailureCounts();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(whatItDid: string): void {
    const text = printable(whatItDid);
    const count = this.#counts.add(text);
    if (count === 1) this.#logger.warn(`valve-sockets: ${text}`);
    else if (count !== null && isRoundCount(count)) this.#logger.warn(`valve-sockets: ${count} times: ${text}`);
  }

  /** Another connection begins. */
  forget(): void {
    this.#counts = new FailureCounts();
  }
}

/** Where a server or client tells what fails. The rooms of a host share one with it, which tells of each once. */
export class Logs {
  readonly failures: FailureLog;
  readonly complaints: ComplaintLog;

  constructor(logger: Logger) {
    this.failures = new FailureLog(logger);
    this.complaints = new ComplaintLog(logger);
  }
}
