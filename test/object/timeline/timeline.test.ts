import { describe, expect, test } from "vitest";
import { type NumberShape, numberShape } from "../../../lib/object/behaviour/number-shape.js";
import { ReceivedTicks } from "../../../lib/object/timeline/received-ticks.js";
import { ShownClock } from "../../../lib/object/timeline/shown-clock.js";
import { Track } from "../../../lib/object/timeline/track.js";
import { angle, type Codec, float32, vec2 } from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";

const TICKS_PER_SECOND = 60;
const shapeOf = <T>(codec: Codec<T>) => numberShape(codec as Codec<unknown>, {}) as NumberShape;
const numbers = new Float64Array(2);
/** The numbers of a track at the time that was located. */
function read(track: Track): [number, number] {
  track.read(numbers);
  return [numbers[0] as number, numbers[1] as number];
}
const TICK_MS = 1000 / TICKS_PER_SECOND;

interface Conditions {
  interval?: number;
  jitterMs?: number;
  loss?: number;
  seconds?: number;
  seed?: number;
  /** From when until when no frames are drawn, and packets wait. */
  hiddenMs?: readonly [number, number];
  /** Whether the first frame after that comes before the packets. */
  framesFirst?: boolean;
  position: (tick: number) => number;
}

/** One object, sent when it changed, and drawn at 144 Hz. */
function simulate({
  interval = 3,
  jitterMs = 0,
  loss = 0,
  seconds = 60,
  seed = 1,
  hiddenMs = [0, 0],
  framesFirst = false,
  position,
}: Conditions) {
  const random = seededRandom(seed);
  const clock = new ShownClock(TICKS_PER_SECOND, interval);
  const received = new ReceivedTicks();
  const track = new Track(shapeOf(float32));
  const packets: { tick: number; atMs: number; value: number | null }[] = [];
  const isHidden = (ms: number) => ms >= hiddenMs[0] && ms < hiddenMs[1];
  let before = Number.NaN;
  for (let tick = 0; tick < seconds * TICKS_PER_SECOND; tick += interval) {
    const value = position(tick);
    const wasLost = random() < loss;
    const atMs = tick * TICK_MS + 40 + random() * jitterMs;
    if (!wasLost) packets.push({ tick, atMs, value: value === before ? null : value });
    // A lost one is sent again: simply with the next packet.
    before = wasLost ? Number.NaN : value;
  }
  for (const packet of packets) {
    if (isHidden(packet.atMs)) packet.atMs = hiddenMs[1] + (framesFirst ? 20 : 0);
  }
  packets.sort((a, b) => a.atMs - b.atMs || a.tick - b.tick);
  const frames: { nowMs: number; tick: number; shown: number; isKnown: boolean; hasJumped: boolean }[] = [];
  let next = 0;
  for (let nowMs = 500; nowMs < seconds * 1000; nowMs += 1000 / 144) {
    for (; next < packets.length && (packets[next] as (typeof packets)[number]).atMs <= nowMs; next++) {
      const { tick, atMs, value } = packets[next] as (typeof packets)[number];
      if (isHidden(nowMs)) break;
      clock.arrived(tick, Math.max(atMs, 500));
      received.add(tick);
      if (value !== null) track.add(tick, [value]);
    }
    if (isHidden(nowMs)) continue;
    const hasJumped = clock.advance(nowMs);
    if (!track.locate(clock.tick, received, TICKS_PER_SECOND)) continue;
    frames.push({ nowMs, tick: clock.tick, shown: read(track)[0], isKnown: track.isKnown, hasJumped });
  }
  return { frames, clock };
}

/** A body that rests for a while, goes on, and rests again; `pathLength` is its whole way. */
const stopAndGo = (tick: number) => {
  const phase = tick % 180;
  return Math.floor(tick / 180) * 80 + Math.min(Math.max(phase - 60, 0), 80);
};

