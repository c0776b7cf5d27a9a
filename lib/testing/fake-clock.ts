import type { Clock } from "../clock.js";

interface Timer {
  dueMs: number;
  callback: () => void;
}

/** A clock that moves only when a test moves it. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #timers: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer = { dueMs: this.#nowMs + Math.max(ms, 0), callback };
    // Behind timers with the same time: they fire in the order in which they were set.
    const index = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    const index = this.#timers.indexOf(timer as Timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /** When the next timer is due; `Infinity` if none is set. */
  get nextTimerMs(): number {
    return this.#timers[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Moves time on without firing timers, as if the process had been suspended. They fire with the next `advance`. */
  suspend(ms: number): void {
    this.#nowMs += ms;
  }

  /** Moves time on by `ms` and fires the timers that are due by then, each at its own time. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    while (this.nextTimerMs <= end) {
      const timer = this.#timers.shift() as Timer;
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.callback();
    }
    this.#nowMs = Math.max(this.#nowMs, end); // A callback may have suspended the process.
  }
}
