import { describe, expect, test } from "vitest";
import type { INetworkPlayer } from "../../../lib/message/index.js";
import { NetworkError } from "../../../lib/network-error.js";
import {
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
  type SyncRef,
  syncList,
  syncMap,
  syncRef,
  syncSet,
} from "../../../lib/object/index.js";
import { seededRandom } from "../../../lib/random.js";
import { array, type Codec, extensible, float32, string, u8, u16, vec2 } from "../../../lib/serialization/index.js";
import { ObjectWorld } from "../../support/object-world.js";

class Parts extends NetworkBehaviour {
  declare friend: SyncRef<Parts>;
}

/** The program once more, as after a hot reload: with classes of its own. */
function program(gear: Codec<unknown>, health: Codec<number> = u8) {
  class Reloaded extends Parts {}
  const Unit = networked(Reloaded, {
    health: [health, { to: "owner" }],
    position: [vec2(float32), { delivery: "latest" }],
    name: [string(9), { initialOnly: true }],
    scores: [array(u8, 5), { mutable: true }],
    items: syncList(u8, 9),
    prices: syncMap(string(9), u16, 9),
    tags: syncSet(string(9), 9),
    friend: syncRef(() => Parts),
    gear,
  });
  const Rock = networked(class Rock extends NetworkBehaviour {}, { size: u8 });
  const UnitPrefab = definePrefab("unit", { unit: Unit });
  const RockPrefab = definePrefab("rock", { rock: Rock });
  const all: readonly Prefab[] = [UnitPrefab, RockPrefab];
  return { Unit, UnitPrefab, Rock, RockPrefab, all };
}
const gearOf = (added = {}) => extensible({ armour: u8 }, added) as Codec<unknown>;
const first = program(gearOf());
type Program = typeof first;

const keyOf = (keys: Map<INetworkPlayer, string>) => (player: INetworkPlayer) => keys.get(player) ?? null;

async function open(of: Program = first) {
  const keys = new Map<INetworkPlayer, string>();
  const world = new ObjectWorld({ prefabs: of.all, manager: { ownerKey: keyOf(keys) } });
  await world.server.start();
  return { world, keys };
}

function stateOf(identity: NetworkIdentity | null) {
  const unit = identity?.behaviours.unit as InstanceType<Program["Unit"]> | undefined;
  if (!unit) return identity && (identity.behaviours.rock as { size: number }).size;
  const { health, name, scores, gear } = unit;
  return {
    prefab: identity?.prefab,
    plain: { health, name, scores, gear, position: { ...unit.position } },
    content: [[...unit.items], [...unit.prices], [...unit.tags]],
    friend: unit.friend.value?.identity.netId ?? null,
  };
}

/** A world with everything, saved. */
async function saved() {
  const { world, keys } = await open();
  const end = await world.enter();
  keys.set(end.player, "ada");
  const { objects } = world;
  const one = objects.spawn(first.UnitPrefab, { owner: end.player });
  const two = objects.spawn(first.UnitPrefab, { owner: end.player });
  const door = objects.spawnStatic("door", first.RockPrefab, { rock: new first.Rock() });
  (door.behaviours as unknown as { rock: { size: number } }).rock.size = 9;
  Object.assign(one.unit, { health: 5, name: "Ada", scores: [1, 2], gear: { armour: 7 }, position: { x: 1.5, y: -2 } });
  one.unit.items.push(3, 4);
  one.unit.prices.set("tea", 300);
  one.unit.tags.add("red");
  one.unit.friend.value = two.unit;
  two.unit.friend.value = one.unit;
  objects.setCharacter(end.player, two.identity);
  await world.run(200);
  return {
    bytes: objects.save(),
    ids: objects.objects.map(({ netId }) => netId),
    states: objects.objects.map(stateOf),
  };
}

