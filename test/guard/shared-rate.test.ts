import { expect, test } from "vitest";
import { SharedRate } from "../../lib/guard/shared-rate.js";
import { addressKeyOf } from "../../lib/guard/source-key.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";

/** The key of the n-th host of a network. */
const hostOf = (network: number, at: number) => addressKeyOf([0, 0, 0, 0, 0, 0xffff, network, at]);
const options = { perSecond: 1000, burst: 2000, sourceBurst: 500 };

test("a source has 500 at once and less than 100 a second, and all together 2000 and 1000", () => {
  const clock = new FakeClock();
  const rate = new SharedRate(clock, options);
  const taken = (at: number) => Array.from({ length: 3000 }, () => rate.tryTake(hostOf(1, at))).filter(Boolean).length;
  expect(taken(1)).toBe(500);
  clock.advance(1000);
  expect(taken(1)).toBe(90);
  clock.advance(600_000);
  // Each leaves as much as it takes, so that there is something for the next.
  expect([1, 2, 3, 4, 5].map(taken)).toEqual([500, 500, 500, 250, 125]);
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
      if (rate.tryTake(hostOf(1, Math.floor(random() * strangers)))) taken++;
    }
    if (turn % 50 === 0 && !rate.tryTake(hostOf(2, turn))) waited++;
  }
  expect(waited).toBe(0);
  expect(taken).toBeGreaterThan(Math.min(strangers * 80, 900) * 20);
});
