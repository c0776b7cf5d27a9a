import { expect, test } from "vitest";
import { FakeClock } from "../../lib/testing/index.js";

test("fires timers at their time, in the order of their times and then of their setting", () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name} ${clock.now()}`);
  clock.setTimeout(note("late"), 20);
  clock.setTimeout(note("first"), 10);
  clock.setTimeout(note("second"), 10);
  clock.clearTimeout(clock.setTimeout(note("never"), 5));
  clock.setTimeout(() => clock.setTimeout(note("nested"), 5), 10);
  clock.advance(9);
  expect(fired).toEqual([]);
  clock.advance(11);
  expect(fired).toEqual(["first 10", "second 10", "nested 15", "late 20"]);
  expect([clock.now(), clock.timerCount, clock.nextTimerMs]).toEqual([20, 0, Number.POSITIVE_INFINITY]);
});
