/**
 * Time as every layer gets it from above: monotonic milliseconds and timers. Tests hand in a clock of their own;
 * nothing else in `lib` touches timers.
 */
export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Calls `callback` once, after `ms`, 0: behind what has arrived already; the result is for `clearTimeout`. */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** A turn of the event loop in Node, whose timers take a millisecond at least. */
class TurnTimer {
  constructor(readonly immediate: NodeJS.Immediate) {}
}

const HAS_TURNS = typeof globalThis.setImmediate === "function";

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) =>
    ms === 0 && HAS_TURNS ? new TurnTimer(globalThis.setImmediate(callback)) : globalThis.setTimeout(callback, ms),
  clearTimeout: (timer) => {
    if (timer instanceof TurnTimer) globalThis.clearImmediate(timer.immediate);
    else globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>);
  },
};

/** Milliseconds since 1970, for what expires by the calendar. Nothing is timed by it: it may jump. */
export const unixTimeMs = (): number => Date.now();
