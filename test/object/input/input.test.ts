import { describe, expect, test } from "vitest";
import { HELD_INPUTS, InputBuffer } from "../../../lib/object/input/input-buffer.js";
import { InputClock } from "../../../lib/object/input/input-clock.js";
import { i32, string } from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { adderOf } from "../../support/inputs.js";

interface Conditions {
  ticksPerSecond?: number;
  oneWayMs?: number;
  jitterMs?: number;
  loss?: number;
  seconds?: number;
  seed?: number;
  /** The server's clock is that much ahead of the client's. */
  offsetMs?: number;
  /** Packets that a client sends at a time take that much longer. */
  delayAt?: (ms: number) => number;
}

/** A client and a server in virtual time: the part of ticks without an input, and how early the others were. */
function simulate(conditions: Conditions) {
  const { ticksPerSecond = 60, oneWayMs = 50, jitterMs = 0, loss = 0, seconds = 120, seed = 1 } = conditions;
  const { offsetMs = 0, delayAt = () => 0 } = conditions;
  const random = seededRandom(seed);
  const gauss = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const delayMs = () => oneWayMs + Math.abs(gauss()) * jitterMs + (random() < 0.01 ? 3 * jitterMs : 0);
  const tickMs = 1000 / ticksPerSecond;
  const clock = new InputClock(ticksPerSecond);
  const buffer = new InputBuffer(ticksPerSecond, i32);
  const add = adderOf(buffer, i32);
  const underWay: { atMs: number; deliver: () => void }[] = [];
  const send = (atMs: number, deliver: () => void) => underWay.push({ atMs, deliver });
  clock.loss = loss;
  const arrivedMs = new Map<number, number>();
  const missingAt: number[] = [];
  let ticks = 0;
  let earlyTicks = 0;
  clock.start(0, offsetMs / tickMs, oneWayMs);
  let serverTick = Math.floor(offsetMs / tickMs) + 1;
  // Frames of the client come every 4 ms, which is no multiple of a tick.
  for (let nowMs = 4; nowMs < seconds * 1000; nowMs += 4) {
    for (let index = underWay.length - 1; index >= 0; index--) {
      const { atMs, deliver } = underWay[index] as (typeof underWay)[number];
      if (atMs > nowMs) continue;
      underWay.splice(index, 1);
      deliver();
    }
    for (let before = clock.advance(nowMs) - 1; before >= 0; before--) {
      const newest = clock.tick - before;
      if (random() < loss) continue;
      const atMs = nowMs + delayMs() + delayAt(nowMs);
      send(atMs, () => {
        for (let tick = newest; tick > newest - 4; tick--) {
          if (add(tick, tick, serverTick)) arrivedMs.set(tick, atMs);
        }
        buffer.noteArrival(newest, (atMs + offsetMs) / tickMs);
      });
    }
    while (serverTick * tickMs <= nowMs + offsetMs) {
      const input = buffer.take(serverTick);
      const atMs = serverTick * tickMs - offsetMs;
      if (atMs > 5000) {
        ticks++;
        if (input === serverTick) earlyTicks += (atMs - (arrivedMs.get(serverTick) ?? 0)) / tickMs;
        else missingAt.push(atMs);
      }
      arrivedMs.delete(serverTick);
      buffer.takeReport((tick, early) => {
        if (random() >= loss) send(nowMs + delayMs(), () => clock.report(tick, early));
      });
      serverTick++;
    }
  }
  const missing = missingAt.length;
  return { ticks, missing, missingAt, missingPart: missing / ticks, averageEarly: earlyTicks / (ticks - missing) };
}

