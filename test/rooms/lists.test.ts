import { expect, test } from "vitest";
import { defineProtocol } from "../../lib/message/index.js";
import type { Room, RoomList } from "../../lib/rooms/index.js";
import { RoomsWorld } from "../support/rooms-world.js";

const newProtocol = () => defineProtocol({ name: "lists", version: 1, messages: [] });
const kind = { capacity: 4, emptyMs: Number.POSITIVE_INFINITY, open() {} };

async function started(options = {}) {
  const world = new RoomsWorld(newProtocol, { arena: kind, castle: kind }, options);
  await world.wait(world.host.start());
  const create = (name: string, labels = {}, isPrivate = false) =>
    world.wait(world.host.createRoom(name, { labels, isPrivate }));
  return { world, create };
}

const idsOf = (list: RoomList) => list.rooms.map(({ id }) => id);

test("a list has the public rooms of its kind and labels, and follows them", async () => {
  const { world, create } = await started();
  const moon = await create("arena", { map: "moon" });
  await create("arena", { map: "mars" });
  await create("castle", { map: "moon" });
  await create("arena", { map: "moon" }, true);
  const { rooms } = await world.connect();
  const list = rooms.lobby("arena", { labels: { map: "moon" } });
  const sizes: number[] = [];
  list.on("changed", (all) => void sizes.push(all.length));
  await world.run(100);
  expect(list.rooms).toEqual([
    { id: moon.id, kind: "arena", labels: { map: "moon" }, players: 0, capacity: 4, isLocked: false },
  ]);
  const other = await world.connect();
  await world.wait(other.rooms.joinById(moon.id));
  moon.isLocked = true;
  const second = await create("arena", { map: "moon", round: 2 });
  await world.run(400);
  expect(list.rooms).toMatchObject([
    { players: 1, isLocked: true },
    { id: second.id, labels: { map: "moon", round: 2 }, players: 0 },
  ]);
  second.labels = { map: "mars" };
  await world.run(400);
  expect(idsOf(list)).toEqual([moon.id]);
  await world.wait(moon.close());
  await world.run(400);
  expect(idsOf(list)).toEqual([]);
  const told = sizes.length;
  list.close();
  await create("arena", { map: "moon" });
  await world.run(400);
  expect([idsOf(list).length, sizes.length]).toEqual([0, told]);
});

test("a list stands still in a room, and is right again when the player is out of it", async () => {
  const { world, create } = await started();
  const first = await create("arena");
  const { rooms } = await world.connect();
  const list = rooms.lobby("arena");
  await world.run(100);
  await world.wait(rooms.joinById(first.id));
  const second = await create("arena");
  await world.run(500);
  expect(idsOf(list)).toEqual([first.id]);
  await world.wait(rooms.leave());
  await world.run(100);
  expect(idsOf(list)).toEqual([first.id, second.id]);
});

test("a list of 1000 rooms with long labels comes whole", async () => {
  const { world } = await started();
  const labels = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`label ${index}`, "x".repeat(60)]));
  for (let count = 0; count < 300; count++) await world.host.createRoom("arena", { labels });
  for (let count = 0; count < 700; count++) await world.host.createRoom("arena");
  const { rooms } = await world.connect();
  const list = rooms.lobby("arena");
  await world.run(3000);
  expect(idsOf(list)).toEqual(world.host.rooms.map(({ id }: Room) => id));
});

test("many changes of many rooms reach all watchers, who are told together", async () => {
  const { world } = await started();
  const watchers = [await world.connect(), await world.connect()];
  const lists = watchers.map(({ rooms }) => rooms.lobby("arena"));
  const made: Room[] = [];
  for (let count = 0; count < 200; count++) made.push(await world.host.createRoom("arena"));
  for (const [index, room] of made.entries()) if (index % 2 === 0) await room.close();
  await world.run(1000);
  for (const list of lists) expect(idsOf(list)).toEqual(made.filter((_, index) => index % 2 === 1).map(({ id }) => id));
});
