import { RANGE, trace } from "./rules.mjs";

const IDLE = { x: 0, y: 0, aim: 0, fire: false };

/** Plays by itself: it goes for pick-ups, shoots at the nearest ship, and keeps moving. */
export class Autopilot {
  #random;
  #way = { x: 0, y: 0 };
  #ticks = 0;
  #aside = 0;

  constructor(random) {
    this.#random = random;
  }

  /** The input of one tick of `player`. */
  sample({ ship, ships, pickUps }) {
    if (!ship) return IDLE;
    if (this.#ticks-- <= 0) this.#turn(ship, pickUps);
    const target = nearest(ship, ships);
    if (!target) return { ...this.#way, aim: ship.aim, fire: false };
    const { x, y } = target.shown.position;
    const aim = (Math.atan2(y - ship.position.y, x - ship.position.x) * 180) / Math.PI + this.#aside;
    // It sees no better than a person does: rocks are in the way, and it aims beside the target now and then.
    const fire = trace(ship, aim, [target], (other) => other.shown.position).length < RANGE - 2;
    return { ...this.#way, aim, fire };
  }

  /** Finds another way to go, for half a second or more. */
  #turn(ship, pickUps) {
    this.#ticks = 15 + Math.floor(30 * this.#random());
    this.#aside = 16 * this.#random() ** 2 - 4;
    const goal = this.#random() < 0.7 ? nearest(ship, pickUps) : null;
    const angle = goal
      ? Math.atan2(goal.position.y - ship.position.y, goal.position.x - ship.position.x)
      : 2 * Math.PI * this.#random();
    this.#way = { x: Math.round(Math.cos(angle)), y: Math.round(Math.sin(angle)) };
  }
}

function nearest(ship, others) {
  let [found, least] = [null, Infinity];
  for (const other of others) {
    const [x, y] = [other.position.x - ship.position.x, other.position.y - ship.position.y];
    const distance = x * x + y * y;
    if (other !== ship && distance < least) [found, least] = [other, distance];
  }
  return found;
}
