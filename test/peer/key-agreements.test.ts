import { expect, test } from "vitest";
import { KeyAgreements } from "../../lib/peer/handshake/key-agreements.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";

test("a source has 500 key agreements at once and less than 100 a second, and all together 2000 and 1000", () => {
  const clock = new FakeClock();
  const agreements = new KeyAgreements(clock);
  const taken = (source: string) =>
    Array.from({ length: 3000 }, () => agreements.tryTake(source)).filter(Boolean).length;
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
  const agreements = new KeyAgreements(clock);
  const strangers = 2 + Math.floor(random() * 200);
  let waited = 0;
  let taken = 0;
  for (let turn = 0; turn < 20_000; turn++) {
    clock.advance(1);
    // Together far more than there is.
    for (let count = 0; count < 20; count++) {
      if (agreements.tryTake(`stranger ${Math.floor(random() * strangers)}`)) taken++;
    }
    if (turn % 50 === 0 && !agreements.tryTake(`newcomer ${turn}`)) waited++;
  }
  expect(waited).toBe(0);
  expect(taken).toBeGreaterThan(Math.min(strangers * 80, 900) * 20);
});
