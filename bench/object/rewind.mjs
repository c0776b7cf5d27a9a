// Recording what changed in a tick, and setting objects back for a function.
import { numberShape } from "../../dist/object/behaviour/number-shape.js";
import { History } from "../../dist/object/rewind/history.js";
import { Rewind } from "../../dist/object/rewind/rewind.js";
import { vec2 } from "../../dist/serialization/index.js";
import { seededRandom } from "../../dist/testing/index.js";
import { callMs } from "./clock.mjs";

/** Microseconds to record the changes of a tick, and to set `seen` objects back and restore them. */
export function rewind({ objects = 10_000, changes = 1000, seen = 100, seconds = 1 } = {}) {
  const random = seededRandom(2);
  const history = new History();
  const shapes = [numberShape(vec2(), {})];
  const x = Float64Array.from({ length: objects }, () => 1000 * random());
  const y = Float64Array.from({ length: objects }, () => 1000 * random());
  const values = new Float64Array(2);
  const note = (item, tick) => {
    values[0] = x[item];
    values[1] = y[item];
    history.record(item, tick, values);
  };
  for (let item = 0; item < objects; item++) {
    history.add(item, shapes);
    note(item, 0);
  }
  let tick = 0;
  const change = () => {
    tick++;
    const start = Math.floor(random() * objects);
    for (let step = 0; step < changes; step++) {
      const item = (start + step * 7) % objects;
      x[item] += random() - 0.5;
      y[item] += random() - 0.5;
      note(item, tick);
    }
  };
  const recordMs = callMs(change, seconds / 2);
  const target = {
    get(item, into) {
      into[0] = x[item];
      into[1] = y[item];
    },
    set(item, from) {
      x[item] = from[0];
      y[item] = from[1];
    },
  };
  const one = new Rewind(history, target);
  const items = Int32Array.from({ length: seen }, () => Math.floor(random() * objects));
  let sum = 0;
  const look = () => {
    for (const item of items) sum += x[item];
  };
  const ticks = new Float64Array(seen).fill(tick - 6.4);
  const rewindMs = callMs(() => one.look(items, ticks, seen, look), seconds / 2);
  if (!(sum > 0)) throw new Error("nothing was looked at");
  return { record: 1000 * recordMs, rewind: 1000 * rewindMs };
}
