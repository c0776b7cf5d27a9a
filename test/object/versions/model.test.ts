import { expect, test } from "vitest";
import type { NetworkIdentity } from "../../../lib/object/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { befriend, GameVersion, OPTIONAL, type ShipParts, shipOf, VersionWorld } from "../../support/game-version.js";
import type { ObjectEnd } from "../../support/object-world.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const SEEDS = Array.from({ length: IS_STRESS ? 300 : 20 }, (_, index) => index + 1);
const OPERATIONS = IS_STRESS ? 600 : 150;
const losses = [0, 0.05, 0.2];
const kinds = ["datagram", "reliable-lanes", "stream"] as const;
const NOT_SET = { accent: 0, bearing: 0, glide: 0, lookout: 0, secret: 0, trail: 0, zoom: 0 };

type Member = keyof ShipParts;

/** Every version of these sees of a server's objects what both have, after random operations under loss. */
class VersionModel {
  readonly world: VersionWorld;
  readonly ends: (ObjectEnd & { version: GameVersion })[] = [];
  readonly #random: () => number;
  /** What was called, by object and end. */
  readonly #called = new Map<NetworkIdentity, Map<ObjectEnd, string[]>>();
  #calls = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const loss = losses[seed % losses.length] as number;
    const lag = { loss, latencyMs: 20, jitterMs: 10, reorder: loss / 3 };
    const kind = kinds[seed % kinds.length] as (typeof kinds)[number];
    this.world = new VersionWorld(this.#version(), { kind, lag, seed, tickRate: 50 });
  }

