import { expect, test } from "vitest";
import type { NetworkIdentity } from "../../../lib/object/index.js";
import type { MemorySocketKind } from "../../../lib/socket/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { type AnyEngine, type AnyShip, type ObjectEnd, ObjectWorld, ShipPrefab } from "../../support/object-world.js";

const CLIENTS = 5;
const OPERATIONS = 150;

/** What a player may know of an object, by its role. */
function valuesOf(identity: NetworkIdentity, isOwner: boolean) {
  const { ship, engine } = identity.behaviours as unknown as { ship: AnyShip; engine: AnyEngine };
  return {
    name: ship.name,
    health: ship.health,
    position: { ...ship.position },
    heading: ship.heading,
    aim: ship.aim,
    power: engine.power,
    heat: engine.heat,
    ...(isOwner ? { ammo: ship.ammo } : { rumour: ship.rumour }),
  };
}

class Model {
  readonly world: ObjectWorld;
  readonly random: () => number;
  readonly hidden = new Map<NetworkIdentity, Set<ObjectEnd>>();
  readonly ends: ObjectEnd[] = [];

  constructor(seed: number, kind: MemorySocketKind, loss: number) {
    this.random = seededRandom(seed);
    this.world = new ObjectWorld({ kind, lag: { loss, latencyMs: 20, jitterMs: 10, reorder: loss / 3 }, seed });
  }

  pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.random() * of.length)] as T;
  }

  step(): void {
    const { objects } = this.world;
    const all = objects.objects;
    const number = (max: number) => Math.floor(this.random() * max);
    if (all.length === 0 || (all.length < 12 && this.random() < 0.1)) {
      const owner = this.random() < 0.5 ? this.pick(this.ends).player : null;
      const { identity } = objects.spawn(ShipPrefab, {
        owner,
        init: ({ ship }) => {
          ship.name = `s${number(99)}`;
          ship.health = number(256);
        },
      });
      this.hidden.set(identity, new Set());
      return;
    }
    const identity = this.pick(all);
    const { ship, engine } = identity.behaviours as unknown as { ship: AnyShip; engine: AnyEngine };
    const end = this.pick(this.ends);
    const choice = number(14);
    if (choice === 0) ship.health = number(256);
    else if (choice === 1) ship.ammo = number(60_000);
    else if (choice === 2) ship.rumour = number(256);
    else if (choice <= 5) ship.position.x = number(60_000);
    else if (choice === 6) engine.heat = number(60_000);
    else if (choice === 7) engine.power = number(256);
    else if (choice === 8 && this.random() < 0.5) identity.destroy();
    else if (choice === 9) identity.setOwner(this.random() < 0.3 ? null : end.player);
    else if (choice === 10) {
      identity.hide(end.player);
      this.hidden.get(identity)?.add(end);
    } else if (choice === 11) {
      identity.show(end.player);
      this.hidden.get(identity)?.delete(end);
    } else {
      // An owner sets its own.
      const seen = end.world.get(identity.netId);
      if (!seen?.isOwner) return;
      const own = seen.behaviours.ship as AnyShip;
      if (choice === 12) own.heading = number(1200);
      else own.aim = number(60_000);
    }
  }

  check(): void {
    for (const end of this.ends) {
      const expected = this.world.objects.objects.filter((identity) => !this.hidden.get(identity)?.has(end));
      const of = (identity: NetworkIdentity) => {
        const isOwner = this.world.objects.get(identity.netId)?.owner === end.player;
        return [identity.netId, isOwner, valuesOf(identity, isOwner)] as const;
      };
      const sorted = (all: readonly NetworkIdentity[]) => all.map(of).sort((a, b) => a[0] - b[0]);
      expect(sorted(end.world.objects)).toEqual(sorted(expected));
      for (const identity of end.world.objects) {
        expect(identity.isOwner).toBe(this.world.objects.get(identity.netId)?.owner === end.player);
      }
    }
  }
}

const profiles = ["datagram", "reliable-lanes", "stream"] as const;
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(seeds)("seed %i: after random operations each client has exactly what it may see", async (seed) => {
  const kind = profiles[seed % profiles.length] as MemorySocketKind;
  const model = new Model(seed, kind, [0, 0.05, 0.3][seed % 3 === 0 ? 2 : seed % 2] as number);
  await model.world.server.start();
  for (let index = 0; index < CLIENTS; index++) model.ends.push(await model.world.enter());
  for (let index = 0; index < OPERATIONS; index++) {
    model.step();
    if (model.random() < 0.5) await model.world.run(10, 10);
  }
  await model.world.run(6000, 10);
  expect([model.world.errors, model.world.failures, model.world.warnings]).toEqual([[], [], []]);
  model.check();
});
