import { setImmediate as turn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { systemClock } from "../lib/clock.js";

test("what is due at once comes at the end of the turn, and can be called off", async () => {
  const calls: string[] = [];
  systemClock.setTimeout(() => calls.push("at once"), 0);
  systemClock.clearTimeout(systemClock.setTimeout(() => calls.push("called off"), 0));
  systemClock.clearTimeout(systemClock.setTimeout(() => calls.push("called off"), 1));
  systemClock.clearTimeout(null);
  queueMicrotask(() => calls.push("microtask"));
  await turn();
  expect(calls).toEqual(["microtask", "at once"]);
});

test("a time that is longer than a timer holds is waited for, and Infinity never comes", () => {
  vi.useFakeTimers();
  try {
    const calls: string[] = [];
    const longMs = 3 * 2 ** 31;
    systemClock.setTimeout(() => calls.push("long"), longMs);
    systemClock.setTimeout(() => calls.push("never"), Number.POSITIVE_INFINITY);
    const cleared = systemClock.setTimeout(() => calls.push("called off"), longMs);
    vi.advanceTimersByTime(longMs - 1);
    expect(calls).toEqual([]);
    systemClock.clearTimeout(cleared);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(["long"]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
