// Who sees what in a crowd that moves: a part of the objects moves each tick, the first ones are the players' centres.
import { GridRule } from "../../dist/object/interest/grid-rule.js";
import { FIRST_RULE, Visibility } from "../../dist/object/interest/visibility.js";
import { seededRandom } from "../../dist/testing/index.js";
import { medianNs } from "./clock.mjs";

const SIDE = 1000;

/** Nanoseconds a move; `visible` objects are seen by a player on average. */
export function grid({ objects = 10_000, players = 200, visible = 100, moving = 0.1, seconds = 1 } = {}) {
  const random = seededRandom(3);
  const enter = SIDE * Math.sqrt(visible / objects / Math.PI);
  const visibility = new Visibility();
  const rule = new GridRule(visibility, 1 << FIRST_RULE, { enter, leave: 1.1 * enter });
  const x = Float64Array.from({ length: objects }, () => random() * SIDE);
  const y = Float64Array.from({ length: objects }, () => random() * SIDE);
  const move = (item) => {
    rule.moveItem(item, x[item], y[item]);
    if (item < players) rule.moveCentre(item, x[item], y[item]);
  };
  for (let item = 0; item < objects; item++) move(item);
  let changes = 0;
  const sink = { entered: () => void changes++, left: () => void changes++ };
  visibility.takeChanges(sink);
  changes = 0;
  const moves = Math.floor(objects * moving);
  let ticks = 0;
  const tickNs = medianNs(() => {
    const start = Math.floor(random() * objects);
    for (let step = 0; step < moves; step++) {
      const item = (start + step * 7) % objects;
      x[item] = Math.min(SIDE, Math.max(0, x[item] + (random() - 0.5) * 6));
      y[item] = Math.min(SIDE, Math.max(0, y[item] + (random() - 0.5) * 6));
      move(item);
    }
    visibility.takeChanges(sink);
    ticks++;
  }, seconds);
  return { move: tickNs / moves, tick: tickNs, changes: changes / ticks };
}
