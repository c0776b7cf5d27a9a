import { describe, expect, test } from "vitest";
import { CustomRule } from "../../../lib/object/interest/custom-rule.js";
import { DistanceRule } from "../../../lib/object/interest/distance-rule.js";
import { GridRule } from "../../../lib/object/interest/grid-rule.js";
import { GroupRule } from "../../../lib/object/interest/group-rule.js";
import { PlayerSets } from "../../../lib/object/interest/player-sets.js";
import { FIRST_RULE, Reason, Visibility } from "../../../lib/object/interest/visibility.js";
import { seededRandom } from "../../../lib/testing/index.js";

type Place = { x: number; y: number; z: number };

const RULE = 1 << FIRST_RULE;
const OTHER_RULE = 1 << (FIRST_RULE + 1);

/** The changes since the last call: +player:item, -player:item. */
function changes(visibility: Visibility): string[] {
  const told: string[] = [];
  visibility.takeChanges({
    entered: (player, item) => told.push(`+${player}:${item}`),
    left: (player, item) => told.push(`-${player}:${item}`),
  });
  return told.sort();
}

describe("Visibility", () => {
  test("one reason is enough, and Hide wins over all", () => {
    const visibility = new Visibility();
    visibility.set(1, 5, RULE, true);
    visibility.set(1, 5, OTHER_RULE, true);
    expect(changes(visibility)).toEqual(["+1:5"]);
    visibility.set(1, 5, RULE, false);
    expect([changes(visibility), visibility.sees(1, 5)]).toEqual([[], true]);
    for (const reason of [Reason.Show, Reason.Owner]) visibility.set(1, 5, reason, true);
    visibility.set(1, 5, Reason.Hide, true);
    expect([changes(visibility), visibility.sees(1, 5)]).toEqual([["-1:5"], false]);
    visibility.set(1, 5, OTHER_RULE, false);
    visibility.set(1, 5, Reason.Owner, false);
    visibility.set(1, 5, Reason.Hide, false);
    expect(changes(visibility)).toEqual(["+1:5"]);
    visibility.set(1, 5, Reason.Show, false);
    expect(changes(visibility)).toEqual(["-1:5"]);
    expect(visibility.countOf(1)).toBe(0);
  });

  test("what comes and goes between two calls is not told", () => {
    const visibility = new Visibility();
    visibility.set(1, 5, RULE, true);
    visibility.set(1, 5, RULE, false);
    visibility.set(2, 5, RULE, true);
    expect(changes(visibility)).toEqual(["+2:5"]);
    visibility.set(2, 5, RULE, false);
    visibility.set(2, 5, OTHER_RULE, true);
    expect(changes(visibility)).toEqual([]);
  });

  test("what the sink sets is told with the next call", () => {
    const visibility = new Visibility();
    visibility.set(1, 5, RULE, true);
    visibility.takeChanges({ entered: () => visibility.set(1, 6, RULE, true), left: () => {} });
    expect(changes(visibility)).toEqual(["+1:6"]);
  });

  test("of objects and players that are gone nothing is told, and their numbers can be used again", () => {
    const visibility = new Visibility();
    for (const player of [1, 2]) for (const item of [5, 6]) visibility.set(player, item, RULE, true);
    changes(visibility);
    visibility.removeItem(5);
    visibility.removePlayer(2);
    expect(changes(visibility)).toEqual([]);
    expect([visibility.sees(1, 5), visibility.sees(2, 6), visibility.sees(1, 6)]).toEqual([false, false, true]);
    visibility.set(1, 5, RULE, true);
    visibility.set(2, 6, RULE, true);
    expect(changes(visibility)).toEqual(["+1:5", "+2:6"]);
  });
});

