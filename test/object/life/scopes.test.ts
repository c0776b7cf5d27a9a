import { describe, expect, test } from "vitest";
import {
  definePrefab,
  type INetworkPlayer,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  syncList,
} from "../../../lib/object/index.js";
import { bytes, u8, u16 } from "../../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld } from "../../support/object-world.js";
import { hasBits, recordPackets } from "../../support/packets.js";

const friends = new Set<INetworkPlayer>();
const isFriend = (player: INetworkPlayer) => friends.has(player);

class SpyParts extends NetworkBehaviour {}
const Spy = networked(SpyParts, {
  name: u8,
  password: [bytes(8), { to: isFriend }],
  place: [u16, { to: isFriend, delivery: "latest" }],
  speed: [u8, { delivery: "latest" }],
  names: syncList(u16, 8, { to: isFriend }),
  note: [u8, { from: "both", to: isFriend }],
});
const SpyPrefab = definePrefab("spy", { spy: Spy });
const spyOf = (identity: NetworkIdentity | null) => identity?.behaviours.spy as InstanceType<typeof Spy>;

const FIRST = Uint8Array.of(0x9e, 0x37, 0x79, 0xb9, 0x7f, 0x4a, 0x7c, 0x15);
const SECOND = Uint8Array.of(0xbf, 0x58, 0x47, 0x6d, 0x1c, 0xe4, 0xe5, 0xb9);

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  async function open() {
    friends.clear();
    const world = new ObjectWorld({ kind, prefabs: [SpyPrefab] });
    await world.server.start();
    const [friend, other] = [await world.enter(), await world.enter()];
    const received = new Map([friend, other].map(({ player }) => [player, recordPackets(player)]));
    const has = ({ player }: ObjectEnd, secret: Uint8Array) =>
      received.get(player)?.some((packet) => hasBits(packet, secret)) === true;
    friends.add(friend.player);
    const { identity, spy } = world.objects.spawn(SpyPrefab, {
      init: ({ spy }) => {
        spy.name = 3;
        spy.password = FIRST;
        spy.place = 300;
        spy.names = [1, 2] as never;
      },
    });
    await world.run(200);
    const at = (end: ObjectEnd) => spyOf(end.world.get(identity.netId));
    return { world, friend, other, identity, spy, at, has };
  }

  test("the bytes of a member never reach whom its scope does not name", async () => {
    const { world, friend, other, spy, at, has } = await open();
    expect(at(friend)).toMatchObject({ name: 3, password: FIRST, place: 300 });
    expect(at(other)).toMatchObject({ name: 3, password: new Uint8Array(0), place: 0 });
    expect([has(friend, FIRST), has(other, FIRST)]).toEqual([true, false]);
    spy.password = SECOND;
    spy.place = 400;
    spy.speed = 5;
    spy.names.push(3);
    await world.run(300);
    expect(at(friend)).toMatchObject({ password: SECOND, place: 400, speed: 5 });
    expect(at(other)).toMatchObject({ password: new Uint8Array(0), place: 0, speed: 5 });
    expect([[...at(friend).names], [...at(other).names]]).toEqual([[1, 2, 3], []]);
    expect([has(friend, SECOND), has(other, SECOND)]).toEqual([true, false]);
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  });

  test("a change of such a member alone sends the others nothing", async () => {
    const { world, other, spy } = await open();
    const packets = recordPackets(other.player);
    spy.password = SECOND;
    spy.place = 500;
    await world.run(300);
    expect(packets).toEqual([]);
  });

  test("who is granted a member has it in that tick, and who loses it has what the object began with", async () => {
    const { world, friend, other, spy, at, has } = await open();
    const heard: unknown[] = [];
    at(other).on("place", (now, before) => heard.push([now, before]));
    spy.place = 777;
    friends.add(other.player);
    spy.rescope("place");
    const { tick } = world.server;
    await world.until(() => world.server.tick > tick);
    await world.run(5);
    expect([at(other).place, at(other).password]).toEqual([777, new Uint8Array(0)]);
    spy.place = 778;
    await world.run(300);
    expect(at(other).place).toBe(778);
    friends.clear();
    for (const name of ["place", "password", "names"] as const) spy.rescope(name);
    spy.place = 779;
    spy.password = SECOND;
    await world.run(300);
    expect(heard).toEqual([
      [777, 0],
      [778, 777],
      [0, 778],
    ]);
    for (const end of [friend, other]) {
      expect(at(end)).toMatchObject({ place: 0, password: new Uint8Array(0) });
      expect([...at(end).names]).toEqual([]);
      expect(has(end, SECOND)).toBe(false);
    }
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  });

  test("an owner has what it may set, and the functions are asked again when it loses the object", async () => {
    const { world, friend, other, identity, spy, at } = await open();
    identity.setOwner(other.player);
    await world.run(200);
    at(other).note = 7;
    await world.run(200);
    expect([spy.note, at(friend).note]).toEqual([7, 7]);
    identity.setOwner(null);
    await world.run(200);
    expect([at(friend).note, at(other).note]).toEqual([7, 0]);
    expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  });
});

test("what a function in to throws is reported, and grants nothing", async () => {
  const to = () => {
    throw new RangeError("broken");
  };
  const Moody = networked(class Moody extends NetworkBehaviour {}, { mood: [u8, { to }] });
  const MoodyPrefab = definePrefab("moody", { moody: Moody });
  const world = new ObjectWorld({ prefabs: [MoodyPrefab] });
  await world.server.start();
  const end = await world.enter();
  const { identity } = world.objects.spawn(MoodyPrefab, {
    init: ({ moody }) => {
      moody.mood = 5;
    },
  });
  await world.run(200);
  expect(end.world.get(identity.netId)?.behaviours.moody).toMatchObject({ mood: 0 });
  expect(world.failures).toEqual([new RangeError("broken")]);
});

test("rescope is for the server, and for members with a function in to", async () => {
  const world = new ObjectWorld({ prefabs: [SpyPrefab] });
  await world.server.start();
  const end = await world.enter();
  const { identity, spy } = world.objects.spawn(SpyPrefab);
  await world.run(200);
  expect(() => spy.rescope("name")).toThrow(TypeError);
  expect(() => spyOf(end.world.get(identity.netId)).rescope("note")).toThrow(
    expect.objectContaining({ code: "ERR_WRONG_SIDE" }),
  );
  identity.destroy();
  expect(() => spy.rescope("note")).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});
