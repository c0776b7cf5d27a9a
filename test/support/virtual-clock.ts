import type { Clock } from "../../lib/clock.js";

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  callback: (() => void) | null;
}

const isBefore = (one: Timer, other: Timer) =>
  one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);

/** A clock that moves only when it is moved, for many timers: setting one costs the logarithm of their number. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(ms, 0), order: this.#order++, callback };
    if (ms === Number.POSITIVE_INFINITY) return timer;
    let at = this.#heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(this.#heap[parent] as Timer, timer)) break;
      this.#heap[at] = this.#heap[parent] as Timer;
      at = parent;
    }
    this.#heap[at] = timer;
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer) (timer as Timer).callback = null;
  }

  /** Moves time on, and fires each timer that is due at its own time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#heap[0]; next && next.dueMs <= endMs; next = this.#heap[0]) {
      this.#shift();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback?.();
    }
    this.#nowMs = endMs;
  }

  #shift(): void {
    const heap = this.#heap;
    const last = heap.pop() as Timer;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (isBefore(last, heap[child] as Timer)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = last;
  }
}
