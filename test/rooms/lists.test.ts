import { expect, test } from "vitest";
import { defineProtocol, type INetworkPlayer, type NetworkClient } from "../../lib/message/index.js";
import { RoomDirectory } from "../../lib/rooms/host/room-directory.js";
import { RoomLists } from "../../lib/rooms/host/room-lists.js";
import type { Room, RoomList } from "../../lib/rooms/index.js";
import { ListMessage } from "../../lib/rooms/room-messages.js";
import { FakeClock } from "../../lib/testing/index.js";
import { CuttableFactory } from "../support/message-world.js";
import { RoomsWorld } from "../support/rooms-world.js";

const newProtocol = () => defineProtocol({ name: "lists", version: 1, messages: [] });
const kind = { capacity: 4, emptyMs: Number.POSITIVE_INFINITY, clientsCreate: false, open() {} };

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

test("a list is told nothing of rooms that it never had, and loses those it had when labels change", async () => {
  const { world, create } = await started();
  const mars = await create("arena", { map: "mars" });
  const moon = await create("arena", { map: "moon" });
  const { rooms } = await world.connect();
  const list = rooms.lobby("arena", { labels: { map: "moon" } });
  let changes = 0;
  list.on("changed", () => void changes++);
  await world.run(400);
  expect([changes, idsOf(list)]).toEqual([1, [moon.id]]);
  for (const isLocked of [true, false, true]) {
    mars.isLocked = isLocked;
    await world.run(400);
  }
  mars.labels = { map: "venus" };
  await world.run(400);
  expect(changes).toBe(1);
  moon.labels = { map: "mars" };
  moon.labels = { map: "venus" };
  await world.run(400);
  expect([changes, idsOf(list)]).toEqual([2, []]);
  mars.labels = { map: "moon" };
  await world.run(400);
  list.close();
  await world.run(400);
  // It changes while nobody has the list, and again when somebody has.
  mars.labels = { map: "pluto" };
  const again = rooms.lobby("arena", { labels: { map: "pluto" } });
  await world.run(400);
  expect(idsOf(again)).toEqual([mars.id]);
  mars.labels = { map: "moon" };
  await world.run(400);
  expect(idsOf(again)).toEqual([]);
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

/** What the host has sent of lists to a client. */
const bytesSentTo = ({ host }: RoomsWorld, { player }: NetworkClient) =>
  host.server.players.find(({ id }) => id === player?.id)?.metricsOf(ListMessage).bytesSent ?? 0;

/** So long that 1000 rooms with them are more than a connection's queue holds. */
const longLabels = Object.fromEntries(
  Array.from({ length: 16 }, (_, at) => [`label ${at}`.padEnd(32), "x".repeat(64)]),
);

test("the lists of a player who goes in and out again and again begin anew each time", async () => {
  const { world, create } = await started();
  const room = await create("arena");
  const { client, rooms } = await world.connect();
  const lists = ["arena", "castle", "arena", "castle"].map((name) => rooms.lobby(name));
  await world.run(100);
  const [player] = world.host.server.players as [INetworkPlayer];
  for (let times = 0; times < 30; times++) {
    world.host.move(player, room);
    await world.run(10);
    world.host.move(player, null);
    await world.run(10);
  }
  for (let times = 0; times < 3; times++) {
    await world.wait(rooms.joinById(room.id));
    await world.wait(rooms.leave());
  }
  await create("castle");
  await world.run(1000);
  expect(lists.map((list) => list.rooms.map(({ kind }) => kind))).toEqual([
    ...[["arena"], ["castle"], ["arena"], ["castle"]],
  ]);
  expect([client.isAuthenticated, player.errorFlags]).toEqual([true, 0]);
});

test("two lists of the same rooms live and end each by itself", async () => {
  const { world, create } = await started();
  const { rooms } = await world.connect();
  const [first, second] = [rooms.lobby("arena"), rooms.lobby("arena")];
  await world.run(100);
  second.close();
  const { id } = await create("arena");
  await world.run(500);
  expect([idsOf(first), idsOf(second)]).toEqual([[id], []]);
});

test("a list of 1000 rooms with long labels comes whole, though the queue takes a part at a time", async () => {
  const { world } = await started();
  for (let count = 0; count < 1000; count++) await world.host.createRoom("arena", { labels: longLabels });
  const { rooms } = await world.connect();
  const list = rooms.lobby("arena");
  await world.run(6000);
  expect(idsOf(list)).toEqual(world.host.rooms.map(({ id }: Room) => id));
});

test("a watcher who does not read costs the others nothing, and has the right list when it reads again", async () => {
  const { world, create } = await started({ peer: { maxQueuedBytes: 16_384 } });
  const made: Room[] = [];
  for (let count = 0; count < 40; count++) made.push(await create("arena", longLabels));
  const socketFactory = new CuttableFactory(world.network, { kind: "datagram" });
  const stalled = await world.connect({ socketFactory });
  const list = stalled.rooms.lobby("arena");
  const other = await world.connect();
  const others = other.rooms.lobby("arena");
  await world.run(1000);
  expect([list.rooms.length, others.rooms.length]).toEqual([40, 40]);
  socketFactory.isCut = true;
  const bytesSent = () => bytesSentTo(world, other.client);
  const before = bytesSent();
  for (const [index, room] of made.entries()) {
    if (index % 2 === 0) room.isLocked = true;
    else await room.close();
    await world.run(200);
  }
  expect(bytesSent() - before).toBeLessThan(20 * 2000 + 20 * 100);
  socketFactory.isCut = false;
  await world.run(2000);
  for (const one of [list, others]) {
    expect(one.rooms.map(({ id, isLocked }) => [id, isLocked])).toEqual(
      made.filter((_, index) => index % 2 === 0).map(({ id }) => [id, true]),
    );
  }
});

test("a watcher whose connection was lost costs the others nothing", async () => {
  const { world, create } = await started();
  const room = await create("arena");
  for (let count = 0; count < 50; count++) await create("arena");
  const socketFactory = new CuttableFactory(world.network, { kind: "datagram" });
  const lost = await world.connect({ socketFactory });
  lost.rooms.lobby("arena");
  const { client, rooms } = await world.connect();
  rooms.lobby("arena");
  socketFactory.isCut = true;
  const suspended = new Promise((resolve) => world.host.server.on("suspended", resolve));
  await world.wait(suspended);
  const before = bytesSentTo(world, client);
  room.isLocked = true;
  await world.run(1000);
  expect(bytesSentTo(world, client) - before).toBeLessThan(100);
});

test("whole lists have a budget, in which the sources of players take turns", async () => {
  const { world } = await started();
  const clock = new FakeClock();
  const directory = new RoomDirectory();
  for (let count = 0; count < 1000; count++)
    directory.add(await world.host.createRoom("arena", { labels: longLabels }));
  const lists = new RoomLists(clock, directory, world.host.server);
  const listed = { flood: 0, honest: 0 };
  const watch = (who: "flood" | "honest", address: string) => {
    const send = (_message: unknown, { rooms }: { rooms: unknown[] }) => {
      listed[who] += rooms.length;
      return true;
    };
    lists.watch({ address, send } as unknown as INetworkPlayer, 1, "arena", {});
  };
  for (let port = 1; port <= 100; port++) watch("flood", `10.0.0.1:${port}`);
  watch("honest", "10.0.0.2:1");
  clock.advance(1500);
  expect(listed.honest).toBe(1000);
  expect(listed.flood).toBeLessThan(4000);
  clock.advance(100_000);
  expect(listed.flood).toBe(100_000);
  lists.stop();
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
