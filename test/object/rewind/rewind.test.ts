import { describe, expect, test } from "vitest";
import { type NumberShape, numberShape } from "../../../lib/object/behaviour/number-shape.js";
import { HISTORY_TICKS, History } from "../../../lib/object/rewind/history.js";
import { limitViewTick, Rewind } from "../../../lib/object/rewind/rewind.js";
import { ReceivedTicks } from "../../../lib/object/timeline/received-ticks.js";
import { ShownClock } from "../../../lib/object/timeline/shown-clock.js";
import { Track } from "../../../lib/object/timeline/track.js";
import { angle, type Codec, float32, vec2 } from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";

const shapeOf = <T>(codec: Codec<T>) => numberShape(codec as Codec<unknown>, {}) as NumberShape;

function readTrack(track: Track): number {
  const values = new Float64Array(1);
  track.read(values);
  return values[0] as number;
}

describe("History", () => {
  /** What a client shows of one object with these records. */
  function shown(records: [tick: number, value: number, isBreak?: boolean][], period = 0, sendIntervalTicks = 1) {
    const history = new History();
    history.add(3, [shapeOf(period === 0 ? float32 : angle({ turn: period, bits: 16 }))], sendIntervalTicks);
    for (const [tick, value, isBreak] of records) history.record(3, tick, [value], isBreak);
    const values = new Float64Array(1);
    return (tick: number) => (history.read(3, tick, values) ? values[0] : null);
  }

  test("knows nothing of objects without a record", () => {
    expect(shown([])(5)).toBe(null);
    expect(new History().read(7, 5, new Float64Array(1))).toBe(false);
  });

  test("goes from one tick to the next, and rests where nothing is recorded", () => {
    const at = shown([
      [10, 0],
      [11, 10],
      [20, 40],
    ]);
    expect([5, 10, 10.5, 11, 15, 19, 19.5, 20, 21].map(at)).toEqual([0, 0, 5, 10, 10, 10, 25, 40, 40]);
  });

  test("with states each third tick the way takes three ticks", () => {
    const at = shown(
      [
        [12, 0],
        [18, 30],
      ],
      0,
      3,
    );
    expect([12, 15, 16, 17.5, 18].map(at)).toEqual([0, 0, 10, 25, 30]);
  });

  test("a teleport breaks the line, an angle goes the short way, the last record of a tick counts", () => {
    const teleport = shown([
      [10, 0],
      [11, 500, true],
    ]);
    expect([10.9, 11].map(teleport)).toEqual([0, 500]);
    const angle = shown(
      [
        [10, 350],
        [11, 100],
        [11, 10],
      ],
      360,
    );
    expect([10.25, 10.75, 11].map(angle)).toEqual([-5, 5, 10]);
  });

  test("remembers 64 ticks, also where their number wraps around", () => {
    const first = 2 ** 32 - 32;
    const at = shown(Array.from({ length: 100 }, (_, index) => [(first + index) >>> 0, index]));
    expect([at(first + 40.5 - 2 ** 32), at(67), at(1000)]).toEqual([40.5, 99, 99]);
    expect(at(first)).toBe(100 - HISTORY_TICKS);
  });

  test("a new object in the place of an old one has none of its history", () => {
    const history = new History();
    const values = new Float64Array(2);
    history.add(1, [shapeOf(vec2())]);
    history.record(1, 5, [1, 2]);
    history.remove(1);
    expect([history.columnsOf(1), history.read(1, 5, values)]).toEqual([0, false]);
    history.add(2, [shapeOf(vec2())]);
    history.add(1, [shapeOf(vec2())]);
    expect([history.read(1, 5, values), history.read(2, 5, values)]).toEqual([false, false]);
    history.record(2, 6, [3, 4]);
    history.record(1, 6, [5, 6]);
    history.read(2, 6, values);
    expect([...values]).toEqual([3, 4]);
  });
});

