// A client that plays: the same for a person in a browser and for a bot in Node.js.
import { NetworkClient } from "valve-sockets/message";
import { ClientObjectManager } from "valve-sockets/object";
import { parts, protocol, RunnerPrefab, running } from "./game.mjs";

export class Player {
  client;
  world;
  /** Its own runner; null while it has none. */
  runner = null;
  /** All runners. */
  runners = new Set();

  /**
   * @param name what the others read
   * @param sample gives the input of each tick, `{ x, y }`, each from -1 to 1
   */
  constructor(name, sample, socketFactory) {
    this.name = name;
    this.client = new NetworkClient({ protocol, socketFactory, reconnect: true });
    this.world = new ClientObjectManager(this.client, parts);
    this.world.onSpawned(RunnerPrefab, ({ runner, identity }) => {
      this.runners.add(runner);
      if (!identity.isOwner) return;
      this.runner = runner;
      runner.name = this.name;
      running.control(runner, sample);
    });
    this.world.on("unspawned", ({ behaviours: { runner } }) => {
      this.runners.delete(runner);
      if (runner === this.runner) this.runner = null;
    });
  }

  rename(name) {
    this.name = name;
    if (this.runner) this.runner.name = name;
  }
}
