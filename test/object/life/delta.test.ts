import { describe, expect, test } from "vitest";
import {
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  syncList,
  syncRef,
} from "../../../lib/object/index.js";
import { u16 } from "../../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld } from "../../support/object-world.js";
import { hasBits, recordPackets } from "../../support/packets.js";

class CrateParts extends NetworkBehaviour {}
const Crate = networked(CrateParts, {
  items: syncList(u16, 300),
  seldom: syncList(u16, 300, { every: 5 }),
  wishes: syncList(u16, 300, { from: "both" }),
  next: syncRef(() => CrateParts),
  choice: syncRef(() => CrateParts, { from: "owner" }),
});
const CratePrefab = definePrefab("crate", { crate: Crate });
const crateOf = (identity: NetworkIdentity | null) => identity?.behaviours.crate as InstanceType<typeof Crate>;
const numbers = Array.from({ length: 200 }, (_, index) => index);

async function open(kind: "datagram" | "reliable-lanes" | "stream" = "datagram", latencyMs = 0) {
  const world = new ObjectWorld({ kind, prefabs: [CratePrefab], ...(latencyMs && { lag: { latencyMs } }) });
  await world.server.start();
  const [owner, other] = [await world.enter(), await world.enter()];
  const { identity, crate } = world.objects.spawn(CratePrefab, {
    owner: owner.player,
    init: ({ crate }) => {
      for (const list of [crate.items, crate.seldom, crate.wishes]) list.replaceAll(numbers);
    },
  });
  await world.run(200);
  const at = (end: ObjectEnd) => crateOf(end.world.get(identity.netId));
  const fine = () => expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
  return { world, owner, other, identity, crate, at, fine };
}

const bytesOf = (packets: readonly Uint8Array[]) => packets.reduce((sum, { length }) => sum + length, 0);

test("players who have a list are sent what changed in it, and whoever comes late its content", async () => {
  const { world, owner, other, crate, at, fine } = await open();
  const packets = recordPackets(other.player);
  for (let round = 0; round < 5; round++) {
    crate.items.push(round);
    crate.items.splice(3, 1);
    crate.seldom.push(round, round);
    await world.run(50);
  }
  await world.run(300);
  expect(bytesOf(packets)).toBeLessThan(150);
  const late = await world.enter();
  for (const end of [owner, other, late]) {
    expect([...at(end).items]).toEqual([...crate.items]);
    expect([...at(end).seldom]).toEqual([...crate.seldom]);
  }
  fine();
});

test("an object that appears between two changes of a tick has each of them once", async () => {
  const { world, other, identity, crate, at, fine } = await open();
  identity.hide(other.player);
  await world.run(100);
  crate.items.push(1);
  crate.seldom.push(1);
  identity.show(other.player);
  await world.run(5);
  crate.items.push(2);
  crate.seldom.push(2);
  await world.run(500);
  expect([...at(other).items]).toEqual([...crate.items]);
  expect([...at(other).seldom]).toEqual([...crate.seldom]);
  expect(crate.items.length).toBe(202);
  fine();
});

test("what owner and server change at the same time is the same at both in the end", async () => {
  const { world, owner, other, crate, at, fine } = await open();
  crate.wishes.splice(0, 190);
  at(owner).wishes.push(7);
  at(owner).wishes.set(0, 9);
  await world.run(60);
  crate.wishes.push(8);
  at(owner).wishes.splice(2, 3);
  await world.run(500);
  for (const end of [owner, other]) expect([...at(end).wishes]).toEqual([...crate.wishes]);
  fine();
});

test("an owner cannot refer to what it does not see: as if that were not there", async () => {
  const { world, owner, other, crate, at, fine } = await open("datagram", 100);
  const target = world.objects.spawn(CratePrefab);
  await world.run(500);
  const there = crateOf(owner.world.get(target.identity.netId));
  // The client has not heard of it when it refers to the object.
  target.identity.hide(owner.player);
  await world.run(60);
  at(owner).choice.value = there;
  await world.run(600);
  expect([crate.choice.value, at(owner).choice.value, at(other).choice.value]).toEqual([null, null, null]);
  target.identity.show(owner.player);
  await world.run(500);
  at(owner).choice.value = crateOf(owner.world.get(target.identity.netId));
  await world.run(600);
  expect(crate.choice.value).toBe(target.crate);
  fine();
});

describe.each(["datagram", "reliable-lanes", "stream"] as const)("references over %s", (kind) => {
  test("the number of an object that a player does not see never reaches it", async () => {
    const { world, owner, other, crate, at, fine } = await open(kind);
    const first = world.objects.spawn(CratePrefab, { init: ({ crate }) => crate.items.push(1) });
    const second = world.objects.spawn(CratePrefab);
    for (const { identity } of [first, second]) identity.hide(other.player);
    const numberOf = ({ netId }: NetworkIdentity) => new Uint8Array(Uint32Array.of(netId).buffer);
    const packets = recordPackets(other.player);
    crate.next.value = first.crate;
    await world.run(200);
    crate.next.value = second.crate;
    await world.run(200);
    for (const { identity } of [first, second]) {
      expect(packets.some((packet) => hasBits(packet, numberOf(identity)))).toBe(false);
    }
    expect([at(owner).next.value, at(other).next.value]).toEqual([
      crateOf(owner.world.get(second.identity.netId)),
      null,
    ]);
    const resolved: unknown[] = [];
    at(other).next.on("resolved", (target) => resolved.push(target));
    first.identity.show(other.player);
    await world.run(200);
    expect(at(other).next.value).toBe(null);
    for (let round = 0; round < 2; round++) {
      second.identity.show(other.player);
      await world.run(200);
      const there = crateOf(other.world.get(second.identity.netId));
      expect(there).toBeDefined();
      expect(at(other).next.value).toBe(there);
      expect(resolved[round]).toBe(there);
      second.identity.hide(other.player);
      await world.run(200);
      expect(at(other).next.value).toBe(null);
    }
    expect(resolved.length).toBe(2);
    fine();
  });

  test("objects that appear in one tick and refer to each other are there for each other", async () => {
    const { world, other, fine } = await open(kind);
    const first = world.objects.spawn(CratePrefab);
    const second = world.objects.spawn(CratePrefab);
    first.crate.next.value = second.crate;
    second.crate.next.value = first.crate;
    const packets = recordPackets(other.player);
    await world.run(200);
    const [one, two] = [first, second].map(({ identity }) => crateOf(other.world.get(identity.netId)));
    expect([one?.next.value, two?.next.value]).toEqual([two, one]);
    expect(packets.length).toBe(1);
    fine();
  });
});