  /** One with some of the optional parts, with all, or with none. */
  #version(): GameVersion {
    const share = [0, 0.5, 0.5, 0.9, 1][this.#number(5)] as number;
    return new GameVersion(OPTIONAL.filter(() => this.#random() < share));
  }

  #number(max: number): number {
    return Math.floor(this.#random() * max);
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.#number(of.length)] as T;
  }

  async start(): Promise<void> {
    await this.world.server.start();
    for (let index = 0; index < 4; index++) {
      const version = this.#version();
      const meet = () => this.world.meet(version);
      const end = await meet().catch(meet);
      if (index % 2 === 0) befriend(end.player);
      this.ends.push({ ...end, version });
    }
  }

  has(name: string): boolean {
    return this.world.version.has.has(name);
  }

  #spawn(): void {
    const { objects, version } = this.world;
    const prefabs = [version.ship, version.ship, version.anchor, version.whale].filter(
      ({ name }) => name === "ship" || this.has(name),
    );
    const owner = this.#random() < 0.6 ? this.#pick(this.ends).player : null;
    const { identity } = objects.spawn(this.#pick(prefabs) as typeof version.ship, { owner });
    this.#called.set(identity, new Map(this.ends.map((end) => [end, []])));
  }

  step(): void {
    const all = this.world.objects.objects;
    if (all.length < 3 || (all.length < 9 && this.#random() < 0.05)) {
      this.#spawn();
      return;
    }
    const identity = this.#pick(all);
    const end = this.#pick(this.ends);
    const choice = this.#number(12);
    if (choice === 0 && this.#random() < 0.3) identity.destroy();
    else if (choice === 1) identity.setOwner(this.#random() < 0.3 ? null : end.player);
    else if (choice <= 3) this.#ownerSets(shipOf(end.world.get(identity.netId)), end);
    else if (choice <= 5) this.#call(identity);
    else this.#set(shipOf(identity));
  }

  #set(ship: ShipParts): void {
    const names = ["health", "position", "accent", "bearing", "glide", "lookout", "secret", "trail"] as const;
    const name = this.#pick([...names, "cargo", "items", "rival", "next"] as const);
    if (!["health", "position", "next"].includes(name) && !this.has(name)) return;
    if (name === "cargo") {
      if (ship.cargo.length < 20) ship.cargo.splice(this.#number(ship.cargo.length + 1), 0, this.#number(999));
      else ship.cargo.splice(3, 9);
    } else if (name === "items") ship.items.set(this.#number(9), this.#number(999));
    else if (name === "rival" || name === "next") {
      ship[name].value = this.#random() < 0.2 ? null : shipOf(this.#pick(this.world.objects.objects));
    } else ship[name] = this.#number(256);
  }

  /** The server calls all who see an object. */
  #call(identity: NetworkIdentity): void {
    const name = this.#random() < 0.5 || !this.has("alarm") ? "hit" : "alarm";
    const number = ++this.#calls % 256;
    // A call spawns nothing that would not be spawned in this tick.
    shipOf(identity)[name](number);
    for (const [end, called] of this.#called.get(identity) ?? []) {
      const { has } = (end as (typeof this.ends)[number]).version;
      if (name === "hit" || has.has("alarm")) called.push(`${name} ${number}`);
    }
  }

  #ownerSets(ship: ShipParts | undefined, { version }: { version: GameVersion }): void {
    if (!ship?.identity.isOwner) return;
    const choice = this.#number(4);
    if (choice === 0) ship.heading = this.#number(999);
    else if (choice === 1 && version.has.has("rudder")) ship.rudder = this.#number(999);
    else if (choice === 2 && version.has.has("sail")) ship.sail = this.#number(999);
    else if (choice === 3 && version.has.has("wishes") && ship.wishes.size < 20) ship.wishes.add(this.#number(99));
  }

  /** What an end must have of an object: what both versions have, and of the rest what it began with. */
  #expected(identity: NetworkIdentity, end: (typeof this.ends)[number]) {
    const ship = shipOf(identity);
    const both = (name: string) => this.has(name) && end.version.has.has(name);
    const isOwner = identity.owner === end.player;
    const isFriend = this.ends.indexOf(end) % 2 === 0;
    const seen = (other: ShipParts | null) => {
      const prefab = other?.identity.prefab ?? "";
      return prefab === "ship" || both(prefab) ? (other?.identity.netId ?? 0) : 0;
    };
    const found: Record<string, unknown> = {
      health: ship.health,
      position: ship.position,
      next: seen(ship.next.value),
    };
    for (const name of Object.keys(NOT_SET) as (keyof typeof NOT_SET)[]) {
      if (!end.version.has.has(name)) continue;
      const isGranted = name === "lookout" ? isOwner : name === "secret" || name === "trail" ? isFriend : true;
      found[name] = both(name) && isGranted ? ship[name] : 0;
    }
    if (end.version.has.has("cargo")) found.cargo = both("cargo") ? [...ship.cargo] : [];
    if (end.version.has.has("items")) found.items = both("items") ? [...ship.items].sort() : [];
    if (end.version.has.has("rival")) found.rival = both("rival") ? seen(ship.rival.value) : 0;
    // What an owner sets that the server does not have is its own.
    for (const name of ["rudder", "sail"] as const) if (both(name)) found[name] = ship[name];
    if (both("wishes")) found.wishes = [...ship.wishes].sort();
    return found;
  }

  #seen(ship: ShipParts, names: readonly string[]) {
    const value = (name: string) => {
      if (name === "next" || name === "rival") return ship[name].value?.identity.netId ?? 0;
      if (name === "cargo") return [...ship.cargo];
      return name === "items" || name === "wishes" ? [...ship[name]].sort() : ship[name as Member];
    };
    return Object.fromEntries(names.map((name) => [name, value(name)]));
  }

  check(): void {
    const { errors, failures, objects, warnings } = this.world;
    expect([errors, failures, warnings]).toEqual([[], [], []]);
    for (const end of this.ends) {
      const expected = objects.objects.filter(
        ({ prefab }) => prefab === "ship" || (this.has(prefab) && end.version.has.has(prefab)),
      );
      const ids = (all: readonly NetworkIdentity[]) => all.map(({ netId }) => netId).sort();
      expect(ids(end.world.objects)).toEqual(ids(expected));
      for (const identity of expected) {
        const wanted = this.#expected(identity, end);
        const ship = shipOf(end.world.get(identity.netId));
        expect(this.#seen(ship, Object.keys(wanted))).toEqual(wanted);
        expect(ship.identity.isOwner).toBe(identity.owner === end.player);
        expect(ship.said).toEqual(this.#called.get(identity)?.get(end));
      }
    }
  }
}

test.each(SEEDS)("seed %i: a server and clients of random versions have the same of what they share", async (seed) => {
  const model = new VersionModel(seed);
  await model.start();
  for (let index = 0; index < OPERATIONS; index++) {
    model.step();
    await model.world.run(10, 10);
  }
  await model.world.run(4000, 10);
  model.check();
});
