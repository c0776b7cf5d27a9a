import type { Clock } from "../../clock.js";

/** The pause between a failed attempt and the next one. */
const RETRY_MS = 1000;

/** Decides when a client whose connection was lost tries to resume: at once, and each second until its session ends. */
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

  /** An attempt has failed. @returns false: the session ends before another one */
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
