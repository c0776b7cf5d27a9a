import { expect, test } from "vitest";
import { type GridCell, grid } from "../../../lib/object/index.js";
import { GridRule } from "../../../lib/object/interest/grid-rule.js";
import { NearCentres } from "../../../lib/object/interest/near-centres.js";
import { FIRST_RULE, Visibility } from "../../../lib/object/interest/visibility.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { ObjectWorld, RockPrefab, ShipPrefab } from "../../support/object-world.js";

const SIDE = 24;
const squareOf = ([x, y]: readonly number[]) => [x, y].map((value) => Math.floor((value as number) / SIDE));

/** What each square has, found by going through all of them. */
function expected(items: ReadonlyMap<number, number[]>, centres: ReadonlyMap<number, number[]>) {
  const [objects, players] = [items, centres].map((places) => [...places.values()].map(squareOf)) as [
    number[][],
    number[][],
  ];
  const keys = new Set([...objects, ...players].map((square) => `${square}`));
  return [...keys].sort().map((key) => {
    const [column, row] = key.split(",").map(Number) as [number, number];
    const isNear = (by: number) => (square: number[]) =>
      Math.abs((square[0] as number) - column) <= by && Math.abs((square[1] as number) - row) <= by;
    return {
      ...{ column, row, objects: objects.filter(isNear(0)).length },
      ...{ players: players.filter(isNear(0)).length, watchers: players.filter(isNear(1)).length },
    };
  });
}

const sorted = (cells: readonly GridCell[]) =>
  cells.toSorted((one, other) => (`${one.column},${one.row}` < `${other.column},${other.row}` ? -1 : 1));

test("the squares of the rule are those in which things are, after any moves", () => {
  const random = seededRandom(39);
  const rule = new GridRule(new Visibility(), 1 << FIRST_RULE, { enter: 20, leave: SIDE });
  const items = new Map<number, number[]>();
  const centres = new Map<number, number[]>();
  for (let step = 0; step < 3000; step++) {
    const isItem = random() < 0.8;
    const key = Math.floor(random() * (isItem ? 300 : 40));
    const place = [(random() - 0.5) * 600, (random() - 0.5) * 600, 0];
    const places = isItem ? items : centres;
    if (random() < 0.2) {
      places.delete(key);
      if (isItem) rule.removeItem(key);
      else rule.removeCentre(key);
    } else {
      places.set(key, place);
      if (isItem) rule.moveItem(key, place);
      else rule.moveCentre(key, place);
    }
    if (step % 100 === 0) expect(sorted(rule.cells())).toEqual(expected(items, centres));
  }
  const counts = rule.cells().map(({ objects }) => objects);
  expect(counts).toEqual(counts.toSorted((one, other) => other - one));
});

test("what is at no number, or farther out than squares have numbers, is in no square", () => {
  const rule = new GridRule(new Visibility(), 1 << FIRST_RULE, { enter: 20, leave: SIDE });
  for (const [key, value] of [Number.NaN, Number.POSITIVE_INFINITY, -1e300].entries()) {
    rule.moveItem(key, [value, 0, 0]);
    rule.moveCentre(key, [0, value, 0]);
  }
  expect(rule.cells()).toEqual([]);
});

test("a centre that is at no number takes no room again and again", () => {
  const centres = new NearCentres(SIDE);
  for (let step = 0; step < 1000; step++) centres.set(3, [Number.NaN, 0, 0]);
  centres.set(4, [0, 0, 0]);
  expect(centres.near([Number.NaN, 0, 0]).length + centres.near([0, 0, 0]).length).toBeLessThanOrEqual(3);
  centres.set(3, [1, 1, 0]);
  expect(centres.near([0, 0, 0]).toSorted()).toEqual([3, 4]);
  centres.set(3, [0, Number.NaN, 0]);
  expect(centres.near([0, 0, 0])).toEqual([4]);
});

test("a manager gives those of its rules, as many as it is asked for", async () => {
  const rules = [grid({ enter: 20, leave: SIDE }), grid({ enter: 50, leave: 100 })];
  const world = new ObjectWorld({ manager: { interest: rules } });
  await world.server.start();
  const { player } = await world.enter();
  for (const x of [1, 2, 30])
    world.objects.spawn(ShipPrefab, { init: ({ ship }) => Object.assign(ship, { position: { x, y: 5 } }) });
  world.objects.spawn(RockPrefab); // is nowhere
  world.objects.focus(player, { x: 55, y: 0 });
  await world.run(100);
  expect(world.objects.interestGrids()).toEqual([
    {
      ...{ side: SIDE, count: 3 },
      cells: [
        { column: 0, row: 0, objects: 2, players: 0, watchers: 0 },
        { column: 1, row: 0, objects: 1, players: 0, watchers: 1 },
        { column: 2, row: 0, objects: 0, players: 1, watchers: 1 },
      ],
    },
    { side: 100, count: 1, cells: [{ column: 0, row: 0, objects: 3, players: 1, watchers: 1 }] },
  ]);
  expect(world.objects.interestGrids(1)[0]).toMatchObject({ count: 3, cells: [{ objects: 2 }] });
  for (const wrong of [0, 1.5, Number.NaN, "3"]) expect(() => world.objects.interestGrids(wrong as never)).toThrow();
  world.objects.focus(player, null);
  await world.run(100);
  expect(world.objects.interestGrids()[0]).toMatchObject({ count: 2 });
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
});
