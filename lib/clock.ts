/**
 * Monotonic time and timers. Every layer gets its clock from the layer above, so that tests can pass one of their own.
 * Nothing else in `lib` uses timers.
 */
export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /**
   * Calls `callback` once after `ms` milliseconds; with 0, behind everything that has arrived already;
   * with `Infinity`, never.
   * @returns the argument for `clearTimeout`
   */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Gives up a timer of `setTimeout`. Does nothing for one that has fired. */
  clearTimeout(timer: unknown): void;
}

/** A timer for the next turn of the event loop in Node, where `setTimeout` takes at least a millisecond. */
class TurnTimer {
  constructor(readonly immediate: NodeJS.Immediate) {}
}

/** The longest time that a timer of the platform holds. With a longer one it would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A timer of any length: one timer of the platform after another. */
class LongTimer {
  #timer: ReturnType<typeof globalThis.setTimeout> | undefined;

  constructor(callback: () => void, ms: number) {
    this.#wait(callback, ms);
  }

  clear(): void {
    globalThis.clearTimeout(this.#timer);
  }

  #wait(callback: () => void, ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) return;
    const stepMs = Math.min(ms, MAX_TIMER_MS);
    const next = ms > stepMs ? () => this.#wait(callback, ms - stepMs) : callback;
    this.#timer = globalThis.setTimeout(next, stepMs);
  }
}

const HAS_TURNS = typeof globalThis.setImmediate === "function";

/** In Node the global one is a getter: a tenth of the time that it takes to ask for the time. */
const { performance } = globalThis;

/** The clock of the platform. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => {
    if (ms === 0 && HAS_TURNS) return new TurnTimer(globalThis.setImmediate(callback));
    return ms > MAX_TIMER_MS ? new LongTimer(callback, ms) : globalThis.setTimeout(callback, ms);
  },
  clearTimeout: (timer) => {
    if (timer instanceof TurnTimer) globalThis.clearImmediate(timer.immediate);
    else if (timer instanceof LongTimer) timer.clear();
    else globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>);
  },
};

/** Resolves after `ms` milliseconds of the clock. */
export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));

/** Milliseconds since 1970, for things that expire by the calendar. It may jump, so nothing else is timed by it. */
export const unixTimeMs = (): number => Date.now();
