import type { Clock } from "../../clock.js";

/** Between a failed attempt and the next one. */
const RETRY_MS = 1000;

/** When a client that was lost tries to come back: at once, and each second until its session is over. */
export class ResumeLoop {
  readonly #clock: Clock;
  readonly #attempt: () => void;
  #endMs = 0;
  #timer: unknown = null;

  constructor(clock: Clock, attempt: () => void) {
    this.#clock = clock;
    this.#attempt = attempt;
  }

  start(windowMs: number): void {
    this.#endMs = this.#clock.now() + windowMs;
    this.#wait(0);
  }

  /** The attempt has failed. @returns false: there is no time for another one */
  retry(): boolean {
    if (this.#clock.now() + RETRY_MS >= this.#endMs) return false;
    this.#wait(RETRY_MS);
    return true;
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(ms: number): void {
    this.stop();
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      this.#attempt();
    }, ms);
  }
}
