import { describe, expect, test } from "vitest";
import { isBefore, RecordRing } from "../../../lib/object/collections/record-ring.js";

describe("RecordRing", () => {
  test("keeps its records when it grows, also where their numbers wrap around", () => {
    const ring = new RecordRing(2);
    ring.first = ring.end = 2 ** 31 - 40;
    const start = ring.first;
    for (let index = 0; index < 300; index++) {
      const place = ring.add();
      ring.data[place] = index;
      ring.data[place + 1] = 1000 - index;
    }
    for (let index = 0; index < 300; index++) {
      const number = (start + index) | 0;
      expect(ring.has(number)).toBe(true);
      expect([ring.data[ring.place(number)], ring.data[ring.place(number) + 1]]).toEqual([index, 1000 - index]);
    }
    expect([ring.has(start - 1), ring.has(ring.end)]).toEqual([false, false]);
    ring.release((start + 100) | 0);
    expect([ring.has((start + 99) | 0), ring.has((start + 100) | 0)]).toEqual([false, true]);
    expect([isBefore(start, ring.end), isBefore(ring.end, start)]).toEqual([true, false]);
  });

  test("does not grow while records are released in time", () => {
    const ring = new RecordRing(1);
    for (let index = 0; index < 1000; index++) {
      ring.add();
      ring.release(Math.max(0, ring.end - 63));
    }
    expect(ring.data.length).toBe(64);
  });
});
