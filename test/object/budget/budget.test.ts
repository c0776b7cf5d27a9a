import { describe, expect, test } from "vitest";
import { Budget, type BudgetSink } from "../../../lib/object/budget/budget.js";
import { PlayerMarks } from "../../../lib/object/budget/player-marks.js";
import { seededRandom } from "../../../lib/testing/index.js";

const BYTES = 10;

function recorder(bytesOf: BudgetSink["bytesOf"] = () => BYTES) {
  const sent: [item: number, mask: number][] = [];
  return { sent, sink: { bytesOf, send: (item: number, mask: number) => void sent.push([item, mask]) } };
}

test("marks in order are those of one object behind the other", () => {
  const random = seededRandom(3);
  const [marks, twin] = [new PlayerMarks(), new PlayerMarks()];
  for (let tick = 1; tick < 200; tick++) {
    const order = Array.from({ length: 40 }, (_, item) => item).filter(() => random() < 0.8);
    if (random() < 0.3) order.reverse();
    // The object, an integer that means nothing here, and its members.
    const list = Int32Array.from(order.flatMap((item) => [item, 9, Math.floor(random() * 4)]));
    const bytes = Int32Array.from(order, () => Math.floor(random() * 50));
    for (let place = 0; ; place++) {
      place = marks.markInOrder(list, 3, 2, bytes, place, order.length);
      if (place === order.length) break;
      marks.mark(list[3 * place] as number, list[3 * place + 2] as number, tick, bytes[place] as number);
    }
    for (const [place, item] of order.entries()) {
      const mask = list[3 * place + 2] as number;
      if (mask !== 0) twin.mark(item, mask, tick, bytes[place] as number);
    }
    const { count } = marks;
    expect([count, marks.markedCount]).toEqual([twin.count, twin.markedCount]);
    for (const name of ["items", "masks", "sizes", "sentTicks"] as const) {
      expect(marks[name].subarray(0, count)).toEqual(twin[name].subarray(0, count));
    }
    for (let place = 0; place < count; place++) {
      if (random() < 0.5) for (const one of [marks, twin]) one.sent(place, tick);
    }
  }
});

