import { grid, groups, ServerObjectManager } from "valve-sockets/object";
import * as rules from "./rules.mjs";

const DAMAGE = 20;
const PICK_UP_COUNT = 14;
const REACH = 2;
const [RESPAWN_TICKS, CHARGED_TICKS, GROW_TICKS] = [2, 6, 5].map((seconds) => seconds * rules.TICK_RATE);
/** Players see what is this near, and all pilots. */
const SIGHT = { enter: 45, leave: 50 };

/** The server's side: who plays, what shots hit, and what lies around. */
export class Arena {
  objects;
  #server;
  #random;
  /** The pilot of each player. */
  #pilots = new Map();
  #ships = new Set();
  #pickUps = new Set();
  /** What happens at a tick: functions by tick. */
  #plans = new Map();

  constructor(server, random = Math.random) {
    this.#server = server;
    this.#random = random;
    this.objects = new ServerObjectManager(server, { ...rules.parts, interest: [grid(SIGHT), groups()] });
    server.on("started", () => {
      for (let count = 0; count < PICK_UP_COUNT; count++) this.#addPickUp();
    });
    server.on("readied", (player) => this.#enter(player));
    server.on("disconnected", (player) => this.#leave(player));
    server.on("ticked", () => this.#tick());
  }

  #enter(player) {
    // It has come back: what it had is still there.
    if (this.#pilots.has(player)) return;
    const { pilot, identity } = this.objects.spawn(rules.PilotPrefab, { owner: player });
    this.#pilots.set(player, pilot);
    this.objects.setGroup(identity, "pilots");
    this.objects.join(player, "pilots");
    this.#addShip(player);
  }

  #leave(player) {
    const pilot = this.#pilots.get(player);
    if (!pilot) return;
    this.#pilots.delete(player);
    for (const ship of this.#ships) if (ship.pilot.value === pilot) this.#remove(this.#ships, ship);
    pilot.identity.destroy();
  }

  #addShip(player) {
    const pilot = this.#pilots.get(player);
    if (!pilot) return;
    const init = ({ ship }) => Object.assign(ship, { pilot, health: rules.MAX_HEALTH, position: this.#freePlace() });
    const { ship, identity } = this.objects.spawn(rules.ShipPrefab, { owner: player, init });
    ship.onFire = (tick) => this.#shoot(player, ship, tick);
    this.#ships.add(ship);
    this.objects.setCharacter(player, identity);
  }

  /** What the player saw in its sights is hit, wherever it is by now. */
  #shoot(player, ship, tick) {
    const { length, hit } = this.objects.rewind(player, () => rules.trace(ship, ship.aim, this.#ships));
    ship.shot(tick, ship.aim, length, hit?.identity.netId ?? 0);
    if (hit) this.#damage(hit, ship.pilot.value, ship.isCharged ? 2 * DAMAGE : DAMAGE);
  }

  #damage(ship, by, damage) {
    ship.health = Math.max(ship.health - damage, 0);
    if (ship.health > 0) return;
    const { owner } = ship.identity;
    const { position } = ship;
    by.kills++;
    ship.pilot.value.deaths++;
    this.objects.focus(owner, position);
    this.#remove(this.#ships, ship);
    this.#plan(RESPAWN_TICKS, () => {
      if (!this.#pilots.has(owner)) return;
      this.objects.focus(owner, null);
      this.#addShip(owner);
    });
  }

  #tick() {
    for (const plan of this.#plans.get(this.#server.tick) ?? []) plan();
    this.#plans.delete(this.#server.tick);
    for (const ship of this.#ships) {
      for (const pickUp of this.#pickUps) {
        const [x, y] = [pickUp.position.x - ship.position.x, pickUp.position.y - ship.position.y];
        if (x * x + y * y < REACH * REACH) this.#pick(ship, pickUp);
      }
    }
  }

  #pick(ship, pickUp) {
    if (pickUp.kind === "repair") ship.health = Math.min(ship.health + 50, rules.MAX_HEALTH);
    if (pickUp.kind === "star") ship.pilot.value.stars++;
    if (pickUp.kind === "charge") {
      ship.isCharged = true;
      this.#plan(CHARGED_TICKS, () => (ship.isCharged = false));
    }
    this.#remove(this.#pickUps, pickUp);
    this.#plan(GROW_TICKS, () => this.#addPickUp());
  }

  #addPickUp() {
    const kind = rules.PICK_UPS[Math.floor(this.#random() * rules.PICK_UPS.length)];
    const init = ({ pickUp }) => Object.assign(pickUp, { kind, position: this.#freePlace() });
    this.#pickUps.add(this.objects.spawn(rules.PickUpPrefab, { init }).pickUp);
  }

  #remove(from, behaviour) {
    from.delete(behaviour);
    behaviour.identity.destroy();
  }

  #plan(ticks, action) {
    const tick = (this.#server.tick + ticks) >>> 0;
    this.#plans.set(tick, [...(this.#plans.get(tick) ?? []), action]);
  }

  #freePlace() {
    const [x, y] = ["x", "y"].map((axis) => (2 * this.#random() - 1) * rules.HALF[axis]);
    const place = { x, y };
    rules.keepInside(place);
    return place;
  }
}
