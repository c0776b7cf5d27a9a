import { NetworkClient } from "valve-sockets/message";
import { ClientObjectManager } from "valve-sockets/object";
import * as rules from "./rules.mjs";

const KEPT_SHOTS = 300;

/** A client that plays: the same for a person in a browser and for a bot in Node.js. */
export class Player {
  client;
  world;
  ship = null;
  pilot = null;
  /** The ships and pick-ups that it sees, and all pilots. */
  ships = new Set();
  pickUps = new Set();
  pilots = new Set();
  /** Its own shots: the tick, what it saw, and what the server says; undefined until then. */
  shots = [];

  /** @param sample gives the input of each tick while there is a ship */
  constructor(name, sample, options) {
    this.client = new NetworkClient({ ...options, protocol: rules.protocol });
    this.world = new ClientObjectManager(this.client, rules.parts);
    this.world.onSpawned(rules.PilotPrefab, ({ pilot, identity }) => {
      this.pilots.add(pilot);
      if (identity.isOwner) this.pilot = Object.assign(pilot, { name });
    });
    this.world.onSpawned(rules.PickUpPrefab, ({ pickUp }) => this.pickUps.add(pickUp));
    this.world.onSpawned(rules.ShipPrefab, ({ ship, identity }) => {
      this.ships.add(ship);
      ship.onShot = (shot) => this.#seen(ship, shot);
      if (!identity.isOwner) return;
      this.ship = ship;
      ship.onFire = (tick) => this.#fire(tick);
      rules.flying.control(ship, sample);
    });
    this.world.on("unspawned", ({ behaviours: { pickUp, pilot, ship } }) => {
      this.pickUps.delete(pickUp);
      this.pilots.delete(pilot);
      this.ships.delete(ship);
      if (ship === this.ship) this.ship = null;
    });
  }

  /** What somebody draws when a ship shoots. */
  onShot = (_shot) => {};

  #fire(tick) {
    const { ship } = this;
    const { length, hit } = rules.trace(ship, ship.aim, this.ships, (other) => other.shown.position);
    this.shots.push({ tick, saw: hit?.identity.netId ?? 0 });
    if (this.shots.length > KEPT_SHOTS) this.shots.shift();
    this.onShot({ ship, tick, aim: ship.aim, length, hit });
  }

  #seen(ship, { tick, aim, length, target }) {
    if (ship !== this.ship) return this.onShot({ ship, tick, aim, length, hit: this.#shipOf(target) });
    const own = this.shots.findLast((shot) => shot.tick === tick);
    if (own) own.hit = target;
  }

  #shipOf(netId) {
    return this.world.get(netId)?.behaviours.ship ?? null;
  }
}
