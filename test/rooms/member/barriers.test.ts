import { describe, expect, test } from "vitest";
import { defineProtocol } from "../../../lib/message/index.js";
import type { RoomHostOptions, RoomKind } from "../../../lib/rooms/index.js";
import { FleetWorld } from "../../support/fleet-world.js";

const newProtocol = (version = 1) => defineProtocol({ name: "barriers", version, messages: [] });
const game: RoomKind = { capacity: 4, emptyMs: 600_000, open() {} };
const keyOf = (byte: number) => new Uint8Array(32).fill(byte);

/** Two hosts that differ; the second has the room `there`, the first `here`. */
async function differing(second: Partial<RoomHostOptions>, first: Partial<RoomHostOptions> = {}) {
  const fleet = new FleetWorld(newProtocol, { game });
  const a = await fleet.add(first);
  const b = await fleet.add(second);
  await fleet.run(2500, 50);
  await fleet.wait(a.host.createRoom("game", { id: "here" }));
  await fleet.wait(b.host.createRoom("game", { id: "there" }));
  await fleet.run(100);
  return { fleet, a, b };
}

test("a room of a host with another version is refused at once, and told apart in the lists", async () => {
  const { fleet, a } = await differing({ protocol: newProtocol(2) });
  const { rooms } = await fleet.connect(a);
  const sinceMs = fleet.clock.now();
  await expect(fleet.wait(rooms.joinById("there"))).rejects.toMatchObject({ code: "ERR_PROTOCOL_MISMATCH" });
  await expect(fleet.wait(a.host.fleet?.reserve("there") as Promise<string>)).rejects.toMatchObject({
    code: "ERR_PROTOCOL_MISMATCH",
  });
  expect(fleet.clock.now() - sinceMs).toBeLessThan(200);
  const versions = a.host.fleet?.findRooms().map(({ id, isOtherVersion }) => [id, isOtherVersion]);
  expect(versions?.sort()).toEqual([
    ["here", false],
    ["there", true],
  ]);
  expect(await fleet.wait(rooms.joinOrCreate("game"))).toMatchObject({ id: "here" });
});

test("a newer wish takes the place of one that other hosts are asked for", async () => {
  const { fleet, a, b } = await differing({});
  const { rooms } = await fleet.connect(a);
  b.freeze(); // It is alive as yet, and does not answer.
  const first = rooms.joinById("there").catch(({ code }) => code);
  await fleet.run(100);
  expect(await fleet.wait(rooms.joinById("here"))).toMatchObject({ id: "here" });
  expect(await fleet.wait(first)).toMatch(/^ERR_(TOO_MANY_REQUESTS|ROOM_REFUSED)$/);
  await fleet.run(10_000, 50);
  expect(rooms.room?.id).toBe("here");
});

test("a host with another key is told on both sides, and no player is sent there", async () => {
  const { fleet, a, b } = await differing({ fleetKey: [keyOf(8)] });
  for (const [here, there] of [
    [a, b],
    [b, a],
  ] as const)
    expect(here.errors).toEqual([
      expect.objectContaining({ code: "ERR_FLEET_KEY", message: expect.stringContaining(there.id) }),
    ]);
  const { client, rooms } = await fleet.connect(a);
  await expect(fleet.wait(rooms.joinById("there"))).rejects.toMatchObject({ code: "ERR_FLEET_KEY" });
  const drained = fleet.wait(a.host.drain({ deadlineMs: 1000 }));
  expect(await drained).toBe(1);
  expect([b.host.rooms.map(({ id }) => id), client.isAuthenticated]).toEqual([["there"], false]);
});

test.each([
  ["the new key is the second of one host", [7], [7, 8]],
  ["it is the second of both", [7, 8], [7, 8]],
  ["it is the first of one", [7, 8], [8, 7]],
  ["the old one is gone from one", [8, 7], [8]],
])("in a change of the key players go on when %s", async (_when, first, second) => {
  const { fleet, a, b } = await differing({ fleetKey: second.map(keyOf) }, { fleetKey: first.map(keyOf) });
  const { rooms } = await fleet.connect(a);
  expect(await fleet.wait(rooms.joinById("there"))).toMatchObject({ id: "there" });
  expect(await fleet.wait(rooms.joinById("here"))).toMatchObject({ id: "here" });
  expect([...a.errors, ...b.errors]).toEqual([]);
});

test("a new key that is the first of one host while another does not have it is told", async () => {
  const { a, b } = await differing({ fleetKey: [keyOf(8), keyOf(7)] }, { fleetKey: [keyOf(7)] });
  const told = expect.objectContaining({ code: "ERR_FLEET_KEY" });
  expect([a.errors, b.errors]).toEqual([[told], [told]]);
});

test("without the engine rooms elsewhere, and new ones, are refused soon, and the engine is named", async () => {
  const { fleet, a } = await differing({});
  const { rooms } = await fleet.connect(a);
  await fleet.run(100);
  a.engine.disconnect();
  const sinceMs = fleet.clock.now();
  const busy = { code: "ERR_SERVER_BUSY", message: expect.stringContaining("The engine does not answer") };
  await expect(fleet.wait(rooms.joinById("there"))).rejects.toMatchObject(busy);
  await expect(fleet.wait(rooms.create("game"))).rejects.toMatchObject(busy);
  await expect(fleet.wait(a.host.createRoom("game"))).rejects.toMatchObject(busy);
  expect(fleet.clock.now() - sinceMs).toBeLessThan(2500);
  expect(await fleet.wait(rooms.joinById("here"))).toMatchObject({ id: "here" });
  expect(a.errors).toEqual([]);
});

describe("a room of a dead host", () => {
  const second = { fleetKey: [keyOf(8)] };
  test.each<[string, Partial<RoomHostOptions>]>([
    ["version", { protocol: newProtocol(2) }],
    ["key", second],
  ])("is left to the hosts of its %s while there are any", async (_of, options) => {
    const { fleet, a, b } = await differing(options);
    const c = await fleet.add(options.protocol ? { protocol: newProtocol(2) } : second);
    await fleet.run(2500, 50);
    await b.kill();
    await fleet.run(2000, 50);
    const { rooms } = await fleet.connect(a);
    const sinceMs = fleet.clock.now();
    await expect(fleet.wait(rooms.joinById("there"))).rejects.toMatchObject({ code: "ERR_PROTOCOL_MISMATCH" });
    expect(fleet.clock.now() - sinceMs).toBeLessThan(200);
    const left = a.host.fleet?.findRooms().find(({ id }) => id === "there");
    expect([
      left?.isOtherVersion,
      c.host.fleet?.findRooms().some(({ isOtherVersion, id }) => isOtherVersion && id === "there"),
    ]).toEqual([true, false]);
    await fleet.run(60_000, 100);
    expect([a.host.getRoom("there"), c.host.getRoom("there")?.id]).toEqual([null, "there"]);
    await c.kill();
    await fleet.run(2000, 50);
    expect(await fleet.wait(rooms.joinById("there"))).toMatchObject({ id: "there" });
  });

  test("is taken over in a change of the key", async () => {
    const { fleet, a, b } = await differing({ fleetKey: [keyOf(8), keyOf(7)] }, { fleetKey: [keyOf(7), keyOf(8)] });
    await fleet.add({ fleetKey: [keyOf(8), keyOf(7)] });
    await fleet.run(2500, 50);
    await b.kill();
    await fleet.run(2000, 50);
    const { rooms } = await fleet.connect(a);
    expect(await fleet.wait(rooms.joinById("there"))).toMatchObject({ id: "there" });
    expect(a.host.getRoom("there")).not.toBeNull();
  });
});
