import { describe, expect, test } from "vitest";
import type { ObjectPlayer } from "../../../lib/object/server/object-player.js";
import { ViewerSets, type Viewers } from "../../../lib/object/server/viewers.js";
import { seededRandom } from "../../../lib/testing/index.js";

const player = (index: number) => ({ index }) as ObjectPlayer;
const indices = ({ players }: Viewers) => players.map(({ index }) => index);

describe("sets of players that see an object", () => {
  test("with the same players are one, in whatever order they came", () => {
    const sets = new ViewerSets();
    const [a, b, c] = [0, 1, 2].map(player) as [ObjectPlayer, ObjectPlayer, ObjectPlayer];
    const one = sets.add(sets.add(sets.nobody, c), a);
    const other = sets.add(sets.add(sets.add(sets.nobody, a), b), c);
    expect(indices(other)).toEqual([0, 1, 2]);
    expect(sets.remove(other, b)).toBe(one);
    expect(one.objects).toBe(2);
  });

  test("are what a set is, under random changes, and none is kept that no object has", () => {
    const random = seededRandom(4);
    const sets = new ViewerSets();
    const players = Array.from({ length: 40 }, (_, index) => player(index));
    const objects = Array.from({ length: 30 }, () => ({ viewers: sets.nobody, model: new Set<ObjectPlayer>() }));
    for (let step = 0; step < 20_000; step++) {
      const object = objects[Math.floor(random() * objects.length)] as (typeof objects)[number];
      const one = players[Math.floor(random() * players.length)] as ObjectPlayer;
      if (object.model.delete(one)) object.viewers = sets.remove(object.viewers, one);
      else {
        object.model.add(one);
        object.viewers = sets.add(object.viewers, one);
      }
      expect(indices(object.viewers)).toEqual([...object.model].map(({ index }) => index).sort((a, b) => a - b));
    }
    const counts = new Map<Viewers, number>();
    for (const { viewers } of objects) counts.set(viewers, (counts.get(viewers) ?? 0) + 1);
    for (const [viewers, count] of counts) if (viewers !== sets.nobody) expect(viewers.objects).toBe(count);
    for (const object of objects) {
      for (const one of object.model) object.viewers = sets.remove(object.viewers, one);
      expect(object.viewers).toBe(sets.nobody);
    }
    expect(sets.size).toBe(0);
  });
});