describe("Rewind", () => {
  function world() {
    const history = new History();
    const present = [
      [10, 1],
      [20, 2],
      [30, 3],
    ];
    for (const [item, values] of present.entries()) {
      history.add(item, [shapeOf(vec2())]);
      history.record(item, 100, [item, -item]);
      history.record(item, 101, values);
    }
    const rewind = new Rewind(history, {
      get: (item, values) => values.set(present[item] as number[]),
      set(item, values) {
        present[item] = [...values.subarray(0, 2)];
      },
    });
    const before = structuredClone(present);
    return { history, rewind, present, before };
  }

  test("sets objects back for the time of a function, and restores them", () => {
    const { rewind, present, before } = world();
    const seen = rewind.look([0, 2, 77], [100.5, 100.5, 100.5], 3, () => structuredClone(present));
    expect(seen).toEqual([
      [5, 0.5],
      [20, 2],
      [16, 0.5],
    ]);
    expect(present).toEqual(before);
  });

  test("restores them when the function throws, and when it returns a promise", async () => {
    const { rewind, present, before } = world();
    const failing = () => {
      throw new Error("from look");
    };
    expect(() => rewind.look([0, 1], [100, 100], 2, failing)).toThrow("from look");
    expect(present).toEqual(before);
    const async = async () => {
      expect(present[1]).toEqual([1, -1]);
      throw new Error("nobody hears of this");
    };
    expect(() => rewind.look([0, 1], [100, 100], 2, async)).toThrow(expect.objectContaining({ code: "ERR_REWIND" }));
    expect(present).toEqual(before);
    await new Promise(setImmediate);
    expect(rewind.look([0], [100], 1, () => present[0])).toEqual([0, -0]);
  });

  test("restores them when one cannot be set back", () => {
    const { history, present, before } = world();
    const rewind = new Rewind(history, {
      get: (item, values) => values.set(present[item] as number[]),
      set(item, values) {
        if (item === 2 && values[0] === 2) throw new Error("from a setter");
        present[item] = [...values.subarray(0, 2)];
      },
    });
    expect(() => rewind.look([0, 1, 2], [100, 100, 100], 3, () => {})).toThrow("from a setter");
    expect(present).toEqual(before);
  });

  test("a rewind within a rewind throws, and harms neither", () => {
    const { rewind, present, before } = world();
    const inner = () => rewind.look([1], [100], 1, () => {});
    rewind.look([0, 1], [100, 100], 2, () => {
      expect(inner).toThrow(expect.objectContaining({ code: "ERR_REWIND" }));
      expect(present[0]).toEqual([0, -0]);
    });
    expect(present).toEqual(before);
    inner();
  });

  test("the function may remove an object", () => {
    const { rewind, history, present, before } = world();
    rewind.look([0, 1, 2], [100, 100, 100], 3, () => history.remove(0));
    // It may lie in a pool by now: nothing is restored.
    expect(present[0]).toEqual([0, -0]);
    expect(present.slice(1)).toEqual(before.slice(1));
  });
});

describe("limitViewTick", () => {
  const limits = { ticksPerSecond: 60, roundTripTimeMs: 100, delayMs: 50 };

  test("limits the time to the round trip, the delay and 50 ms, and to 500 ms", () => {
    expect(limitViewTick(995.5, 1000, limits)).toBe(995.5);
    expect(limitViewTick(900, 1000, limits)).toBe(988);
    expect(limitViewTick(0, 1000, { ...limits, roundTripTimeMs: 5000 })).toBe(970);
  });

  test.each([1001, Number.POSITIVE_INFINITY, Number.NaN])("%f is the present", (claimed) => {
    expect(limitViewTick(claimed, 1000, limits)).toBe(1000);
  });

  test("minus infinity is the earliest time", () => {
    expect(limitViewTick(Number.NEGATIVE_INFINITY, 1000, limits)).toBe(988);
  });
});