describe("Budget", () => {
  test("sends everything that is marked when it fits, and forgets it", () => {
    const marks = new PlayerMarks();
    const { sent, sink } = recorder();
    for (const item of [3, 70_000, 5]) marks.mark(item, 1 << item, 100);
    marks.mark(3, 1, 100);
    expect(new Budget().send(marks, 100, 30, sink)).toBe(30);
    expect(sent).toEqual([
      [3, 0b1001],
      [70_000, 1 << 70_000],
      [5, 0b100000],
    ]);
    expect([marks.markedCount, marks.count]).toEqual([0, 0]);
  });

  test("prefers what waits longer, and what weighs more", () => {
    const marks = new PlayerMarks();
    const budget = new Budget();
    const { sent, sink } = recorder();
    marks.mark(1, 1, 10);
    for (const item of [2, 3, 4]) marks.mark(item, 1, 18);
    marks.setWeight(3, 7);
    for (let tick = 20; tick < 24; tick++) budget.send(marks, tick, BYTES, sink);
    expect(sent.map(([item]) => item)).toEqual([3, 1, 2, 4]);
  });

  test("the time since the last sending counts also for objects without marks, while the budget is short", () => {
    const marks = new PlayerMarks();
    const budget = new Budget();
    const { sent, sink } = recorder();
    for (const item of [1, 2, 3]) marks.mark(item, 1, 0);
    for (let tick = 0; tick < 3; tick++) budget.send(marks, tick, BYTES, sink);
    for (const item of [3, 2, 1]) marks.mark(item, 1, 10);
    for (let tick = 10; tick < 13; tick++) budget.send(marks, tick, BYTES, sink);
    expect(sent.map(([item]) => item)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test("forgets when objects were sent, once the budget has been enough for 64 ticks", () => {
    const marks = new PlayerMarks();
    const budget = new Budget();
    const { sink } = recorder();
    for (const item of [1, 2]) marks.mark(item, 1, 0);
    for (let tick = 0; tick <= 65; tick++) {
      marks.mark(2, 1, tick);
      budget.send(marks, tick, BYTES, sink);
      if (tick === 64) expect(marks.count).toBe(2);
    }
    expect(marks.count).toBe(0);
  });

  test("a small object does not starve a large one", () => {
    const marks = new PlayerMarks();
    const budget = new Budget();
    const { sent, sink } = recorder((item) => (item === 0 ? 25 : 10));
    for (let tick = 0; tick < 20; tick++) {
      for (let item = 0; item < 5; item++) marks.mark(item, 1, tick);
      expect(budget.send(marks, tick, 30, sink)).toBeLessThanOrEqual(30);
    }
    expect(sent.filter(([item]) => item === 0).length).toBeGreaterThan(2);
  });

  test("objects of the highest urgency take turns", () => {
    const marks = new PlayerMarks();
    const budget = new Budget();
    const { sent, sink } = recorder();
    for (let item = 0; item < 8; item++) {
      marks.mark(item, 1, 0);
      marks.setWeight(item, 1024);
    }
    for (let tick = 10_000; tick < 10_064; tick++) {
      budget.send(marks, tick, BYTES, sink);
      for (let item = 0; item < 8; item++) {
        marks.mark(item, 1, tick);
        marks.sentTicks[item] = 0;
      }
    }
    for (let item = 0; item < 8; item++) expect(sent.filter(([one]) => one === item)).toHaveLength(8);
  });

  test("200 players x 1000 changing objects: never over 1200 bytes, and no wait above the bound", () => {
    const PLAYERS = 200;
    const OBJECTS = 1000;
    const BUDGET_BYTES = 1200;
    const random = seededRandom(5);
    const sizes = Int32Array.from({ length: OBJECTS }, () => 5 + Math.floor(random() * 20));
    const budget = new Budget();
    let tick = 0;
    let worst = 0;
    let usedBytes = 0;
    const players = Array.from({ length: PLAYERS }, () => {
      const weights = Float32Array.from({ length: OBJECTS }, () => 0.05 + random() ** 3);
      const total = weights.reduce((sum, weight, item) => sum + weight * (sizes[item] as number), 0);
      const sentTicks = new Int32Array(OBJECTS).fill(-1);
      const send = (item: number) => {
        const boundTicks = (2 * total) / (BUDGET_BYTES * (weights[item] as number));
        worst = Math.max(worst, (tick - (sentTicks[item] as number)) / boundTicks);
        sentTicks[item] = tick;
      };
      const sink = { bytesOf: (item: number) => sizes[item] as number, send };
      const marks = new PlayerMarks();
      for (let item = 0; item < OBJECTS; item++) {
        marks.mark(item, 1, 0);
        marks.setWeight(item, weights[item] as number);
      }
      return { marks, sink, finish: () => sentTicks.forEach((_, item) => void send(item)) };
    });
    for (; tick < 180; tick++) {
      for (const { marks, sink } of players) {
        for (let item = 0; item < OBJECTS; item++) marks.mark(item, 1, tick);
        const bytes = budget.send(marks, tick, BUDGET_BYTES, sink);
        expect(bytes).toBeLessThanOrEqual(BUDGET_BYTES);
        usedBytes += bytes;
      }
    }
    for (const { finish } of players) finish();
    expect(worst).toBeLessThanOrEqual(1);
    expect(usedBytes / (180 * PLAYERS * BUDGET_BYTES)).toBeGreaterThan(0.97);
  });
});

describe("PlayerMarks", () => {
  test("is like a map, under random changes", () => {
    const random = seededRandom(2);
    const marks = new PlayerMarks();
    const map = new Map<number, number>();
    for (let step = 0; step < 20_000; step++) {
      const item = Math.floor(random() * 300) * (step % 2 === 0 ? 1 : 64);
      const choice = random();
      if (choice < 0.5) {
        const mask = 1 << Math.floor(random() * 32);
        marks.mark(item, mask, step);
        map.set(item, (map.get(item) ?? 0) | mask);
      } else if (choice < 0.999) {
        marks.remove(item);
        map.delete(item);
      } else {
        marks.clear();
        map.clear();
      }
      expect(marks.maskOf(item)).toBe(map.get(item) ?? 0);
      expect([marks.count, marks.markedCount]).toEqual([map.size, map.size]);
    }
    const entries = Array.from(
      { length: marks.count },
      (_, place) => [marks.items[place], marks.masks[place]] as const,
    );
    expect(new Map(entries as [number, number][])).toEqual(map);
  });
});