describe("save and load", () => {
  test("make the world again in another server, and clients find it", async () => {
    const { bytes, ids, states } = await saved();
    const again = program(gearOf());
    const between = await open(again);
    between.world.objects.load(bytes, { door: { rock: new again.Rock() } });
    // Who has not come back is not forgotten by the next save.
    const { world, keys } = await open(again);
    const rock = new again.Rock();
    world.objects.load(between.world.objects.save(), { door: { rock } });
    expect(world.objects.objects.map(({ netId }) => netId)).toEqual(ids);
    expect(world.objects.objects.map(stateOf)).toEqual(states);
    expect(world.objects.objects[2]?.behaviours.rock).toBe(rock);
    expect(world.objects.objects.map(({ owner }) => owner)).toEqual([null, null, null]);
    const stranger = await world.enter((manager) =>
      manager.addStatic("door", again.RockPrefab, { rock: new again.Rock() }),
    );
    expect(stranger.world.objects.map(({ netId }) => netId).sort()).toEqual([...ids].sort());
    expect(stranger.world.objects.map(({ isOwner }) => isOwner)).toEqual([false, false, false]);
    // The key is known before the player is ready.
    const authenticated = world.server.on("authenticated", (player) => void keys.set(player, "ada"));
    const ada = await world.enter((manager) => manager.addStatic("door", again.RockPrefab, { rock: new again.Rock() }));
    authenticated();
    expect(world.objects.objects.map(({ owner }) => owner === ada.player)).toEqual([true, true, false]);
    expect(world.objects.characterOf(ada.player)?.netId).toBe(ids[1]);
    expect(ada.world.character?.netId).toBe(ids[1]);
    expect(stateOf(ada.world.get(ids[0] as number))).toEqual(states[0]);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });

  test("an extensible struct may gain fields, and lose them again", async () => {
    const { bytes, states } = await saved();
    const newer = program(gearOf({ speed: u8, colour: string(9) }));
    const { world } = await open(newer);
    world.objects.load(bytes, { door: { rock: new newer.Rock() } });
    const [loaded] = world.objects.objects as [NetworkIdentity];
    const { unit } = loaded.behaviours as unknown as { unit: { gear: unknown } };
    expect(unit.gear).toEqual({ armour: 7, speed: 0, colour: "" });
    unit.gear = { armour: 7, speed: 3, colour: "red" };
    const older = await open();
    older.world.objects.load(world.objects.save(), { door: { rock: new first.Rock() } });
    expect(older.world.objects.objects.map(stateOf)).toEqual(states);
  });

  test("other members, names and numbers in use and failing factories change nothing", async () => {
    const { bytes } = await saved();
    const statics = { door: { rock: new first.Rock() } };
    const refused = async (
      of: Program,
      code: string,
      prepare: (world: ObjectWorld) => void,
      given: object = statics,
    ) => {
      const { world } = await open(of);
      prepare(world);
      const before = world.objects.objects;
      expect(() => world.objects.load(bytes, given as never)).toThrow(expect.objectContaining({ code }));
      expect(world.objects.objects).toEqual(before);
    };
    await refused(program(gearOf(), u16), "ERR_BAD_VALUE", () => {});
    await refused({ ...first, all: [first.RockPrefab] }, "ERR_BAD_VALUE", () => {});
    await refused(first, "ERR_INVALID_ARG_TYPE", () => {}, {});
    await refused(first, "ERR_STATE", ({ objects }) => objects.load(bytes, statics));
    await refused(first, "ERR_STATE", ({ objects }) => {
      objects.spawnStatic("door", first.RockPrefab, { rock: new first.Rock() });
    });
    const pool: unknown[] = [];
    await refused(first, "ERR_FAILED", ({ objects }) => {
      let made = 0;
      objects.setFactory(first.UnitPrefab, {
        create() {
          if (++made === 2) throw new NetworkError("ERR_FAILED", "no memory");
          return { unit: new first.Unit() };
        },
        release: ({ unit }) => void pool.push(unit),
      });
    });
    expect(pool.length).toBe(1);
  });

  test("bytes that are anything give a typed error and change nothing", async () => {
    const { bytes } = await saved();
    const { world } = await open();
    const random = seededRandom(11);
    const counts = { loaded: 0, refused: 0 };
    for (let round = 0; round < 3000; round++) {
      const mutated = bytes.slice(0, random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length);
      for (let count = 1 + Math.floor(random() * 4); count > 0 && mutated.length > 0; count--) {
        const at = Math.floor(random() * mutated.length);
        mutated[at] = (mutated[at] as number) ^ (1 << Math.floor(random() * 8));
      }
      try {
        world.objects.load(mutated, { door: { rock: new first.Rock() } });
        counts.loaded++;
      } catch (error) {
        counts.refused++;
        expect((error as NetworkError).code).toMatch(/^ERR_/);
        expect(world.objects.objects).toEqual([]);
      }
      for (const object of world.objects.objects) object.destroy();
    }
    expect(counts.loaded).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(100);
    expect(world.failures).toEqual([]);
  });
});
