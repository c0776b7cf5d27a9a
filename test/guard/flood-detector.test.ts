import { expect, test } from "vitest";
import { FloodDetector } from "../../lib/guard/flood-detector.js";
import { FakeClock } from "../../lib/testing/index.js";

function setup() {
  const clock = new FakeClock();
  const events: unknown[] = [];
  const detector = new FloodDetector(
    clock,
    { perSecond: 200, factor: 5, calmMs: 30_000 },
    {
      onFlood: ({ perSecond, averagePerSecond }) =>
        events.push(["flood", clock.now(), Math.round(perSecond), Math.round(averagePerSecond)]),
      onCalm: (durationMs) => events.push(["calm", clock.now(), durationMs]),
    },
  );
  /** So many a second, 10 ms apart. */
  const run = (perSecond: number, seconds: number) => {
    for (let turn = 0; turn < seconds * 100; turn++) {
      for (let count = 0; count < perSecond / 100; count++) detector.count();
      clock.advance(10);
    }
  };
  return { clock, detector, events, run };
}

test("a flood that grows slowly is one from 2000 a second on", () => {
  const { detector, events, run } = setup();
  for (let perSecond = 100; perSecond <= 1900; perSecond += 100) run(perSecond, 60);
  expect(events).toEqual([]);
  run(2100, 2);
  expect(detector.isFlood).toBe(true);
});

test("over 200 a second is a flood, found in 0.2 s at 2000 a second, and calm 30 s after its end", () => {
  const { clock, detector, events, run } = setup();
  run(200, 10);
  expect(events).toEqual([]);
  clock.advance(120_000);
  run(2000, 8);
  expect(events).toEqual([["flood", 130_200, 201, expect.any(Number)]]);
  expect(detector.isFlood).toBe(true);
  // Players go on arriving. A second later the flood has left the count.
  run(100, 35);
  expect(events[1]).toEqual(["calm", expect.any(Number), expect.any(Number)]);
  const [, calmMs] = events[1] as [string, number];
  expect(calmMs - 138_000).toBeGreaterThanOrEqual(30_000);
  expect(calmMs - 138_000).toBeLessThanOrEqual(32_000);
  expect(detector.isFlood).toBe(false);
  expect(clock.timerCount).toBe(0);
});

test("300 at once are no flood", () => {
  const { clock, detector, events } = setup();
  for (let count = 0; count < 300; count++) detector.count();
  clock.advance(2000);
  for (let count = 0; count < 300; count++) detector.count();
  expect(events).toEqual([]);
  expect(clock.timerCount).toBe(0);
});

test("more than 200 a second are a flood only over 5 times the average", () => {
  const { events, run } = setup();
  run(100, 300);
  run(400, 20);
  expect(events).toEqual([]);
  run(2000, 1);
  expect(events).toEqual([["flood", expect.any(Number), expect.any(Number), expect.any(Number)]]);
});

test("a flood that goes on does not become the usual", () => {
  const { detector, events, run } = setup();
  run(1000, 200);
  expect(detector.isFlood).toBe(true);
  expect(events).toHaveLength(1);
  run(10, 40);
  expect(events).toHaveLength(2);
  run(1000, 1);
  expect(events[2]).toEqual(["flood", expect.any(Number), 201, expect.any(Number)]);
  const [, , , average] = events[2] as number[];
  expect(average).toBeLessThan(20);
});

test("it takes its timer back", () => {
  const { clock, detector, run } = setup();
  run(1000, 1);
  expect(clock.timerCount).toBe(1);
  detector.close();
  expect(clock.timerCount).toBe(0);
});

test("the average takes a 60th of each second", () => {
  const { events, run } = setup();
  run(100, 60);
  run(5000, 1);
  const average = 100 * (1 - (59 / 60) ** 60);
  expect(events).toEqual([["flood", expect.any(Number), expect.any(Number), Math.round(average)]]);
});
