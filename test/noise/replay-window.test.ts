import { expect, test } from "vitest";
import { ReplayWindow } from "../../lib/noise/index.js";
import { seededRandom } from "../../lib/testing/index.js";

const SIZE = 1024;

/** The same with nothing clever. */
class Model {
  readonly #taken = new Set<number>();
  #newest = -1;

  isNew(counter: number): boolean {
    return counter >= 0 && counter > this.#newest - SIZE && !this.#taken.has(counter);
  }

  mark(counter: number): void {
    this.#taken.add(counter);
    this.#newest = Math.max(this.#newest, counter);
  }
}

const starts = [0, 31, 2 ** 31 - 5000, 2 ** 32 - 5000, 2 ** 52];
const cases = starts.flatMap((start) => [1, 2, 3, 4].map((seed) => [start, seed] as const));

test.each(cases)("agrees with a plain set from %i on, seed %i", (start, seed) => {
  const random = seededRandom(seed);
  const window = new ReplayWindow();
  const model = new Model();
  let newest = start;
  let taken = 0;
  const wrong: number[] = [];
  const check = (counter: number) => {
    if (window.isNew(counter) !== model.isNew(counter)) wrong.push(counter);
  };
  for (let step = 0; step < 30_000; step++) {
    const kind = random();
    // Mostly near the newest, at times at the edge of the window, at times far ahead: over words, and over the ring.
    const distance =
      kind < 0.7
        ? Math.floor(random() * 40) - 30
        : kind < 0.95
          ? -Math.floor(random() * (SIZE + 100))
          : Math.floor(random() ** 4 * 5000);
    const counter = Math.max(newest + distance, 0);
    check(counter);
    // One in four has a wrong tag, and must not be marked.
    if (model.isNew(counter) && random() < 0.75) {
      window.mark(counter);
      model.mark(counter);
      newest = Math.max(newest, counter);
      taken++;
    }
  }
  expect(taken).toBeGreaterThan(5000);
  for (let counter = newest + 50; counter > newest - 2500; counter--) check(counter);
  expect(wrong).toEqual([]);
});

test("exactly the newest 1024 can be taken", () => {
  const window = new ReplayWindow();
  window.mark(5000);
  expect([window.isNew(5000), window.isNew(4999), window.isNew(3977), window.isNew(3976)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("asking marks nothing", () => {
  const window = new ReplayWindow();
  expect([window.isNew(0), window.isNew(0), window.isNew(1e9), window.isNew(0)]).toEqual([true, true, true, true]);
});

test("what is no counter is not new", () => {
  const window = new ReplayWindow();
  for (const counter of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(window.isNew(counter)).toBe(false);
  }
});
