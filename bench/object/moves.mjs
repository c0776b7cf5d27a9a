// Objects on a square ground, of which a part moves in each tick; the first ones are the players' characters.
import { seededRandom } from "../../dist/testing/index.js";

const SIDE = 1000;
const STEP = 3;

export class Moves {
  constructor({ objects, seen, moving, seed = 1 }) {
    this.random = seededRandom(seed);
    this.count = Math.floor(objects * moving);
    this.objects = objects;
    this.enter = SIDE * Math.sqrt(seen / objects / Math.PI);
    this.sight = { enter: this.enter, leave: 1.1 * this.enter };
    this.x = Float32Array.from({ length: objects }, () => this.random() * SIDE);
    this.y = Float32Array.from({ length: objects }, () => this.random() * SIDE);
    this.moved = new Int32Array(this.count);
  }

  /** Goes on by a tick: `moved` has those that have moved. */
  next() {
    const start = Math.floor(this.random() * this.objects);
    for (let step = 0; step < this.count; step++) {
      // 7 has no divisor in common with the numbers of objects.
      const item = (start + step * 7) % this.objects;
      this.moved[step] = item;
      this.x[item] = this.#moved(this.x[item]);
      this.y[item] = this.#moved(this.y[item]);
    }
  }

  #moved(coordinate) {
    const to = coordinate + (this.random() - 0.5) * 2 * STEP;
    return to < 0 ? to + 2 * STEP : to >= SIDE ? to - 2 * STEP : to;
  }
}
