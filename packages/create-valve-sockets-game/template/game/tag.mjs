// The rules, which only the server knows: one runner is "it"; whoever it touches is "it" next.
import { ServerObjectManager } from "valve-sockets/object";
import { FIELD, parts, RADIUS, RunnerPrefab, TICK_RATE } from "./game.mjs";

/** So long the new "it" catches nobody. */
const PAUSE_TICKS = TICK_RATE;

export class Tag {
  objects;
  /** The runner of each player. */
  runners = new Map();
  #random;
  #pause = 0;

  constructor(server, random = Math.random) {
    this.#random = random;
    this.objects = new ServerObjectManager(server, parts);
    // Once for each player; a player that lost its connection and came back still has its runner.
    server.on("authenticated", (player) => this.#enter(player));
    server.on("disconnected", (player) => this.#leave(player));
    server.on("ticked", () => this.#tick());
  }

  /** The runner that is "it"; undefined on an empty field. */
  get it() {
    return [...this.runners.values()].find(({ isIt }) => isIt);
  }

  #enter(player) {
    const init = ({ runner }) =>
      Object.assign(runner, { isIt: !this.it, position: { x: this.#random() * FIELD.x, y: this.#random() * FIELD.y } });
    this.runners.set(player, this.objects.spawn(RunnerPrefab, { owner: player, init }).runner);
  }

  #leave(player) {
    const runner = this.runners.get(player);
    if (!runner) return;
    this.runners.delete(player);
    runner.identity.destroy();
    const [next] = this.runners.values();
    if (runner.isIt && next) next.isIt = true;
  }

  #tick() {
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    const { it } = this;
    const caught = [...this.runners.values()].find((runner) => runner !== it && isTouching(runner, it));
    if (!caught) return;
    it.catches++;
    it.isIt = false;
    caught.isIt = true;
    this.#pause = PAUSE_TICKS;
  }
}

const isTouching = (one, other) =>
  Math.hypot(one.position.x - other.position.x, one.position.y - other.position.y) < 2 * RADIUS;