describe("interpolation", () => {
  test("a body that rests and starts again is drawn within 1 % of its path", () => {
    const { frames } = simulate({ position: stopAndGo });
    const errors = frames.slice(100).map(({ tick, shown }) => Math.abs(shown - stopAndGo(tick)));
    expect(errors.length).toBeGreaterThan(8000);
    // A leg of the path is 80 long.
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.8);
  });

  test("with 20 ms of jitter at least 99 % of the frames lie between two known values", () => {
    for (const interval of [1, 3]) {
      for (const seed of [1, 2, 3]) {
        const { frames, clock } = simulate({ interval, seed, jitterMs: 20, position: (tick) => tick });
        const after = frames.slice(144);
        expect(after.filter(({ isKnown }) => isKnown).length / after.length).toBeGreaterThanOrEqual(0.99);
        expect(clock.delayMs).toBeLessThanOrEqual(interval * TICK_MS + 20);
        for (const { tick, shown, isKnown } of after) if (isKnown) expect(shown).toBeCloseTo(tick, 6);
      }
    }
  });

  test("time goes on at 0.92 to 1.08 of its speed, and does not jump, under jitter and loss", () => {
    const { frames } = simulate({ jitterMs: 60, loss: 0.05, position: (tick) => tick });
    for (let index = 1; index < frames.length; index++) {
      const [before, now] = frames.slice(index - 1, index + 1) as [(typeof frames)[0], (typeof frames)[0]];
      const speed = ((now.tick - before.tick) * TICK_MS) / (now.nowMs - before.nowMs);
      expect(Math.abs(speed - 1)).toBeLessThanOrEqual(0.08 + 1e-6);
      expect(now.hasJumped).toBe(false);
    }
  });

  test.each([false, true])(
    "recovers from 10 s in a hidden tab within 1 s; frames before packets: %s",
    (framesFirst) => {
      const { frames } = simulate({ jitterMs: 20, hiddenMs: [20_000, 30_000], framesFirst, position: (tick) => tick });
      const back = frames.filter(({ nowMs }) => nowMs >= 31_000);
      expect(frames.filter(({ nowMs, hasJumped }) => nowMs > 1000 && hasJumped).length).toBe(1);
      expect(back.filter(({ isKnown }) => isKnown).length / back.length).toBeGreaterThanOrEqual(0.99);
      for (const { nowMs, tick } of back) {
        expect(nowMs - tick * TICK_MS).toBeLessThan(40 + 3 * TICK_MS + 20 + 10);
      }
    },
  );

  test("a clock that is more than 20 ticks off jumps", () => {
    const clock = new ShownClock(100, 1);
    clock.arrived(60, 1000);
    expect([clock.advance(1000), clock.tick]).toEqual([true, 59]);
    clock.arrived(70, 1010);
    expect([clock.advance(1010), clock.tick < 60.1]).toEqual([false, true]);
    clock.arrived(300, 1020);
    expect([clock.advance(1020), clock.tick > 250]).toEqual([true, true]);
  });

  test("the delay is at most 500 ms", () => {
    const clock = new ShownClock(TICKS_PER_SECOND, 1);
    for (let tick = 0; tick < 100; tick++) clock.arrived(tick, tick * TICK_MS + (tick % 10 === 0 ? 3000 : 0));
    expect(clock.delayMs).toBe(500);
  });
});

describe("Track", () => {
  /** A track with these snapshots, and what it shows at a time. */
  function shown(snapshots: [tick: number, value: number, isBreak?: boolean][], ticks: number[] = [], period = 0) {
    const track = new Track(shapeOf(period === 0 ? float32 : angle({ turn: period, bits: 16 })));
    const received = new ReceivedTicks();
    for (const [tick, value, isBreak] of snapshots) track.add(tick, [value], isBreak ? tick : undefined);
    for (const tick of ticks) received.add(tick);
    return (tick: number) => (track.locate(tick, received, TICKS_PER_SECOND) ? read(track)[0] : null);
  }

  test("shows nothing without a snapshot, and the first one before its time", () => {
    expect(shown([])(5)).toBe(null);
    expect(shown([[10, 7]])(5)).toBe(7);
  });

  test("a state that does not name the object says that it rested", () => {
    const at = shown(
      [
        [10, 100],
        [30, 130],
      ],
      [10, 20, 27, 30],
    );
    expect([20, 27, 28, 30].map(at)).toEqual([100, 100, 110, 130]);
    // Without those states, nobody knows when it started.
    const unknown = shown([
      [10, 100],
      [30, 130],
    ]);
    expect(unknown(20)).toBe(115);
  });

  test("goes on for 100 ms when nothing comes, but not when it rests", () => {
    const moving: [number, number][] = [
      [10, 0],
      [13, 30],
    ];
    expect([14, 19, 30].map(shown(moving, [10, 13]))).toEqual([40, 90, 90]);
    expect([14, 19, 30].map(shown(moving, [10, 13, 16]))).toEqual([30, 30, 30]);
    // From the rest in tick 12 on it moved 30 in a tick.
    expect(shown(moving, [10, 12, 13])(14)).toBe(60);
  });

  test("a teleport breaks the line", () => {
    const snapshots: [number, number, boolean?][] = [
      [10, 0],
      [13, 500, true],
    ];
    expect([12.9, 13, 15].map(shown(snapshots, [10, 13]))).toEqual([0, 500, 500]);
  });

  test("an angle goes the short way", () => {
    const at = shown(
      [
        [0, 350],
        [10, 20],
        [20, 340],
      ],
      [],
      360,
    );
    expect([5, 10, 15, 18].map((tick) => Math.round(at(tick) as number))).toEqual([5, 20, 0, -12]);
  });

  test("takes snapshots in any order, and keeps the last 32", () => {
    const random = seededRandom(6);
    const track = new Track(shapeOf(vec2()));
    const received = new ReceivedTicks();
    const ticks = Array.from({ length: 100 }, (_, index) => 3 * index);
    for (const tick of ticks.map((tick) => tick)) {
      const other = ticks[Math.min(99, Math.max(0, tick / 3 + Math.floor(random() * 5) - 2))] as number;
      for (const one of [other, tick]) track.add(one, [one, -one]);
    }
    for (let tick = 3 * 99; tick > 3 * 69; tick -= 0.5) {
      track.locate(tick, received, TICKS_PER_SECOND);
      expect(read(track)).toEqual([tick, -tick]);
    }
    track.locate(3, received, TICKS_PER_SECOND);
    expect(read(track)[0]).toBeGreaterThanOrEqual(3 * 68);
    track.clear();
    expect(track.locate(3, received, TICKS_PER_SECOND)).toBe(false);
  });
});
