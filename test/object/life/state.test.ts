import { describe, expect, test } from "vitest";
import { definePrefab, NetworkBehaviour, type NetworkIdentity, networked } from "../../../lib/object/index.js";
import { u16 } from "../../../lib/serialization/index.js";
import {
  type AnyEngine,
  type AnyShip,
  type ObjectEnd,
  ObjectWorld,
  RockPrefab,
  ShipPrefab,
} from "../../support/object-world.js";

const shipOf = (identity: NetworkIdentity | null) => identity?.behaviours.ship as AnyShip;
const engineOf = (identity: NetworkIdentity | null) => identity?.behaviours.engine as AnyEngine;

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  test("an object appears with its values, changes and goes", async () => {
    const world = new ObjectWorld({ kind });
    await world.server.start();
    const { player, world: seen, log } = await world.enter();
    const { identity, ship, engine } = world.objects.spawn(ShipPrefab, {
      owner: player,
      init: ({ ship }) => {
        ship.name = "Ada";
        ship.health = 50;
        ship.position = { x: 3, y: 4 };
      },
    });
    await world.run(200);
    const there = seen.get(identity.netId);
    expect(log).toEqual(["worldReady", "spawned ship"]);
    expect(shipOf(there)).toMatchObject({ name: "Ada", health: 50 });
    expect({ ...shipOf(there).position }).toEqual({ x: 3, y: 4 });
    expect(there?.isOwner).toBe(true);
    const heard: unknown[] = [];
    shipOf(there).on("health", (now, before) => heard.push([now, before]));
    ship.health = 20;
    ship.position.x = 1000;
    engine.heat = 7;
    engine.power = 9;
    await world.run(200);
    expect(heard).toEqual([[20, 50]]);
    expect(shipOf(there).health).toBe(20);
    expect({ ...shipOf(there).position }).toEqual({ x: 1000, y: 4 });
    expect(engineOf(there)).toMatchObject({ heat: 7, power: 9 });
    identity.destroy();
    await world.run(200);
    expect(log).toEqual(["worldReady", "spawned ship", "unspawned ship destroyed"]);
    expect(seen.objects).toEqual([]);
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  });
});

test("whoever does not own an object gets nothing that is for its owner, and the other way round", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  const [first, second] = [await world.enter(), await world.enter()];
  const { identity, ship } = world.objects.spawn(ShipPrefab, { owner: first.player });
  ship.ammo = 5;
  ship.rumour = 6;
  await world.run(200);
  const [owned, other] = [first, second].map(({ world }) => shipOf(world.get(identity.netId))) as [AnyShip, AnyShip];
  expect([owned.ammo, owned.rumour, other.ammo, other.rumour]).toEqual([5, 0, 0, 6]);
  ship.ammo = 7;
  ship.rumour = 8;
  await world.run(200);
  expect([owned.ammo, owned.rumour, other.ammo, other.rumour]).toEqual([7, 0, 0, 8]);
  identity.setOwner(second.player);
  await world.run(200);
  expect([owned.rumour, other.ammo]).toEqual([8, 7]);
  expect([owned.identity.isOwner, other.identity.isOwner]).toEqual([false, true]);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("what the server sets of what is the owner's to set reaches the owner, also a new one", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  const [first, second] = [await world.enter(), await world.enter()];
  const { identity, ship } = world.objects.spawn(ShipPrefab, { owner: first.player });
  await world.run(300);
  const seen = () =>
    [first, second].map(({ world }) => {
      const { heading, aim } = shipOf(world.get(identity.netId));
      return [heading, aim];
    });
  Object.assign(ship, { heading: 90, aim: 7 });
  await world.run(300);
  expect(seen()).toEqual([
    [90, 7],
    [90, 7],
  ]);
  Object.assign(ship, { heading: 180, aim: 8 });
  identity.setOwner(second.player);
  Object.assign(ship, { heading: 270, aim: 9 });
  await world.run(300);
  expect(seen()).toEqual([
    [270, 9],
    [270, 9],
  ]);
});

test.each(["ordered", "latest"] as const)(
  "an owner never gets its own older values of a seldom %s member",
  async (delivery) => {
    const Buoy = networked(class extends NetworkBehaviour {}, { height: [u16, { from: "both", every: 8, delivery }] });
    const BuoyPrefab = definePrefab("buoy", { buoy: Buoy });
    const world = new ObjectWorld({ prefabs: [BuoyPrefab], lag: { latencyMs: 40 } });
    await world.server.start();
    const [owner, other] = [await world.enter(), await world.enter()];
    const { identity, buoy } = world.objects.spawn(BuoyPrefab, { owner: owner.player });
    await world.run(500);
    const heightOf = ({ world }: ObjectEnd) => world.get(identity.netId)?.behaviours.buoy as InstanceType<typeof Buoy>;
    const set: number[] = [];
    const had: number[] = [];
    for (let height = 1; height <= 60; height++) {
      heightOf(owner).height = height;
      await world.run(70);
      set.push(height);
      had.push(heightOf(owner).height);
    }
    expect(had).toEqual(set);
    await world.run(1000);
    expect([buoy.height, heightOf(owner).height, heightOf(other).height]).toEqual([60, 60, 60]);
    buoy.height = 99;
    await world.run(1000);
    expect([heightOf(owner).height, heightOf(other).height]).toEqual([99, 99]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  },
);

test("an owner sets its members, and what the server refuses is put right", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  const [first, second] = [await world.enter(), await world.enter()];
  const { identity, ship } = world.objects.spawn(ShipPrefab, { owner: first.player });
  await world.run(200);
  const [owned, other] = [first, second].map(({ world }) => shipOf(world.get(identity.netId))) as [AnyShip, AnyShip];
  owned.heading = 500;
  owned.aim = 77;
  await world.run(300);
  expect([ship.heading, ship.aim, other.heading, other.aim]).toEqual([500, 77, 500, 77]);
  owned.heading = 2000;
  await world.run(300);
  expect([ship.heading, owned.heading, other.heading]).toEqual([500, 500, 500]);
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("objects are shown and hidden, and who comes late gets all that is there", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  const first = await world.enter();
  const { identity } = world.objects.spawn(RockPrefab, {
    init: ({ rock }) => {
      rock.size = 9;
    },
  });
  await world.run(100);
  identity.hide(first.player);
  await world.run(100);
  identity.show(first.player);
  await world.run(100);
  expect(first.log).toEqual(["worldReady", "spawned rock", "unspawned rock hidden", "spawned rock"]);
  const second = await world.enter();
  expect(second.log).toEqual(["spawned rock", "worldReady"]);
  expect(second.world.get(identity.netId)?.behaviours.rock).toMatchObject({ size: 9 });
  expect([world.errors, world.failures]).toEqual([[], []]);
});
