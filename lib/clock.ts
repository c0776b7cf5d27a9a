/**
 * Time as every layer gets it from above: monotonic milliseconds and timers. Tests hand in a clock of their own; nothing
 * else in `lib` touches timers.
 */
export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Calls `callback` once, after `ms`; the result is for `clearTimeout`. */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>),
};

/** Milliseconds since 1970, for what expires by the calendar. Nothing is timed by it: it may jump. */
export const unixTimeMs = (): number => Date.now();
