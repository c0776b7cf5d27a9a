import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
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
