import { expect, test } from "vitest";
import { compare, growthExponent, interleave, median } from "../../bench/harness/pairs.mjs";

test("takes the middle value", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

test("runs the sides A B, B A, A B", async () => {
  const order: string[] = [];
  const side = (name: string) => async () => order.push(name);
  const samples = await interleave({ a: side("a"), b: side("b") }, 3);
  expect(order.join("")).toBe("abbaab");
  expect(samples).toEqual({ a: [1, 4, 5], b: [2, 3, 6] });
});

test("compares pair by pair, above 1 in our favour", () => {
  const metric = { key: "x", name: "case", unit: "u" };
  const ours = [{ x: 10 }, { x: 30 }, { x: 20 }];
  const baseline = [{ x: 20 }, { x: 15 }, { x: 20 }];
  const more = compare({ ...metric, better: "more" }, ours, "C++", baseline);
  expect(more).toMatchObject({ name: "case", unit: "u", ours: 20, baseline: 20, baselineName: "C++", ratio: 1 });
  expect(more.runs.map((run: { ratio: number }) => run.ratio)).toEqual([0.5, 2, 1]);
  const less = compare({ ...metric, better: "less" }, ours, "C++", baseline);
  expect(less.runs.map((run: { ratio: number }) => run.ratio)).toEqual([2, 0.5, 1]);
});

test("finds the exponent of a growth", () => {
  const points = [1, 10, 100].map((work) => [work, 5 * work ** 1.5]);
  expect(growthExponent(points)).toBeCloseTo(1.5);
});
