// Records of members with a fixed width are read in another way than all others, from a copy of the packet.
import { expect, test } from "vitest";
import type { MemberValues } from "../../../lib/object/behaviour/member-values.js";
import { NetworkBehaviour } from "../../../lib/object/behaviour/network-behaviour.js";
import { networked } from "../../../lib/object/behaviour/networked.js";
import { definePrefab } from "../../../lib/object/behaviour/prefab.js";
import { ClientObject, type ClientObjectOwner } from "../../../lib/object/client/client-object.js";
import { ItemLayouts } from "../../../lib/object/client/item-layouts.js";
import { readLatestRecords } from "../../../lib/object/client/latest-records.js";
import { ItemMap } from "../../../lib/object/collections/item-map.js";
import { NO_RECORD, writePacketEnd, writeRecordStart } from "../../../lib/object/wire/latest-format.js";
import { ObjectLayout } from "../../../lib/object/wire/object-layout.js";
import {
  bool,
  float32,
  NetworkReader,
  NetworkWriter,
  quantized,
  quaternion,
  ranged,
  string,
  u8,
  u32,
  vec3,
} from "../../../lib/serialization/index.js";
import { seededRandom } from "../../../lib/testing/index.js";

const latest = <T>(codec: T) => [codec, { delivery: "latest" }] as const;
const random = seededRandom(31);
const below = (count: number) => Math.floor(random() * count);

class Body extends NetworkBehaviour {}
const members = {
  alive: latest(bool),
  hull: latest(u32),
  level: latest(ranged(0, 5)),
  place: latest(vec3(quantized({ max: 900, bits: 21 }))),
  speed: latest(float32),
  // An owner has fewer bits.
  spin: [u8, { delivery: "latest", to: "others" }] as const,
  // Behind all latest ones.
  title: string(9),
};
class Turning extends NetworkBehaviour {}
const layouts = [
  new ObjectLayout(definePrefab("body", { body: networked(Body, members) })),
  new ObjectLayout(
    definePrefab("turning", { turning: networked(Turning, { turn: latest(quaternion()), a: latest(u8) }) }),
  ),
] as const;
const SPAWN_TICK = 10;
/** Numbers that begin with 11, 19 and more bits, and some that follow each other. */
const ITEMS = [0, 1, 2, 126, 127, 128, 129, 130, 16_382, 16_383, 16_384, 70_000];

/** A client's objects: all of these numbers, by turns of either prefab, and one that was spawned later. */
function createWorld() {
  const objects = new ItemMap<ClientObject>();
  const layoutOf = new ItemLayouts((item) => objects.has(item));
  const manager = { noted() {}, changed() {} } as unknown as ClientObjectOwner;
  for (const [index, item] of ITEMS.entries()) {
    const layout = layouts[index % 5 === 4 ? 1 : 0];
    const object = new ClientObject(manager, layout, item + 1, { made: layout.prefab.create() });
    if (item === 1 || item === 129) object.setAudience(layout.audiences.owner);
    object.spawnTick = item === 2 ? SPAWN_TICK + 90 : SPAWN_TICK;
    objects.set(item, object);
    layoutOf.set(item, layout);
  }
  const read = (packet: Uint8Array, tick: number) =>
    readLatestRecords(packet, new NetworkReader(packet), tick, objects, layoutOf);
  const content = (item: number) => {
    const { values, latestTick } = objects.get(item) as ClientObject;
    const { definition } = values[0] as MemberValues;
    return JSON.stringify([latestTick, definition.members.map(({ index }) => values[0]?.get(index))]);
  };
  return { objects, read, contents: () => ITEMS.map(content) };
}

function change(values: MemberValues): void {
  const { definition } = values;
  const members = {
    alive: random() < 0.5,
    hull: below(2 ** 32),
    level: below(6),
    speed: (random() - 0.5) * 10 ** below(9),
    place: { x: below(900) - 450, y: random(), z: -random() },
    a: below(256),
    spin: below(256),
    turn: { x: 0, y: 0, z: 0, w: 1 },
  };
  for (const { name, index } of definition.members) {
    if (name !== "title") values.set(index, members[name as keyof typeof members]);
  }
}

/** A packet with some of the objects of `world`, which it changes. @returns it, and at which bit each record ends */
function writePacket(world: ReturnType<typeof createWorld>) {
  const writer = new NetworkWriter();
  const ends: { item: number; end: number }[] = [];
  let before = NO_RECORD;
  for (const item of ITEMS) {
    if (random() < 0.3) continue;
    const { values, layout } = world.objects.get(item) as ClientObject;
    const isOwner = random() < 0.2;
    writeRecordStart(writer, before, item, isOwner);
    const { owner, others } = layout.audiences;
    const may = (isOwner ? owner : others).latest[0] as number;
    const mask = below(may + 1);
    writer.writeBits(mask, 32 - Math.clz32(may));
    change(values[0] as MemberValues);
    values[0]?.write(writer, mask);
    before = item;
    ends.push({ item, end: writer.bitLength });
  }
  writePacketEnd(writer, 1);
  return { packet: writer.toBytes(), ends };
}

test("both ways read the same from any packet", () => {
  const [sender, quick, other] = [createWorld(), createWorld(), createWorld()];
  for (let tick = SPAWN_TICK + 1; tick < SPAWN_TICK + 300; tick++) {
    const { packet } = writePacket(sender);
    expect(quick.read(packet, tick)).toBe(1);
    // Too long to be copied.
    expect(other.read(Buffer.concat([packet, new Uint8Array(2000)]), tick)).toBe(1);
    expect(quick.contents()).toEqual(other.contents());
  }
  expect(new Set(quick.contents()).size).toBeGreaterThan(ITEMS.length / 2);
});

test("of a packet that ends early, whole records are read, and nothing of what was before it in memory", () => {
  for (let round = 0; round < 2; round++) {
    const sender = createWorld();
    const longer = writePacket(sender).packet;
    const { packet, ends } = writePacket(sender);
    for (let length = 0; length < packet.length; length++) {
      const world = createWorld();
      world.read(longer, SPAWN_TICK + 100);
      const before = world.contents();
      const cut = packet.subarray(0, length);
      const expected = ends.filter(({ end }) => end <= 8 * length);
      expect(() => world.read(cut, SPAWN_TICK + 200)).toThrow(expect.objectContaining({ code: "ERR_END_OF_MESSAGE" }));
      const next = ends[expected.length]?.item;
      for (const [index, content] of world.contents().entries()) {
        const item = ITEMS[index] as number;
        if (expected.some((end) => end.item === item)) expect(content.startsWith(`[${SPAWN_TICK + 200},`)).toBe(true);
        else if (item !== next) expect(content).toBe(before[index]);
      }
    }
  }
});

test("a number out of its range ends the reading there", () => {
  const world = createWorld();
  const writer = new NetworkWriter();
  writeRecordStart(writer, NO_RECORD, 0, false);
  // The third member: `level`, of which 6 and 7 are no values.
  writer.writeBits(0b000100, 6);
  writer.writeBits(7, 3);
  writer.writeBits(0, 32);
  writePacketEnd(writer, 1);
  const before = world.contents();
  expect(() => world.read(Buffer.concat([writer.toBytes(), new Uint8Array(40)]), SPAWN_TICK + 1)).toThrow(
    expect.objectContaining({ code: "ERR_BAD_VALUE" }),
  );
  expect(world.contents().slice(1)).toEqual(before.slice(1));
});
