import { expect, test } from "vitest";
import { SharedRate } from "../../lib/guard/shared-rate.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";

const options = { perSecond: 1000, burst: 2000, sourceBurst: 500 };

test("a source has 500 at once and less than 100 a second, and all together 2000 and 1000", () => {
  const clock = new FakeClock();
  const rate = new SharedRate(clock, options);
  const taken = (source: string) => Array.from({ length: 3000 }, () => rate.tryTake(source)).filter(Boolean).length;
  expect(taken("a")).toBe(500);
  clock.advance(1000);
  expect(taken("a")).toBe(90);
  clock.advance(600_000);
  // Each leaves as much as it takes, so that there is something for the next.
  expect(["a", "b", "c", "d", "e"].map(taken)).toEqual([500, 500, 500, 250, 125]);
});

test.each([1, 2, 3])("sources that take all they can keep no newcomer waiting, seed %i", (seed) => {
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const rate = new SharedRate(clock, options);
  const strangers = 2 + Math.floor(random() * 200);
  let waited = 0;
  let taken = 0;
  for (let turn = 0; turn < 20_000; turn++) {
    clock.advance(1);
    // Together far more than there is.
    for (let count = 0; count < 20; count++) {
      if (rate.tryTake(`stranger ${Math.floor(random() * strangers)}`)) taken++;
    }
    if (turn % 50 === 0 && !rate.tryTake(`newcomer ${turn}`)) waited++;
  }
  expect(waited).toBe(0);
  expect(taken).toBeGreaterThan(Math.min(strangers * 80, 900) * 20);
});
