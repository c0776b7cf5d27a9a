import { describe, expect, test } from "vitest";
import { PredictedSpawns } from "../../../lib/object/prediction/predicted-spawns.js";
import { seededRandom } from "../../../lib/testing/index.js";

const KIND = {};

function spawns() {
  const rejected: string[] = [];
  let made = 0;
  const predicted = new PredictedSpawns<string>((spawned) => rejected.push(spawned));
  const create = () => `spawn ${made++}`;
  const step = (tick: number, count: number, kind = KIND) =>
    Array.from({ length: count }, (_, order) => predicted.spawn(tick, order, kind, create));
  return { predicted, rejected, step };
}

describe("PredictedSpawns", () => {
  test("a replay gets the objects of the first run", () => {
    const { predicted, step } = spawns();
    const first = [step(5, 2), step(6, 1)];
    expect([step(5, 2), step(6, 1)]).toEqual(first);
    // Adopted ones too: the news that led to the replay may be older.
    expect(predicted.adopt(6, 0, KIND)).toBe("spawn 2");
    predicted.confirm(6);
    expect(step(6, 2)).toEqual(["spawn 2", "spawn 3"]);
  });

  test("the server's spawn takes over the one of its tick and order, once", () => {
    const { predicted, rejected, step } = spawns();
    step(5, 2);
    expect([
      predicted.adopt(5, 1, KIND),
      predicted.adopt(5, 1, KIND),
      predicted.adopt(5, 2, KIND),
      predicted.adopt(4, 0, KIND),
    ]).toEqual(["spawn 1", null, null, null]);
    predicted.confirm(4);
    expect([rejected, predicted.pendingCount]).toEqual([[], 1]);
    predicted.confirm(5);
    expect([rejected, predicted.pendingCount]).toEqual([["spawn 0"], 0]);
    expect(predicted.adopt(5, 0, KIND)).toBe(null);
  });

  test("what is left at the end is rejected", () => {
    const { predicted, rejected, step } = spawns();
    step(5, 2);
    predicted.adopt(5, 0, KIND);
    predicted.end();
    predicted.end();
    expect(rejected).toEqual(["spawn 1"]);
  });

  test("what is of another kind in a replay takes the place of the first, and the server's has to be so too", () => {
    const { predicted, rejected, step } = spawns();
    const other = {};
    step(5, 2);
    expect(step(5, 1, other)).toEqual(["spawn 2"]);
    expect(rejected).toEqual(["spawn 0"]);
    expect([predicted.adopt(5, 0, KIND), predicted.adopt(5, 1, other)]).toEqual([null, null]);
    expect(predicted.adopt(5, 0, other)).toBe("spawn 2");
    predicted.confirm(5);
    expect(rejected).toEqual(["spawn 0", "spawn 1"]);
  });

  test("of 1000 spawns each is adopted or rejected once, whatever is replayed and in which order news comes", () => {
    const random = seededRandom(4);
    const rejected: number[] = [];
    const adopted: number[] = [];
    const predicted = new PredictedSpawns<number>((spawned) => rejected.push(spawned));
    const spawnsOf = new Map<number, number[]>();
    let made = 0;
    let confirmedTick = 2 ** 32 - 500;
    const first = confirmedTick + 1;
    const step = (tick: number) => {
      const before = spawnsOf.get(tick);
      const now = Array.from({ length: tick % 3 }, (_, order) =>
        predicted.spawn(tick >>> 0, order, KIND, () => made++),
      );
      if (before) expect(now).toEqual(before);
      spawnsOf.set(tick, now);
    };
    let tick = first;
    for (; made < 1000; tick++) {
      step(tick);
      // The server is 6 to 12 ticks behind. It misses some inputs, and then spawns nothing.
      const upTo = Math.max(confirmedTick, tick - 6 - Math.floor(random() * 7));
      for (let used = confirmedTick + 1; used <= upTo; used++) {
        for (let order = 0; order < used % 3 && random() < 0.95; order++) {
          const spawned = predicted.adopt(used >>> 0, order, KIND);
          expect(spawned).toBe(spawnsOf.get(used)?.[order]);
          adopted.push(spawned as number);
        }
      }
      confirmedTick = upTo;
      predicted.confirm(confirmedTick >>> 0);
      if (random() < 0.3) for (let replayed = Math.max(first, tick - 20); replayed <= tick; replayed++) step(replayed);
    }
    predicted.confirm((tick - 1) >>> 0);
    expect([...adopted, ...rejected].sort((a, b) => a - b)).toEqual(Array.from({ length: made }, (_, one) => one));
    expect([adopted.length > 800, rejected.length > 20, predicted.pendingCount]).toEqual([true, true, 0]);
  });
});