test("PlayerSets is like sets, under random changes", () => {
  const random = seededRandom(4);
  const sets = new PlayerSets();
  const expected = Array.from({ length: 300 }, () => new Set<number>());
  for (let step = 0; step < 20_000; step++) {
    const item = Math.floor(random() * Math.min(300, 1 + step / 10));
    const player = Math.floor(random() * Math.min(200, 1 + step / 20));
    const set = expected[item] as Set<number>;
    const adds = random() < 0.6;
    adds ? sets.add(item, player) : sets.delete(item, player);
    adds ? set.add(player) : set.delete(player);
    expect(sets.has(item, player)).toBe(set.has(player));
  }
  for (const [item, set] of expected.entries()) {
    const players: number[] = [];
    for (let player = sets.next(item, -1); player >= 0; player = sets.next(item, player)) players.push(player);
    expect(players).toEqual([...set].sort((a, b) => a - b));
  }
  expect([sets.next(100_000, -1), sets.has(100_000, 3), sets.has(0, 100_000)]).toEqual([-1, false, false]);
});

describe("GroupRule", () => {
  test("shows a player the objects of the groups that it has joined", () => {
    const visibility = new Visibility();
    const teams = new GroupRule<string>(visibility, RULE);
    teams.setGroup(5, "red");
    teams.setGroup(6, "blue");
    teams.join(1, "red");
    teams.join(2, "blue");
    teams.join(2, "red");
    expect(changes(visibility)).toEqual(["+1:5", "+2:5", "+2:6"]);
    teams.setGroup(5, "blue");
    expect(changes(visibility)).toEqual(["-1:5"]);
    teams.leave(2, "blue");
    expect(changes(visibility)).toEqual(["-2:5", "-2:6"]);
    teams.setGroup(5, undefined);
    teams.setGroup(5, "red");
    expect(changes(visibility)).toEqual(["+1:5", "+2:5"]);
    teams.removeItem(5);
    teams.removePlayer(1);
    expect(changes(visibility)).toEqual(["-1:5", "-2:5"]);
  });
});

describe("CustomRule", () => {
  test("asks its function for each pair", () => {
    const visibility = new Visibility();
    let parity = 0;
    const rule = new CustomRule(visibility, RULE, (player, item) => (player + item) % 2 === parity);
    for (const item of [4, 5]) rule.addItem(item);
    for (const player of [1, 2]) rule.addPlayer(player);
    rule.update();
    expect(changes(visibility)).toEqual(["+1:5", "+2:4"]);
    parity = 1;
    rule.update();
    expect(changes(visibility)).toEqual(["+1:4", "+2:5", "-1:5", "-2:4"]);
    rule.removeItem(5);
    rule.removePlayer(1);
    expect(changes(visibility)).toEqual(["-1:4", "-2:5"]);
  });
});

describe("DistanceRule", () => {
  test("each object has distances of its own", () => {
    const visibility = new Visibility();
    const rule = new DistanceRule(visibility, RULE);
    rule.setDistances(5, { enter: 10, leave: 12 });
    rule.setDistances(6, { enter: 100, leave: 110 });
    for (const item of [5, 6]) rule.moveItem(item, [50, -50, 3]);
    rule.moveCentre(1, [50, -50, -8]);
    expect(changes(visibility)).toEqual(["+1:6"]);
    rule.moveCentre(1, [50, -50, -6]);
    expect(changes(visibility)).toEqual(["+1:5"]);
    rule.moveItem(5, [50, -50, 5]);
    expect(changes(visibility)).toEqual([]);
    rule.moveItem(5, [50, -50, 7]);
    expect(changes(visibility)).toEqual(["-1:5"]);
    rule.removeItem(6);
    expect(changes(visibility)).toEqual(["-1:6"]);
    rule.moveItem(5, [50, -50, 0]);
    rule.removeCentre(1);
    expect(changes(visibility)).toEqual([]);
  });
});

