import type { Clock } from "../clock.js";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** The clock of a replay: it moves when the replay does. What is due at once happens also while it stands still. */
export class ReplayClock implements Clock {
  readonly #base: Clock;
  #nowMs = 0;
  /** In the order in which they are due. */
  readonly #timers: Timer[] = [];
  /** Those that are due at once, with what the base has for them. */
  readonly #immediate = new Map<Timer, unknown>();

  constructor(base: Clock) {
    this.#base = base;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = { dueMs: this.#nowMs + Math.max(ms, 0), callback };
    if (ms > 0) {
      const index = this.#timers.findIndex(({ dueMs }) => dueMs > timer.dueMs);
      this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
    } else {
      const call = () => {
        this.#immediate.delete(timer);
        callback();
      };
      this.#immediate.set(timer, this.#base.setTimeout(call, 0));
    }
    return timer;
  }

  clearTimeout(timer: unknown): void {
    const index = this.#timers.indexOf(timer as Timer);
    if (index >= 0) this.#timers.splice(index, 1);
    if (this.#immediate.has(timer as Timer)) this.#base.clearTimeout(this.#immediate.get(timer as Timer));
    this.#immediate.delete(timer as Timer);
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#timers[0]; next && next.dueMs <= endMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = next.dueMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }
}
