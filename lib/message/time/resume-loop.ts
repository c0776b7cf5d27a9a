import type { Clock } from "../../clock.js";

/** The pause between a failed attempt and the next one. */
const RETRY_MS = 1000;

/** What a {@link ResumeLoop} calls. */
export interface ResumeLoopOwner {
  attempt(): void;
  /** The session has ended, whatever the attempts are waiting for. */
  onExpired(windowMs: number): void;
}

/** Decides when a client whose connection was lost tries to resume: at once, and each second until its session ends. */
export class ResumeLoop {
  readonly #clock: Clock;
  readonly #owner: ResumeLoopOwner;
  #window: unknown = null;
  #next: unknown = null;

  constructor(clock: Clock, owner: ResumeLoopOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  start(windowMs: number): void {
    this.stop();
    this.#window = this.#clock.setTimeout(() => this.#owner.onExpired(windowMs), windowMs);
    this.#wait(0);
  }

  /** An attempt has failed. */
  retry(): void {
    this.#wait(RETRY_MS);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#window);
    this.#clock.clearTimeout(this.#next);
  }

  #wait(ms: number): void {
    this.#next = this.#clock.setTimeout(() => this.#owner.attempt(), ms);
  }
}
