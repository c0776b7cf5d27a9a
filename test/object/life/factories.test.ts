import { describe, expect, test, vi } from "vitest";
import { ErrorFlags } from "../../../lib/message/protocol/error-flags.js";
import { memberValues, NetworkBehaviour } from "../../../lib/object/behaviour/network-behaviour.js";
import {
  clientRpc,
  definePrefab,
  type InstancesOf,
  type NetworkIdentity,
  networked,
  type SyncList,
  type SyncMap,
  type SyncRef,
  type SyncSet,
  syncList,
  syncMap,
  syncRef,
  syncSet,
} from "../../../lib/object/index.js";
import { CallsMessage, KIND_BITS, RecordKind } from "../../../lib/object/wire/object-messages.js";
import { array, float32, NetworkWriter, quantized, string, u8, u16, vec2 } from "../../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld } from "../../support/object-world.js";

class Parts extends NetworkBehaviour {
  declare health: number;
  declare speed: number;
  declare position: { x: number; y: number };
  declare name: string;
  declare scores: number[];
  declare items: SyncList<number>;
  declare prices: SyncMap<string, number>;
  declare tags: SyncSet<string>;
  declare friend: SyncRef<Parts>;
  readonly log: string[] = [];
  readonly heard: unknown[] = [];
  constructor() {
    super();
    this.health = 100;
    this.speed = 1.23456;
    this.items.push(7);
    this.on("health", (now, before) => this.heard.push([before, now]));
  }
  override startClient() {
    this.log.push(`start ${this.health} ${this.identity.isOwner}`);
  }
  override ownerChanged() {
    this.log.push("ownerChanged");
  }
  hit(by: number) {
    this.log.push(`hit ${by} ${this.health} ${[...this.items]}`);
  }
}

const Unit = networked(
  Parts,
  {
    health: u8,
    speed: quantized({ max: 10, precision: 0.1 }),
    position: [vec2(float32), { delivery: "latest" }],
    name: [string(9), { initialOnly: true }],
    scores: [array(u8, 5), { mutable: true }],
    items: syncList(u8, 9),
    prices: syncMap(string(9), u16, 9),
    tags: syncSet(string(9), 9),
    friend: syncRef(() => Parts),
  },
  { hit: clientRpc([u8]) },
);
const UnitPrefab = definePrefab("unit", { unit: Unit });
type AnyUnit = InstanceType<typeof Unit>;
const unitOf = (identity: NetworkIdentity | null) => identity?.behaviours.unit as AnyUnit;

async function open() {
  const world = new ObjectWorld({ prefabs: [UnitPrefab] });
  await world.server.start();
  const end: ObjectEnd = await world.enter();
  return { world, end };
}

/** A factory whose objects are there when the test says so. */
function slowFactory(end: ObjectEnd) {
  const asked: { signal: AbortSignal; give(): AnyUnit; fail(error: unknown): void }[] = [];
  end.world.setFactory(UnitPrefab, {
    create: (signal) =>
      new Promise<InstancesOf<{ unit: typeof Unit }>>((resolve, reject) => {
        asked.push({
          signal,
          give() {
            const unit = new Unit();
            resolve({ unit });
            return unit;
          },
          fail: reject,
        });
      }),
  });
  return asked;
}