test.each([1, 3])(
  "of 1000 shots at what a client shows 99 % hit the rewound target, a state each %i ticks",
  (interval) => {
    const TICKS_PER_SECOND = 60;
    const TICK_MS = 1000 / TICKS_PER_SECOND;
    const PRECISION = 0.01;
    const random = seededRandom(11);
    const quantised = (value: number) => Math.round(value / PRECISION) * PRECISION;
    // A body that goes, turns, rests, and goes back, with a leg of 40 each way.
    const position = (tick: number) => {
      const phase = tick % 300;
      return quantised(
        20 - 20 * Math.cos((Math.PI * Math.min(phase, 120)) / 60) + (phase > 200 ? (phase - 200) * 0.2 : 0),
      );
    };
    const LEG = 40;
    const delayMs = () => 75 + random() * 10;
    const history = new History();
    history.add(0, [shapeOf(float32)], interval);
    const clock = new ShownClock(TICKS_PER_SECOND, interval);
    const received = new ReceivedTicks();
    const track = new Track(shapeOf(float32));
    const present = [0];
    const rewind = new Rewind(history, {
      get: (_, values) => values.set(present),
      set: (_, values) => present.splice(0, 1, values[0] as number),
    });
    const toClient: { atMs: number; tick: number; value: number | null }[] = [];
    const toServer: { atMs: number; viewTick: number; shown: number }[] = [];
    const losses: { atMs: number; tick: number }[] = [];
    let shots = 0;
    let hits = 0;
    let tick = 0;
    let changedTick = -1;
    let isLost = false;
    for (let nowMs = 0; shots < 1000; nowMs++) {
      while (tick * TICK_MS <= nowMs) {
        present[0] = position(tick);
        if (tick % interval === 0) {
          const hasChanged = tick === 0 || position(tick) !== position(tick - interval);
          if (hasChanged) {
            history.record(0, tick, present);
            changedTick = tick;
          }
          // What is known to be lost goes again, unless a later packet has something newer.
          const again = losses.filter((loss) => loss.atMs <= nowMs);
          for (const loss of again) losses.splice(losses.indexOf(loss), 1);
          const value = hasChanged || again.some((loss) => loss.tick >= changedTick) ? position(tick) : null;
          isLost = random() < 0.02;
          if (!isLost) toClient.push({ atMs: nowMs + delayMs(), tick, value });
          else if (value !== null) losses.push({ atMs: nowMs + 160, tick });
        }
        tick++;
      }
      for (const packet of toClient.filter(({ atMs }) => atMs <= nowMs)) {
        toClient.splice(toClient.indexOf(packet), 1);
        clock.arrived(packet.tick, nowMs);
        received.add(packet.tick);
        if (packet.value !== null) track.add(packet.tick, [packet.value]);
      }
      if (nowMs % 7 === 0) clock.advance(nowMs);
      if (nowMs > 2000 && nowMs % 70 === 0 && track.locate(clock.tick, received, TICKS_PER_SECOND)) {
        toServer.push({ atMs: nowMs + delayMs(), viewTick: clock.tick, shown: readTrack(track) });
      }
      for (const shot of toServer.filter(({ atMs }) => atMs <= nowMs)) {
        toServer.splice(toServer.indexOf(shot), 1);
        const limits = { ticksPerSecond: TICKS_PER_SECOND, roundTripTimeMs: 160, delayMs: clock.delayMs };
        const viewTick = limitViewTick(shot.viewTick, tick - 1, limits);
        expect(viewTick).toBeCloseTo(shot.viewTick, 6);
        shots++;
        const seen = rewind.look([0], [viewTick], 1, () => present[0] as number);
        if (Math.abs(seen - shot.shown) <= 2 * PRECISION + 0.01 * LEG) hits++;
      }
    }
    expect(hits / shots).toBeGreaterThanOrEqual(0.99);
  },
);