describe("GridRule", () => {
  test("a hidden object that moves away is not seen when it is no longer hidden", () => {
    const visibility = new Visibility();
    const grid = new GridRule(visibility, RULE, { enter: 10, leave: 11 });
    grid.moveCentre(1, [0, 0, 0]);
    grid.moveItem(5, [1, 1, 0]);
    visibility.set(1, 5, Reason.Hide, true);
    grid.moveItem(5, [100, 100, 0]);
    visibility.set(1, 5, Reason.Hide, false);
    expect([changes(visibility), visibility.sees(1, 5)]).toEqual([[], false]);
  });

  test("a player without a centre sees nothing, nor does anybody see a removed object", () => {
    const visibility = new Visibility();
    const grid = new GridRule(visibility, RULE, { enter: 10, leave: 11 });
    for (const player of [1, 2]) grid.moveCentre(player, [-5, -5, 0]);
    for (const item of [5, 6]) grid.moveItem(item, [-1, -1, 0]);
    changes(visibility);
    grid.removeCentre(1);
    grid.removeItem(6);
    expect(changes(visibility)).toEqual(["-1:5", "-1:6", "-2:6"]);
    grid.moveItem(5, [-2, -2, 0]);
    grid.moveCentre(2, [-1, -1, 0]);
    expect(changes(visibility)).toEqual([]);
  });

  test("it does not matter who forgets a player or an object first", () => {
    const visibility = new Visibility();
    const grid = new GridRule(visibility, RULE, { enter: 10, leave: 11 });
    for (const player of [1, 2]) grid.moveCentre(player, [0, 0, 0]);
    for (const item of [5, 6]) grid.moveItem(item, [0, 0, 0]);
    visibility.removePlayer(1);
    grid.removeCentre(1);
    visibility.removeItem(5);
    grid.removeItem(5);
    expect(changes(visibility)).toEqual(["+2:6"]);
    grid.moveCentre(1, [0, 0, 0]);
    grid.moveItem(5, [0, 0, 0]);
    expect(changes(visibility)).toEqual(["+1:5", "+1:6", "+2:5"]);
  });

  test("is like comparing every pair, with hysteresis, in a world without bounds", () => {
    const random = seededRandom(9);
    const visibility = new Visibility();
    const grid = new GridRule(visibility, RULE, { enter: 20, leave: 24 });
    const ITEMS = 200;
    const PLAYERS = 20;
    const place = () => ({ x: (random() - 0.5) * 400, y: (random() - 0.5) * 400, z: random() * 10 });
    const items = Array.from({ length: ITEMS }, place);
    const centres = Array.from({ length: PLAYERS }, place);
    const seen = new Set<string>();
    const told = new Set<string>();
    let entered = 0;
    const compare = (player: number, item: number) => {
      const [a, b] = [centres[player], items[item]] as [Place, Place];
      const distance = Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z);
      if (distance < 20) seen.add(`${player}:${item}`);
      if (distance > 24) seen.delete(`${player}:${item}`);
    };
    const all = (count: number) => Array.from({ length: count }, (_, index) => index);
    for (const player of all(PLAYERS)) {
      const { x, y, z } = centres[player] as (typeof centres)[number];
      grid.moveCentre(player, [x, y, z]);
    }
    for (const item of all(ITEMS)) {
      const { x, y, z } = items[item] as (typeof items)[number];
      grid.moveItem(item, [x, y, z]);
      for (const player of all(PLAYERS)) compare(player, item);
    }
    for (let step = 0; step < 5000; step++) {
      const list = random() < 0.2 ? centres : items;
      const index = Math.floor(random() * list.length);
      const one = list[index] as (typeof items)[number];
      // Most moves are short ones, some go anywhere, a few very far away.
      if (random() < 0.9) Object.assign(one, { x: one.x + random() * 8 - 4, y: one.y + random() * 8 - 4 });
      else Object.assign(one, place(), random() < 0.1 ? { x: 1e12, y: -1e12 } : {});
      if (list === items) {
        grid.moveItem(index, [one.x, one.y, one.z]);
        for (const player of all(PLAYERS)) compare(player, index);
      } else {
        grid.moveCentre(index, [one.x, one.y, one.z]);
        for (const item of all(ITEMS)) compare(index, item);
      }
      visibility.takeChanges({
        entered: (player, item) => {
          told.add(`${player}:${item}`);
          entered++;
        },
        left: (player, item) => expect(told.delete(`${player}:${item}`)).toBe(true),
      });
      if (step % 50 === 0) expect([...told].sort()).toEqual([...seen].sort());
    }
    expect(entered).toBeGreaterThan(400);
  });
});
