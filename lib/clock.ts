/**
 * Monotonic time and timers. Every layer gets its clock from the layer above, so that tests can pass one of their own.
 * Nothing else in `lib` uses timers.
 */
export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /**
   * Calls `callback` once after `ms` milliseconds; with 0, behind everything that has arrived already.
   * @returns the argument for `clearTimeout`
   */
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** A timer for the next turn of the event loop in Node, where `setTimeout` takes at least a millisecond. */
class TurnTimer {
  constructor(readonly immediate: NodeJS.Immediate) {}
}

const HAS_TURNS = typeof globalThis.setImmediate === "function";

/** The clock of the platform. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) =>
    ms === 0 && HAS_TURNS ? new TurnTimer(globalThis.setImmediate(callback)) : globalThis.setTimeout(callback, ms),
  clearTimeout: (timer) => {
    if (timer instanceof TurnTimer) globalThis.clearImmediate(timer.immediate);
    else globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>);
  },
};

/** Milliseconds since 1970, for things that expire by the calendar. It may jump, so nothing else is timed by it. */
export const unixTimeMs = (): number => Date.now();
