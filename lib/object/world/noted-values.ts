import type { MemberValues } from "../behaviour/member-values.js";

/** So many rounds of listeners whose changes call listeners. */
const MAX_ROUNDS = 8;

/** The values whose listeners are to be called. */
export class NotedValues {
  #noted: MemberValues[] = [];

  get isEmpty(): boolean {
    return this.#noted.length === 0;
  }

  add(values: MemberValues): void {
    this.#noted.push(values);
  }

  clear(): void {
    this.#noted = [];
  }

  /** Calls the listeners, and those of what they set. What one throws is reported. */
  deliver(report: (error: unknown) => void): void {
    for (let round = 0; round < MAX_ROUNDS && this.#noted.length > 0; round++) {
      const noted = this.#noted;
      this.#noted = [];
      for (const values of noted) values.deliver(report);
    }
  }
}
