import { describe, expect, test } from "vitest";
import { RankedPlaces } from "../../lib/guard/ranked-places.js";
import { seededRandom } from "../../lib/testing/index.js";

const HOUR_MS = 3_600_000;

test("of those who have earned as much, the youngest leaves, be it the newcomer", () => {
  const places = new RankedPlaces<string>(2);
  expect(places.take("a", "s1", 5)).toBe("free");
  expect(places.take("b", "s2", 5)).toBe("free");
  expect(places.take("c", "s3", 5)).toBe("full");
  expect(places.take("d", "s4", 6)).toEqual({ evicted: "b" });
  expect(places.metrics).toEqual({ count: 2, sources: 2, largestShare: 1, evicted: 1, refused: 1 });
});

test("a place that is given back is free, once", () => {
  const places = new RankedPlaces<string>(1);
  places.take("a", "s", 1);
  expect(places.release("a")).toBe(true);
  expect(places.release("a")).toBe(false);
  expect(places.take("b", "s", 0)).toBe("free");
  expect(places.metrics).toMatchObject({ count: 1, sources: 1, largestShare: 1 });
});

test("without places nobody stays", () => {
  expect(new RankedPlaces<string>(0).take("a", "s", HOUR_MS)).toBe("full");
});

describe.each([1, 2, 3, 4, 5])("in a full pool, seed %d", (seed) => {
  test("1,000 strangers of a source each displace neither a player nor two players of one source", () => {
    const random = seededRandom(seed);
    const places = new RankedPlaces<string>(100);
    const players = ["alone", "first of two", "second of two"];
    const gone: string[] = [];
    const stranger = (index: number) => {
      const taken = places.take(`stranger ${index}`, `source ${index}`, random() * 10_000);
      if (typeof taken === "object") gone.push(taken.evicted);
    };
    for (let index = 0; index < 500; index++) stranger(index);
    for (const player of players) expect(places.take(player, player.slice(-3), HOUR_MS)).not.toBe("full");
    for (let index = 500; index < 1000; index++) stranger(index);
    expect(gone.filter((item) => players.includes(item))).toEqual([]);
    expect(places.metrics.count).toBe(100);
  });

  test("one source that has earned n times as much as a player holds at most n places before that player", () => {
    const random = seededRandom(seed);
    const places = new RankedPlaces<number>(50);
    const held: number[] = [];
    for (let item = 0; item < 3000; item++) {
      // Giving places back must not make later items of the source count more.
      if (random() < 0.4 && held.length > 0) {
        places.release(held.splice(Math.floor(random() * held.length), 1)[0] as number);
        continue;
      }
      const taken = places.take(item, "crowd", 8 * HOUR_MS);
      if (taken !== "full") held.push(item);
      if (typeof taken === "object") held.splice(held.indexOf(taken.evicted), 1);
    }
    // Players of an hour each, of a source each: the crowd keeps those few of its places that count for over an hour.
    for (let player = 0; player < 50; player++) places.take(-1 - player, `player ${player}`, HOUR_MS);
    const kept = held.filter((item) => places.release(item)).length;
    expect(kept).toBeLessThanOrEqual(8);
  });

  test("random operations agree with a plain model", () => {
    const random = seededRandom(seed);
    const whole = (limit: number) => Math.floor(random() * limit);
    const places = new RankedPlaces<number>(20);
    let model: { item: number; source: string; rank: number }[] = [];
    for (let item = 0; item < 2000; item++) {
      if (whole(3) === 0 && model.length > 0) {
        const [gone] = model.splice(whole(model.length), 1) as unknown as [{ item: number }];
        expect(places.release(gone.item)).toBe(true);
        continue;
      }
      const [source, earned] = [`s${whole(6)}`, whole(4)];
      const count = model.filter((place) => place.source === source).length + 1;
      model.push({ item, source, rank: earned / count });
      const lowest = Math.min(...model.map((place) => place.rank));
      const victim = model.findLast((place) => place.rank === lowest)?.item;
      const taken = places.take(item, source, earned);
      if (model.length <= 20) expect(taken).toBe("free");
      else {
        expect(taken).toEqual(victim === item ? "full" : { evicted: victim });
        model = model.filter((place) => place.item !== victim);
      }
      const shares = model.map((place) => model.filter((other) => other.source === place.source).length);
      expect(places.metrics).toMatchObject({ count: model.length, largestShare: Math.max(...shares) });
    }
  });
});
