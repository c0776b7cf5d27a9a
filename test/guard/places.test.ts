import { expect, test } from "vitest";
import { Places } from "../../lib/guard/places.js";

function filled(maxCount: number, items: Record<string, string[]>): Places<string> {
  const places = new Places<string>({ maxCount });
  for (const [source, names] of Object.entries(items)) for (const name of names) places.take(name, source);
  places.nextPhase();
  return places;
}

test("one source may fill a pool that nobody else wants", () => {
  const places = new Places<number>({ maxCount: 300 });
  const taken = Array.from({ length: 300 }, (_, index) => places.take(index, "school"));
  expect(new Set(taken)).toEqual(new Set(["free"]));
  expect(places.metrics).toEqual({ count: 300, sources: 1, largestShare: 300, evicted: 0, refused: 0 });
});

test("in a full pool the oldest of the most crowded source leaves", () => {
  const places = filled(5, { honest: ["h1", "h2"], crowd: ["c1", "c2", "c3"] });
  expect(places.take("h3", "honest")).toEqual({ evicted: "c1" });
  expect(places.take("n1", "new")).toEqual({ evicted: "h1" });
  expect(places.take("n2", "new")).toEqual({ evicted: "c2" });
  expect(places.count).toBe(5);
});

test("what came in this read phase stays", () => {
  const places = filled(3, { crowd: ["c1"] });
  places.take("c2", "crowd");
  places.take("c3", "crowd");
  expect(places.take("n1", "new")).toEqual({ evicted: "c1" });
  expect(places.take("n2", "new")).toBe("full");
  expect(places.metrics.refused).toBe(1);
  places.nextPhase();
  expect(places.take("n2", "new")).toEqual({ evicted: "c2" });
});

test("a place that is given back is free, once", () => {
  const places = filled(2, { a: ["a1", "a2"] });
  expect(places.release("a1")).toBe(true);
  expect(places.release("a1")).toBe(false);
  expect(places.take("b1", "b")).toBe("free");
  places.release("a2");
  places.release("b1");
  expect(places.metrics).toEqual({ count: 0, sources: 0, largestShare: 0, evicted: 0, refused: 0 });
});

test("10,000 random operations agree with a plain model", () => {
  let seed = 1;
  const random = (limit: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % limit;
  };
  const places = new Places<number>({ maxCount: 50 });
  let model: { item: number; source: string }[] = [];
  const shareOf = (source: string) => model.filter((entry) => entry.source === source).length;
  for (let item = 0; item < 10_000; item++) {
    places.nextPhase();
    if (random(3) === 0 && model.length > 0) {
      const { item: gone } = model[random(model.length)] as { item: number };
      expect(places.release(gone)).toBe(true);
      model = model.filter((entry) => entry.item !== gone);
      continue;
    }
    const source = `s${random(random(8) + 1)}`;
    const largest = Math.max(0, ...model.map((entry) => shareOf(entry.source)));
    const taken = places.take(item, source);
    if (model.length < 50) {
      expect(taken).toBe("free");
    } else {
      const { evicted } = taken as { evicted: number };
      const victim = model.find((entry) => entry.item === evicted) as { source: string };
      expect(shareOf(victim.source)).toBe(largest);
      expect(model.find((entry) => entry.source === victim.source)?.item).toBe(evicted);
      model = model.filter((entry) => entry.item !== evicted);
    }
    model.push({ item, source });
    expect(places.count).toBe(model.length);
    expect(places.metrics.largestShare).toBe(Math.max(...model.map((entry) => shareOf(entry.source))));
  }
});