describe("InputClock and InputBuffer", () => {
  test.each([
    [0, 0.002],
    [0.05, 0.004],
    [0.2, 0.02],
  ])("with 8 ms of jitter and %f loss few ticks miss their input, and inputs are not early", (loss, mostMissing) => {
    for (const seed of [1, 2, 3]) {
      const { missingPart, averageEarly, ticks } = simulate({ jitterMs: 8, loss, seed });
      expect(ticks).toBeGreaterThan(6800);
      expect(missingPart).toBeLessThanOrEqual(mostMissing);
      expect(averageEarly).toBeLessThanOrEqual(2.5);
    }
  });

  test("without jitter no tick misses its input, and inputs come about half a tick early", () => {
    const { missing, averageEarly } = simulate({});
    expect(missing).toBe(0);
    expect(averageEarly).toBeGreaterThan(0.3);
    expect(averageEarly).toBeLessThan(1.2);
  });

  test("a wrong first estimate is corrected, by a jump if it is far off", () => {
    // The path takes 150 ms more, or 200 ms less, than the clock was told.
    for (const [oneWayMs, differenceMs] of [
      [10, 150],
      [400, -200],
    ] as const) {
      const { missing, averageEarly } = simulate({ oneWayMs, delayAt: () => differenceMs, seconds: 10 });
      expect(missing).toBe(0);
      expect(averageEarly).toBeLessThan(1.5);
    }
  });

  test("follows a path that becomes slower and faster again", () => {
    const delayAt = (ms: number) => (ms > 20_000 && ms < 40_000 ? 100 : 0);
    const { missingAt, averageEarly } = simulate({ jitterMs: 2, seconds: 60, delayAt });
    expect(missingAt.filter((ms) => ms < 20_000 || ms > 23_500)).toEqual([]);
    expect(averageEarly).toBeLessThan(1.5);
  });

  test("the difference of the clocks does not matter", () => {
    const { missing, averageEarly } = simulate({ offsetMs: 123_456.7 });
    expect(missing).toBe(0);
    expect(averageEarly).toBeLessThan(1.2);
  });

  test("after a pause the clock leaves ticks out", () => {
    const clock = new InputClock(60);
    clock.start(1000, 500, 50);
    expect(clock.tick).toBe(504);
    expect(clock.advance(1101)).toBe(6);
    expect(clock.advance(11_101)).toBe(10);
    expect(clock.tick).toBe(1110);
    expect(clock.advance(11_091)).toBe(0);
  });

  test("the clock jumps when it is more than 10 ticks off", () => {
    const clock = new InputClock(100);
    clock.start(0, 0, 50);
    clock.advance(100);
    const before = clock.tick;
    clock.report(before, -20);
    expect(clock.advance(110)).toBe(10);
    expect(clock.tick - before).toBe(21);
  });

  test("speed changes by at most 5 %", () => {
    const clock = new InputClock(100);
    clock.start(0, 0, 50);
    clock.advance(100);
    for (let count = 0; count < 10; count++) clock.report(clock.tick, -9);
    const before = clock.tick;
    for (let ms = 101; ms <= 1100; ms++) clock.advance(ms);
    expect(clock.tick - before).toBe(105);
  });
});

describe("InputBuffer", () => {
  const buffer = () => {
    const inputs = new InputBuffer(60, string(16));
    return { inputs, add: adderOf(inputs, string(16)) };
  };

  test("uses one input a tick, however many come", () => {
    const { inputs, add } = buffer();
    let taken = 0;
    for (let tick = 100; tick < 1100; tick++) add(tick, "fast", 100);
    expect(inputs.dropped).toBe(1000 - HELD_INPUTS);
    for (let tick = 100; tick < 200; tick++) if (inputs.take(tick) === "fast") taken++;
    // The last one again for 200 ms.
    expect(taken).toBe(HELD_INPUTS + 12);
  });

  test("takes neither a second input for a tick, nor one that is too late", () => {
    const { inputs, add } = buffer();
    const added = [add(7, "first", 7), add(7, "second", 7), add(6, "late", 7)];
    expect(added).toEqual([true, false, false]);
    expect([inputs.take(7), inputs.dropped, inputs.lastUsedTick]).toEqual(["first", 1, 7]);
  });

  test("repeats the last input for 200 ms, then takes the default one", () => {
    const { inputs, add } = buffer();
    expect(inputs.take(1)).toBe("");
    add(2, "turn", 2);
    const taken = Array.from({ length: 14 }, (_, index) => inputs.take(index + 2));
    expect(taken).toEqual([...new Array(13).fill("turn"), ""]);
    expect([inputs.missing, inputs.lastUsedTick]).toEqual([13, 2]);
    add(16, "turn back", 16);
    inputs.clear();
    expect(inputs.take(16)).toBe("");
  });

  test("goes on where the number of the tick wraps around", () => {
    const { inputs, add } = buffer();
    const ticks = [2 ** 32 - 2, 2 ** 32 - 1, 0, 1];
    for (const tick of ticks) expect(add(tick, String(tick), 2 ** 32 - 2)).toBe(true);
    expect(ticks.map((tick) => inputs.take(tick))).toEqual(ticks.map(String));
  });

  test("reports the latest of the packets since the last report", () => {
    const { inputs } = buffer();
    const reports: number[][] = [];
    const send = (tick: number, earlyTicks: number) => reports.push([tick, earlyTicks]);
    inputs.noteArrival(10, 7.5);
    inputs.noteArrival(11, 9.25);
    inputs.noteArrival(12, 8.5);
    inputs.takeReport(send);
    inputs.takeReport(send);
    expect(reports).toEqual([[11, 1.75]]);
  });
});