describe("a factory that takes time", () => {
  test("what comes meanwhile is applied in its order once the behaviours are there", async () => {
    const { world, end } = await open();
    const asked = slowFactory(end);
    const { identity, unit } = world.objects.spawn(UnitPrefab, {
      init: ({ unit }) => void Object.assign(unit, { health: 50 }),
    });
    await world.run(200);
    unit.health = 40;
    unit.items.push(8);
    unit.hit(1);
    unit.health = 30;
    unit.position.x = 5;
    await world.run(200);
    unit.items.push(9);
    unit.hit(2);
    unit.position.x = 6;
    identity.setOwner(end.player);
    await world.run(200);
    expect([asked.length, end.log, end.world.objects]).toEqual([1, ["worldReady"], []]);
    const made = asked[0]?.give() as AnyUnit;
    await world.run(10);
    expect(end.log).toEqual(["worldReady", "spawned unit"]);
    expect(unitOf(end.world.get(identity.netId))).toBe(made);
    expect(made.log).toEqual(["start 50 false", "hit 1 40 7,8", "hit 2 30 7,8,9", "ownerChanged"]);
    expect(made.identity.isOwner).toBe(true);
    expect({ ...made.position }).toEqual({ x: 6, y: 0 });
    unit.health = 20;
    unit.position.y = 7;
    await world.run(200);
    expect([made.health, made.position.y]).toEqual([20, 7]);
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  });

  test("it may be the character, and what goes meanwhile never comes", async () => {
    const { world, end } = await open();
    const asked = slowFactory(end);
    const characters: unknown[] = [];
    end.world.on("characterChanged", (now) => void characters.push(now));
    const { identity } = world.objects.spawn(UnitPrefab, { owner: end.player });
    world.objects.setCharacter(end.player, identity);
    const other = world.objects.spawn(UnitPrefab);
    await world.run(200);
    expect(asked.length).toBe(2);
    other.identity.destroy();
    await world.run(200);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([false, true]);
    for (const { give } of asked) give();
    await world.run(10);
    expect(end.world.objects.length).toBe(1);
    expect(characters).toEqual([end.world.get(identity.netId)]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("beyond what is held the object is asked for once more, with its present values", async () => {
    const { world, end } = await open();
    const asked = slowFactory(end);
    const { identity, unit } = world.objects.spawn(UnitPrefab);
    await world.run(200);
    for (let call = 0; call < 300; call++) unit.hit(call % 256);
    unit.health = 3;
    await world.run(400);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    asked[0]?.give();
    await world.run(10);
    expect(end.world.objects).toEqual([]);
    const made = asked[1]?.give() as AnyUnit;
    await world.run(10);
    expect(unitOf(end.world.get(identity.netId))).toBe(made);
    expect(made.health).toBe(3);
    unit.health = 4;
    unit.position.x = 4;
    await world.run(200);
    expect([made.health, made.position.x]).toEqual([4, 4]);
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  });

  test("after 30 s twice, or when it fails, the object is given up and the rest goes on", async () => {
    const { world, end } = await open();
    const asked = slowFactory(end);
    const { identity, unit } = world.objects.spawn(UnitPrefab);
    await world.run(200);
    await world.run(30_200, 50);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await world.run(30_200, 50);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(world.failures.splice(0)).toEqual([expect.objectContaining({ code: "ERR_TIMEOUT" })]);
    unit.health = 1;
    unit.position.x = 1;
    unit.hit(1);
    const failing = world.objects.spawn(UnitPrefab);
    await world.run(200);
    const failure = new Error("no memory");
    asked[2]?.fail(failure);
    await world.run(200);
    expect(world.failures.splice(0)).toEqual([failure]);
    failing.unit.health = 1;
    await world.run(200);
    identity.destroy();
    failing.identity.destroy();
    const third = world.objects.spawn(UnitPrefab);
    await world.run(200);
    asked[3]?.give();
    await world.run(10);
    expect(end.world.objects.map(({ netId }) => netId)).toEqual([third.identity.netId]);
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  });

  test("worldReady waits for the objects that are being made", async () => {
    const { world } = await open();
    world.objects.spawn(UnitPrefab);
    let give = () => {};
    const second = await world.enter((manager) => {
      manager.setFactory(UnitPrefab, {
        create: () => new Promise((resolve) => (give = () => resolve({ unit: new Unit() }))),
      });
    });
    expect(second.log).toEqual([]);
    give();
    await world.run(10);
    expect(second.log).toEqual(["spawned unit", "worldReady"]);
  });

  test("a client that asks for spawns without end pays for it, and hears nothing of hidden objects", async () => {
    const { world, end } = await open();
    const { identity } = world.objects.spawn(UnitPrefab);
    identity.hide(end.player);
    await world.run(200);
    const charge = vi.spyOn(end.player, "chargeError");
    const send = vi.spyOn(end.player, "send");
    const writer = new NetworkWriter();
    for (let count = 0; count < 70; count++) {
      writer.writeBits(RecordKind.Again, KIND_BITS);
      writer.writePacked(32);
      writer.writeUint32(count % 2 === 0 ? identity.netId : count);
    }
    writer.writeBits(RecordKind.End, KIND_BITS);
    end.client.send(CallsMessage, writer.toBytes());
    await world.run(200);
    expect(charge.mock.calls).toEqual(Array.from({ length: 6 }, () => [10, ErrorFlags.RateLimit]));
    expect(send).not.toHaveBeenCalled();
  });

  test("a server does not wait", async () => {
    const { world } = await open();
    world.objects.setFactory(UnitPrefab, { create: async () => ({ unit: new Unit() }) });
    expect(() => world.objects.spawn(UnitPrefab)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  });
});

function spoil(unit: AnyUnit, friend: AnyUnit | null) {
  unit.health = 1;
  unit.speed = 9;
  unit.position = { x: 3, y: 4 };
  unit.name = "old";
  unit.scores = [1, 2];
  unit.items.push(1, 2);
  unit.prices.set("tea", 3);
  unit.tags.add("red");
  unit.friend.value = friend;
  unit.on("health", () => unit.heard.push("old listener"));
  unit.items.on("inserted", () => unit.heard.push("old listener"));
}

/** All that a behaviour is, as bytes: whole, and what it sends when it changes after a spawn. */
function stateOf(unit: AnyUnit) {
  const values = memberValues(unit);
  const { health, speed, position, name, scores } = unit;
  const plain = { health, speed, position: { ...position }, name, scores: [...scores] };
  const whole = new NetworkWriter();
  values.settle();
  values.write(whole, values.definition.allMask);
  const delta = new NetworkWriter();
  unit.items.push(5);
  unit.prices.set("gin", 5);
  unit.tags.add("blue");
  unit.health = 5;
  const settled = values.settle();
  values.writeDelta(delta, settled);
  return { plain, settled, friend: unit.friend.value, whole: whole.toBytes(), delta: delta.toBytes() };
}

describe("pooling", () => {
  test("on both sides what is released is as new: values of all kinds, rounds, listeners", async () => {
    const { world, end } = await open();
    const pools: AnyUnit[][] = [[], []];
    const made = [0, 0];
    for (const [side, manager] of [world.objects, end.world].entries()) {
      const pool = pools[side] as AnyUnit[];
      manager.setFactory(UnitPrefab, {
        create() {
          const unit = pool.pop();
          if (unit) return { unit };
          (made[side] as number)++;
          return { unit: new Unit() };
        },
        release: ({ unit }) => void pool.push(unit),
      });
    }
    const other = world.objects.spawn(UnitPrefab);
    const { identity, unit } = world.objects.spawn(UnitPrefab);
    await world.run(200);
    const there = unitOf(end.world.get(identity.netId));
    spoil(unit, other.unit);
    there.on("health", () => there.heard.push("old listener"));
    await world.run(200);
    unit.items.splice(0, 1, 9, 9);
    await world.run(200);
    expect([...there.items]).toEqual([9, 9, 1, 2]);
    expect(there.friend.value).toBe(unitOf(end.world.get(other.identity.netId)));
    identity.destroy();
    await world.run(200);
    expect(pools).toEqual([[unit], [there]]);
    const next = world.objects.spawn(UnitPrefab);
    expect(next.unit).toBe(unit);
    unit.heard.length = there.heard.length = 0;
    await world.run(200);
    expect(unitOf(end.world.get(next.identity.netId))).toBe(there);
    expect(there.health).toBe(100);
    next.unit.health = 60;
    next.unit.items.push(3);
    await world.run(200);
    expect([there.health, [...there.items]]).toEqual([60, [7, 3]]);
    expect(unit.heard).toEqual([[100, 60]]);
    expect(there.heard).toEqual([[100, 60]]);
    next.identity.destroy();
    await world.run(200);
    for (const one of [unit, there]) expect(stateOf(one)).toEqual(stateOf(new Unit()));
    expect(made).toEqual([2, 2]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });
});

describe("static objects", () => {
  test("exist on both sides and are bound; after their end they are as new, and bound again", async () => {
    const { world, end } = await open();
    const [atServer, atClient] = [new Unit(), new Unit()];
    end.world.addStatic("door", UnitPrefab, { unit: atClient });
    const identity = world.objects.spawnStatic("door", UnitPrefab, { unit: atServer });
    expect(() => world.objects.spawnStatic("door", UnitPrefab, { unit: new Unit() })).toThrow(
      expect.objectContaining({ code: "ERR_STATE" }),
    );
    expect(() => world.objects.spawnStatic("gate", UnitPrefab, { unit: atServer })).toThrow(TypeError);
    spoil(atServer, null);
    await world.run(200);
    expect(identity.behaviours.unit).toBe(atServer);
    expect(end.world.get(identity.netId)?.behaviours.unit).toBe(atClient);
    expect([atClient.health, atClient.name, [...atClient.items]]).toEqual([1, "old", [7, 1, 2]]);
    identity.hide(end.player);
    await world.run(200);
    expect([atClient.health, [...atClient.items]]).toEqual([100, [7]]);
    identity.show(end.player);
    await world.run(200);
    expect(atClient.health).toBe(1);
    identity.destroy();
    await world.run(200);
    expect([atServer.health, atClient.health]).toEqual([100, 100]);
    const again = world.objects.spawnStatic("door", UnitPrefab, { unit: atServer });
    await world.run(200);
    expect(end.world.get(again.netId)?.behaviours.unit).toBe(atClient);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("a spawn waits for one that is added later, even after it was given up", async () => {
    const { world, end } = await open();
    const [door, gate] = ["door", "gate"].map((name) => {
      return world.objects.spawnStatic(name, UnitPrefab, { unit: new Unit() });
    }) as [NetworkIdentity, NetworkIdentity];
    await world.run(200);
    unitOf(door).hit(4);
    await world.run(200);
    expect(end.world.objects).toEqual([]);
    const first = new Unit();
    const remove = end.world.addStatic("door", UnitPrefab, { unit: first });
    expect(end.world.get(door.netId)?.behaviours.unit).toBe(first);
    expect(first.log).toEqual(["start 100 false", "hit 4 100 7"]);
    await world.run(60_400, 50);
    expect(world.failures.splice(0)).toEqual([expect.objectContaining({ code: "ERR_TIMEOUT" })]);
    unitOf(gate).health = 2;
    const second = new Unit();
    end.world.addStatic("gate", UnitPrefab, { unit: second });
    await world.run(200);
    expect(end.world.get(gate.netId)?.behaviours.unit).toBe(second);
    expect(second.health).toBe(2);
    remove();
    expect(() => end.world.addStatic("door", UnitPrefab, { unit: new Unit() })).toThrow(
      expect.objectContaining({ code: "ERR_STATE" }),
    );
    expect([world.errors, world.failures]).toEqual([[], []]);
  });
});
