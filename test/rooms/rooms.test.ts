import { describe, expect, test } from "vitest";
import { defineMessage, defineProtocol, type INetworkPlayer } from "../../lib/message/index.js";
import { MemoryEngine } from "../../lib/rooms/engine/index.js";
import { type Room, type RoomKind, RoomsClient } from "../../lib/rooms/index.js";
import { string } from "../../lib/serialization/index.js";
import { CuttableFactory } from "../support/message-world.js";
import { RoomsWorld } from "../support/rooms-world.js";

const Chat = defineMessage("chat", string(100));
const newProtocol = () => defineProtocol({ name: "rooms", version: 1, messages: [Chat] });

/** Says everything to all in the room. */
const arena = (more: Partial<RoomKind> = {}): RoomKind => ({
  capacity: 2,
  open(room: Room) {
    room.server.messageHandler.register(Chat, (text, { id }) => void room.server.sendToAll(Chat, `${id}: ${text}`));
  },
  ...more,
});

async function started(kind: Partial<RoomKind> = {}, options = {}) {
  const world = new RoomsWorld(newProtocol, { arena: arena(kind) }, options);
  await world.wait(world.host.start());
  return world;
}

describe("joinOrCreate", () => {
  test("fills a room, then makes another; each has its own players, ids and messages", async () => {
    const world = await started();
    const players = [await world.connect(), await world.connect(), await world.connect()];
    const heard: string[][] = [[], [], []];
    for (const [index, { client, rooms }] of players.entries()) {
      client.messageHandler.register(Chat, (text) => void heard[index]?.push(text));
      await world.wait(rooms.joinOrCreate("arena"));
    }
    const [one, two, three] = players.map(({ rooms }) => rooms.room?.id);
    expect(one).toBe(two);
    expect(three).not.toBe(one);
    expect(players.map(({ client }) => client.player?.id)).toEqual([1, 2, 1]);
    expect(world.host.rooms.map((room) => [room.kind, room.players.length, room.freeSeats])).toEqual([
      ["arena", 2, 0],
      ["arena", 1, 1],
    ]);
    for (const [index, { client }] of players.entries()) client.send(Chat, `from ${index}`);
    await world.run(100);
    expect(heard).toEqual([["1: from 0", "2: from 1"], ["1: from 0", "2: from 1"], ["1: from 2"]]);
    expect(world.warnings).toEqual([]);
  });

  test("finds by labels and by match; makes the room with the labels and the data that were asked for", async () => {
    const level = (data: unknown) => (data as { level?: number } | undefined)?.level;
    const world = await started({ match: (room, { data }) => level(room.data) === level(data) });
    const [one, two, three, four] = [1, 2, 3, 4].map(() => world.connect());
    const join = async (connecting: typeof one, map: string, data: unknown) => {
      const { rooms } = await (connecting as NonNullable<typeof one>);
      return world.wait(rooms.joinOrCreate("arena", { labels: { map }, data }));
    };
    const ids = [
      await join(one, "moon", { level: 1 }),
      await join(two, "mars", { level: 1 }),
      await join(three, "moon", { level: 2 }),
      await join(four, "moon", { level: 1 }),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(ids[3]).toBe(ids[0]);
    expect(world.host.findRooms({ labels: { map: "moon" } }).map(({ data }) => data)).toEqual([
      { level: 1 },
      { level: 2 },
    ]);
  });

  test("a room that its player leaves is disposed of after emptyMs, and not before", async () => {
    const world = await started({ emptyMs: 3000 });
    const { rooms } = await world.connect();
    const events: string[] = [];
    rooms.on("joined", ({ kind }) => void events.push(`joined ${kind}`));
    rooms.on("left", ({ kind }, text) => void events.push(`left ${kind} ${text}`));
    await world.wait(rooms.joinOrCreate("arena"));
    const [room] = world.host.rooms as [Room];
    await world.run(5000, 50);
    expect(world.host.rooms).toEqual([room]);
    await world.wait(rooms.leave());
    expect(rooms.room).toBe(null);
    await world.run(2800, 50);
    expect(world.host.rooms).toEqual([room]);
    await world.run(300, 50);
    expect(world.host.rooms).toEqual([]);
    expect(room.server.active).toBe(false);
    expect(events).toEqual(["joined arena", "left arena "]);
    expect(await world.codeOf(rooms.leave())).toBe("ERR_ROOM_NOT_FOUND");
  });
});

describe("create, join, joinById, joinByCode", () => {
  test("lead where they say", async () => {
    const world = await started();
    const [one, two, three] = [await world.connect(), await world.connect(), await world.connect()];
    expect(await world.codeOf(one.rooms.join("arena"))).toBe("ERR_ROOM_NOT_FOUND");
    expect(await world.codeOf(one.rooms.join("castle"))).toBe("ERR_ROOM_NOT_FOUND");
    expect(await world.codeOf(one.rooms.joinById("nowhere"))).toBe("ERR_ROOM_NOT_FOUND");
    const made = await world.wait(one.rooms.create("arena"));
    expect(made.code).toBe(null);
    expect((await world.wait(two.rooms.join("arena"))).id).toBe(made.id);
    expect(await world.codeOf(three.rooms.joinById(made.id))).toBe("ERR_ROOM_FULL");
    expect(await world.codeOf(one.rooms.joinById(made.id))).toBe("ERR_ROOM_REFUSED");
    await world.wait(two.rooms.leave());
    expect((await world.wait(three.rooms.joinById(made.id))).id).toBe(made.id);
  });

  test("a private room is found by its code only, however it is typed", async () => {
    const world = await started();
    const [one, two] = [await world.connect(), await world.connect()];
    const made = await world.wait(one.rooms.create("arena", { isPrivate: true }));
    expect(made.code).toMatch(/^[A-Z2-9]{8}$/);
    expect(await world.codeOf(two.rooms.join("arena"))).toBe("ERR_ROOM_NOT_FOUND");
    expect(await world.codeOf(two.rooms.joinById(made.id))).toBe("ERR_ROOM_NOT_FOUND");
    const typed = `${made.code?.slice(0, 4).toLowerCase()}-${made.code?.slice(4)} `;
    expect((await world.wait(two.rooms.joinByCode(typed))).id).toBe(made.id);
  });

  test("a locked room lets in the bearer of a ticket, once", async () => {
    const world = await started();
    const [one, two, three] = [await world.connect(), await world.connect(), await world.connect()];
    const { id } = await world.wait(one.rooms.create("arena"));
    const room = world.host.getRoom(id) as Room;
    room.isLocked = true;
    expect(await world.codeOf(two.rooms.joinById(id))).toBe("ERR_ROOM_LOCKED");
    const ticket = room.reserve();
    expect(room.freeSeats).toBe(0);
    expect(() => room.reserve()).toThrow(expect.objectContaining({ code: "ERR_ROOM_FULL" }));
    expect((await world.wait(two.rooms.joinByTicket(ticket))).id).toBe(id);
    await world.wait(two.rooms.leave());
    expect(await world.codeOf(three.rooms.joinByTicket(ticket))).toBe("ERR_ROOM_NOT_FOUND");
    room.reserve();
    await world.run(15_100, 100);
    expect(room.freeSeats).toBe(1);
  });

  test("spectators have places of their own", async () => {
    const world = await started({ capacity: 1, maxSpectators: 1 });
    const [one, two, three] = [await world.connect(), await world.connect(), await world.connect()];
    expect(await world.codeOf(two.rooms.joinOrCreate("arena", { isSpectator: true }))).toBe("ERR_ROOM_NOT_FOUND");
    const { id } = await world.wait(one.rooms.joinOrCreate("arena"));
    expect((await world.wait(two.rooms.joinOrCreate("arena", { isSpectator: true }))).isSpectator).toBe(true);
    expect(await world.codeOf(three.rooms.joinById(id, { isSpectator: true }))).toBe("ERR_ROOM_FULL");
    const [room] = world.host.rooms as [Room];
    expect([room.players.length, room.spectators.length]).toEqual([1, 1]);
  });

  test("admit says who comes in, and why not", async () => {
    const admit = (_room: Room, { data }: { data: unknown }) => data === "please" || "Say please";
    const world = await started({ admit });
    const { rooms } = await world.connect();
    const error = await world.wait(rooms.create("arena").catch((failure) => failure));
    expect(error).toMatchObject({ code: "ERR_ROOM_REFUSED", message: "Say please" });
    expect(world.host.rooms).toEqual([]);
    await world.wait(rooms.create("arena", { data: "please" }));
    expect(rooms.room?.kind).toBe("arena");
  });
});

test("the host moves a player: the object and the connection stay, id and time are new", async () => {
  const world = await started({ server: { tickRate: 20 } });
  const { client, rooms } = await world.connect();
  const first = await world.wait(world.host.createRoom("arena"));
  const second = await world.wait(world.host.createRoom("arena", { labels: { map: "moon" } }));
  await world.wait(rooms.joinById(first.id));
  await world.run(1000);
  const [player] = first.server.players as [INetworkPlayer];
  const { connection } = player;
  const before = client.time.nowMs;
  world.host.move(player, second);
  expect(second.players).toEqual([player]);
  expect(player.connection).toBe(connection);
  await world.run(300);
  expect(rooms.room).toMatchObject({ id: second.id, labels: { map: "moon" } });
  expect(client.time.ticksPerSecond).toBe(20);
  expect(Math.abs(client.time.nowMs - second.server.time.nowMs)).toBeLessThan(50);
  expect(before).toBeGreaterThan(900);
  world.host.move(player, null, { text: "The match is over" });
  const left: string[] = [];
  rooms.on("left", (_room, text) => void left.push(text));
  await world.run(100);
  expect(left).toEqual(["The match is over"]);
  expect(world.host.server.players).toEqual([player]);
  expect(() => world.host.move(player, null)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});

test("a player who is moved again and again is not charged for what its moves cause", async () => {
  const world = await started();
  const room = await world.wait(world.host.createRoom("arena"));
  const { client } = await world.connect();
  const [player] = world.host.server.players as [INetworkPlayer];
  for (let times = 0; times < 100; times++) {
    world.host.move(player, times % 2 === 0 ? room : null);
    await world.run(4, 2);
  }
  expect([client.isAuthenticated, player.errorFlags]).toEqual([true, 0]);
});

test("a room that closes leaves its players connected, in no room; a host that stops leaves none", async () => {
  const world = await started();
  const { client, rooms } = await world.connect();
  await world.wait(rooms.joinOrCreate("arena"));
  const left: string[] = [];
  rooms.on("left", (_room, text) => void left.push(text));
  const [room] = world.host.rooms as [Room];
  await world.wait(room.close("Closed for today"));
  await world.run(100);
  expect(left).toEqual(["Closed for today"]);
  expect([client.isAuthenticated, rooms.room, world.host.rooms.length]).toEqual([true, null, 0]);
  await world.wait(rooms.joinOrCreate("arena"));
  void world.host.stop();
  await world.run(100);
  expect([client.active, rooms.room, world.host.rooms.length]).toEqual([false, null, 0]);
});

test("whoever is lost keeps its seat until its session ends", async () => {
  const world = await started({ capacity: 1 }, { sessions: { resumeWindowMs: 20_000 } });
  const socketFactory = new CuttableFactory(world.network, { kind: "datagram" });
  const { client, rooms } = await world.connect({ socketFactory });
  const { id } = await world.wait(rooms.joinOrCreate("arena"));
  const other = await world.connect();
  socketFactory.isCut = socketFactory.isDeaf = true;
  await world.run(12_000, 50);
  expect(client.isConnected).toBe(false);
  expect(await world.codeOf(other.rooms.joinById(id))).toBe("ERR_ROOM_FULL");
  socketFactory.isCut = socketFactory.isDeaf = false;
  await world.run(3000, 50);
  expect([client.isAuthenticated, rooms.room?.id, world.host.rooms[0]?.players.length]).toEqual([true, id, 1]);
  socketFactory.isCut = socketFactory.isDeaf = true;
  await world.run(40_000, 50);
  expect(await world.codeOf(other.rooms.joinById(id))).not.toBe("ERR_ROOM_FULL");
});

test("a player who is disconnected while it is moved leaves no seat and no place behind", async () => {
  const world = await started();
  const { client, rooms } = await world.connect();
  const room = await world.wait(world.host.createRoom("arena"));
  world.host.server.on("disconnected", (player, { code }) => {
    if (code === 1027) player.disconnect({ code: 4, text: "no" });
  });
  rooms.joinById(room.id).catch(() => {});
  await world.run(500);
  expect([client.active, room.freeSeats, room.server.players.length, world.host.server.players.length]).toEqual([
    ...[false, 2, 0, 0],
  ]);
  expect(world.host.metrics).toMatchObject({ rooms: 1, players: 0 });
});

test("a kind may be an object of a class; a mistake in one is named", () => {
  class Arena implements RoomKind {
    capacity = 3;
    played = 0;
    open() {
      this.played++;
    }
  }
  const make = (kind: unknown) => new RoomsWorld(newProtocol, { arena: kind as RoomKind });
  make(new Arena());
  expect(() => make({ capacity: 2, open() {}, emptyMS: 5 })).toThrow("did you mean emptyMs");
  expect(() => make({ open() {} })).toThrow("rooms.arena.capacity");
  const forEver = { capacity: 2, emptyMs: Number.POSITIVE_INFINITY, open() {} };
  expect(() => make(forEver)).toThrow("needs `clientsCreate: false`");
  make({ ...forEver, clientsCreate: false });
  expect(() => make({ capacity: 2, open() {}, server: { drive: "manual" } })).toThrow("rooms.arena.server");
});

describe("a mistake is named where it is made", () => {
  const fleetKey = [new Uint8Array(32)];
  const make = (options: object) => new RoomsWorld(newProtocol, { arena: arena() }, options);
  const fleet = (options: object) =>
    make({
      engine: new MemoryEngine(),
      app: "a",
      fleetKey,
      door: { addresses: { memory: "memory:7001" } },
      ...options,
    });

  test("what is for hosts with an engine needs one, and what an engine has is no option beside it", () => {
    expect(() => make({ app: "a" })).toThrow("`app` is for hosts with an `engine`");
    expect(() => make({ fleetKey })).toThrow("`fleetKey` is for hosts with an `engine`");
    expect(() => make({ door: { addresses: { memory: "m:1" } } })).toThrow("`door` is for hosts with an `engine`");
    make({ app: undefined });
    expect(() => fleet({ doors: () => [] })).toThrow("leave out `doors`");
    expect(() => fleet({ sessions: { store: {} } })).toThrow();
    fleet({ sessions: { resumeWindowMs: 5000 } });
  });

  test.each([
    [{}, "ERR_INVALID_ARG_TYPE"],
    [{ addresses: {} }, "ERR_OUT_OF_RANGE"],
    [{ addresses: { memory: "m" } }, "ERR_OUT_OF_RANGE"],
    [{ addresses: { memory: "0.0.0.0:7777" } }, "ERR_OUT_OF_RANGE"],
    [{ addresses: { memory: "[::]:7777" } }, "ERR_OUT_OF_RANGE"],
    [{ addresses: { memory: "undefined:7777" } }, "ERR_OUT_OF_RANGE"],
    [{ addresses: { websocket: "ws://undefined:7777/" } }, "ERR_OUT_OF_RANGE"],
    [undefined, "ERR_INVALID_ARG_TYPE"],
    [Promise.resolve({ addresses: { memory: "m:7777" } }), "ERR_INVALID_ARG_TYPE"],
  ])("no door: %o", async (door, code) => {
    const world = fleet({ door: () => door });
    expect(await world.codeOf(world.host.start())).toBe(code);
    expect(world.host.server.active).toBe(false);
    expect(() => fleet({ door: door ?? {} })).toThrow(expect.objectContaining({ code }));
  });

  test("names of rooms and kinds can be seen, and are there once", async () => {
    expect(() => new RoomsWorld(newProtocol, { "are\0na": arena() })).toThrow("The name of a kind");
    const world = await started();
    expect(await world.codeOf(world.host.createRoom("arena", { id: "a\0b" }))).toBe("ERR_OUT_OF_RANGE");
    await world.wait(world.host.createRoom("arena", { id: "a b.*>ü/" }));
    expect(await world.codeOf(world.host.createRoom("arena", { id: "a b.*>ü/" }))).toBe("ERR_CONFLICT");
  });

  test("a client has one RoomsClient, makes no rooms of others, and hears of a list that is none", async () => {
    const world = await started({ clientsCreate: false });
    const errors: unknown[] = [];
    const { client, rooms } = world.newClient({ onError: (error) => void errors.push(error) });
    expect(() => new RoomsClient(client)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
    await world.wait(client.connect());
    const refused = await world.wait(rooms.create("arena").catch((error) => error));
    expect([refused.code, refused.message]).toEqual(["ERR_ROOM_NOT_FOUND", "Clients make no rooms of this kind"]);
    expect(await world.codeOf(rooms.joinOrCreate("arena"))).toBe("ERR_ROOM_NOT_FOUND");
    rooms.lobby("castle");
    await world.run(100);
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_ROOM_NOT_FOUND" })]);
    expect(() => world.host.move(undefined as unknown as INetworkPlayer, null)).toThrow("player must be a player");
  });
});
