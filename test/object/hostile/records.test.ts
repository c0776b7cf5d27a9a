import { expect, test } from "vitest";
import { Channel } from "../../../lib/message/index.js";
import {
  KIND_BITS,
  OrderedMessage,
  RecordKind,
  type SpawnTag,
  writeSpawnTag,
  writeStaticName,
} from "../../../lib/object/wire/object-messages.js";
import { NetworkWriter } from "../../../lib/serialization/index.js";
import { DisconnectCode } from "../../../lib/socket/index.js";
import { ObjectWorld, RockPrefab, ShopPrefab } from "../../support/object-world.js";

/** A client that sees a rock with the number 0, and what its server can make it read. */
async function enter() {
  const world = new ObjectWorld();
  await world.server.start();
  const end = await world.enter();
  const { identity } = world.objects.spawn(RockPrefab);
  await world.run(200);
  expect(end.world.get(identity.netId)).not.toBeNull();
  const reasons: string[] = [];
  end.client.on("disconnected", ({ code, text }) => void reasons.push(`${code} ${text}`));
  const read = async (...records: ((writer: NetworkWriter) => void)[]) => {
    const writer = new NetworkWriter();
    writer.writeUint32(world.server.tick);
    for (const write of records) write(writer);
    writer.writeBits(RecordKind.End, KIND_BITS);
    end.player.send(OrderedMessage, writer.toBytes(), Channel.Reliable, 1);
    await world.run(200);
    expect([world.failures, world.errors]).toEqual([[], []]);
    return reasons;
  };
  return { ...end, world, seen: end.world, identity, read };
}

const ended = (what: string) => [`${DisconnectCode.InvalidPacket} objects/ordered cannot be read: ${what}`];

/** The prefabs are numbered by their names: rock, ship, shop. */
const spawn =
  (item: number, netId: number, prefab: number, tag: SpawnTag | null = null) =>
  (writer: NetworkWriter) => {
    writer.writeBits(RecordKind.Spawn, KIND_BITS);
    writer.writePacked(item);
    writer.writeUint32(netId);
    writer.writePacked(prefab);
    writeStaticName(writer, null);
    writeSpawnTag(writer, tag);
    writer.writeBoolean(false);
    writer.writeUint8(7);
  };

test("an object is spawned once more where it has its number and its prefab", async () => {
  const { seen, read, identity } = await enter();
  expect(await read(spawn(0, identity.netId, 0))).toEqual([]);
  expect(seen.get(identity.netId)?.behaviours.rock).toMatchObject({ size: 7 });
});

test("an object that comes as that of a step which this client never ran is one as any other", async () => {
  const { seen, read, identity, log } = await enter();
  const tag = { tick: 5, order: 255 };
  expect(await read(spawn(1, identity.netId + 1, 0, tag), spawn(2, identity.netId + 2, 0, tag))).toEqual([]);
  expect(seen.objects.map(({ isPredicted }) => isPredicted)).toEqual([false, false, false]);
  expect(log.filter((one) => one === "spawned rock").length).toBe(3);
});

test.each([
  ["another object with its number", (netId: number) => spawn(0, netId + 1, 0), "There is an object 0 already"],
  ["the object with another number", (netId: number) => spawn(1, netId, 0), "There is an object 1 already"],
  ["the object with another prefab", (netId: number) => spawn(0, netId, 1), "There is an object 0 already"],
  ["a prefab that there is not", (netId: number) => spawn(1, netId + 1, 9), "A spawn of a prefab that does not exist"],
])("the connection ends by a spawn of %s", async (_, record, what) => {
  const { read, identity, client } = await enter();
  expect(await read(record(identity.netId))).toEqual(ended(what));
  expect(client.active).toBe(false);
});

test("the connection ends by more than 65,536 objects, and by as many that come and go it does not grow", async () => {
  const { read, client, seen } = await enter();
  const some = (first: number, count: number, isGone: boolean) =>
    Array.from({ length: count }, (_, index) => (writer: NetworkWriter) => {
      spawn(first + index, first + index, 0)(writer);
      if (!isGone) return;
      writer.writeBits(RecordKind.Despawn, KIND_BITS);
      writer.writePacked(first + index);
      writer.writeBoolean(true);
    });
  for (let first = 1; first < 80_000; first += 3000) expect(await read(...some(first, 3000, true))).toEqual([]);
  expect(seen.objects.length).toBe(1);
  let ends: string[] = [];
  for (let first = 1; first < 68_000 && client.active; first += 3000) ends = await read(...some(first, 3000, false));
  expect(ends).toEqual(ended("There are more than 65536 objects"));
});

test("the connection ends by state of an object that there is not", async () => {
  const { read } = await enter();
  const state = (writer: NetworkWriter) => {
    writer.writeBits(RecordKind.State, KIND_BITS);
    writer.writePacked(77);
  };
  expect(await read(state)).toEqual(ended("There is no object 77"));
});

test("a call that cannot be read ends the connection once the static object that it waited for is there", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  const end = await world.enter();
  const reasons: string[] = [];
  end.client.on("disconnected", ({ text }) => void reasons.push(text));
  world.objects.spawnStatic("shop", ShopPrefab, ShopPrefab.create().behaviours as never);
  await world.run(200);
  const call = new NetworkWriter();
  call.writeUint32(world.server.tick);
  call.writeBits(RecordKind.Call, KIND_BITS);
  const section = new NetworkWriter();
  section.writePacked(0);
  section.writeBits(0, 4);
  section.writeBits(200, 8);
  section.writeBits(0, 1);
  call.writeBits(section.bitLength, 20);
  call.copyFrom(section, 0, section.bitLength);
  call.writeBits(RecordKind.End, KIND_BITS);
  end.player.send(OrderedMessage, call.toBytes(), Channel.Reliable, 1);
  await world.run(200);
  expect(reasons).toEqual([]);
  end.world.addStatic("shop", ShopPrefab, ShopPrefab.create().behaviours as never);
  await world.run(200);
  expect(reasons).toEqual(["What was held cannot be read: There is no client RPC 0.200"]);
  expect([world.failures, world.errors]).toEqual([[], []]);
});
