import { describe, expect, test } from "vitest";
import { RangeSet } from "../../../lib/peer/collections/range-set.js";
import { seededRandom } from "../../../lib/testing/index.js";

const ranges = (set: RangeSet) =>
  Array.from({ length: set.count }, (_, index) => [set.start(index), set.end(index)] as const);

/** The same from a plain set of numbers. */
function rangesOf(numbers: Set<number>): (readonly [number, number])[] {
  const result: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = result.at(-1);
    if (last?.[1] === number) last[1] = number + 1;
    else result.push([number, number + 1]);
  }
  return result;
}

describe("RangeSet", () => {
  test.each([0, 2 ** 32 - 100, 2 ** 52])("is like a set of numbers from %i on, under random changes", (origin) => {
    const random = seededRandom(5);
    const set = new RangeSet();
    const numbers = new Set<number>();
    for (let step = 0; step < 5000; step++) {
      const start = origin + Math.floor(random() * 200);
      const end = start + 1 + Math.floor(random() * 12);
      const adds = random() < 0.5;
      if (adds) set.add(start, end);
      else set.remove(start, end);
      for (let number = start; number < end; number++) adds ? numbers.add(number) : numbers.delete(number);
      expect(ranges(set)).toEqual(rangesOf(numbers));
    }
  });

  test("loses its first range, or all", () => {
    const set = new RangeSet();
    for (let start = 0; start < 100; start += 10) set.add(start, start + 5);
    set.removeFirst();
    expect([set.count, set.start(0), set.end(8)]).toEqual([9, 10, 95]);
    set.remove(0, 100);
    expect(set.count).toBe(0);
  });
});
