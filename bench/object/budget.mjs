// A crowd: every player sees every object, all change in each tick, and a part of them fits.
import { Budget } from "../../dist/object/budget/budget.js";
import { PlayerMarks } from "../../dist/object/budget/player-marks.js";
import { seededRandom } from "../../dist/testing/index.js";
import { medianNs } from "./clock.mjs";

/** Nanoseconds a pair of player and object in a tick. */
export function crowd({ objects = 1000, players = 200, budgetBytes = 1200, seconds = 1 } = {}) {
  const random = seededRandom(5);
  const budget = new Budget();
  const bytes = new Uint8Array(2 * budgetBytes);
  let sentBytes = 0;
  const sink = {
    bytesOf: () => 10,
    send(item) {
      bytes[sentBytes++] = item;
    },
  };
  const all = Array.from({ length: players }, () => {
    const marks = new PlayerMarks();
    for (let item = 0; item < objects; item++) {
      marks.mark(item, 1, 0);
      marks.setWeight(item, 0.05 + random() ** 3);
    }
    return marks;
  });
  const tickNs = medianNs((tick) => {
    for (const marks of all) {
      sentBytes = 0;
      for (let item = 0; item < objects; item++) marks.mark(item, 3, tick);
      budget.send(marks, tick, budgetBytes, sink);
    }
  }, seconds);
  return { pair: tickNs / (players * objects), tick: tickNs };
}
