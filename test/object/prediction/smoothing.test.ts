import { describe, expect, test } from "vitest";
import { Smoothing } from "../../../lib/object/prediction/smoothing.js";

const members = [
  { columns: 2, period: 0, snap: 5 },
  { columns: 1, period: 360, snap: 90 },
];

describe("Smoothing", () => {
  test("what is shown glides to the corrected value", () => {
    const smoothing = new Smoothing(members, 100);
    expect(smoothing.offset(0, 0)).toBe(0);
    smoothing.correct([1, 2, 0], [4, 6, 0], 1000);
    expect([1000, 1050, 1100, 5000].map((ms) => smoothing.offset(0, ms) + 0)).toEqual([-3, -1.5, 0, 0]);
    expect(smoothing.offset(1, 1025)).toBe(-3);
  });

  test("another correction on the way makes no jump", () => {
    const smoothing = new Smoothing(members, 100);
    smoothing.correct([0, 0, 0], [4, 0, 0], 1000);
    const shownBefore = 4 + smoothing.offset(0, 1060);
    smoothing.correct([4, 0, 0], [3, 0, 0], 1060);
    expect(3 + smoothing.offset(0, 1060)).toBeCloseTo(shownBefore, 12);
  });

  test("a large correction of a member is shown at once, and no other member's", () => {
    const smoothing = new Smoothing(members, 100);
    smoothing.correct([0, 0, 10], [3.6, 3.6, 20], 1000);
    expect([0, 1, 2].map((column) => smoothing.offset(column, 1000))).toEqual([0, 0, -10]);
    smoothing.correct([0, 0, 0], [1, 0, 100], 1000);
    expect([0, 1, 2].map((column) => smoothing.offset(column, 1000) + 0)).toEqual([-1, 0, 0]);
    smoothing.correct([Number.NaN, 0, 10], [1, 0, 20], 1000);
    expect(smoothing.offset(0, 1000)).toBe(0);
  });

  test("an angle goes the short way", () => {
    const smoothing = new Smoothing(members, 100);
    smoothing.correct([0, 0, 350], [0, 0, 10], 1000);
    expect(smoothing.offset(2, 1000)).toBe(-20);
  });

  test("without smoothing every correction is shown at once", () => {
    const smoothing = new Smoothing(members, 0);
    smoothing.correct([1, 1, 1], [0, 0, 0], 1000);
    expect(smoothing.offset(0, 1000)).toBe(0);
  });
});
