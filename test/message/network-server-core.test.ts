import { describe, expect, test } from "vitest";
import {
  Channel,
  DisconnectCode,
  defineMessage,
  defineProtocol,
  defineRequest,
  type INetworkPlayer,
  NetworkServer,
  PlayerState,
} from "../../lib/message/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { CuttableFactory, MessageWorld, type MessageWorldOptions } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const Late = defineMessage("late", u8, { lane: 3 });
const Loose = defineMessage("loose", u8, { channel: Channel.Unreliable });
const Ask = defineRequest("ask", u8, u8);
const newProtocol = () => defineProtocol({ name: "cores", version: 1, messages: [Note, Late, Loose, Ask] });

/** Two servers behind the front end of a third one, which is where clients come in. */
async function twoRooms(options: Partial<MessageWorldOptions> = {}) {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", ...options });
  const { server: lobby, clock } = world;
  const frontEnd = NetworkServer.frontEndOf(lobby);
  const warnings: string[] = [];
  const logger = { warn: (text: string) => void warnings.push(text) };
  const common = { protocol: lobby.protocol, clock, logger };
  const newRoom = () => new NetworkServer(common, { frontEnd, isLobby: false });
  const rooms = [newRoom(), newRoom()] as const;
  await lobby.start();
  for (const room of rooms) await room.start();
  const roomName = (index: number) => new Uint8Array([index]);
  const enter = (player: INetworkPlayer, index: 0 | 1) => NetworkServer.move(player, rooms[index], roomName(index));
  return { world, lobby, rooms, enter, warnings };
}

test("servers behind one front end have players and ids of their own; player object and connection stay", async () => {
  const { world, lobby, rooms, enter } = await twoRooms();
  const joined = [await world.join(), await world.join(), await world.join()];
  const [one, two, three] = joined.map(({ player }) => player) as [INetworkPlayer, INetworkPlayer, INetworkPlayer];
  const { connection } = one;
  enter(one, 0);
  enter(two, 1);
  enter(three, 0);
  expect(lobby.players).toEqual([]);
  expect(rooms.map(({ players }) => players)).toEqual([[one, three], [two]]);
  expect([one.id, two.id, three.id]).toEqual([1, 1, 2]);
  expect(one.connection).toBe(connection);
  const heard: number[] = [];
  for (const [index, { client }] of joined.entries()) {
    client.messageHandler.register(Note, (value) => void heard.push(10 * index + value));
  }
  expect(rooms[0].sendToAll(Note, 1)).toBe(2);
  expect(rooms[1].sendToAll(Note, 2)).toBe(1);
  // One who is in another room is left out, whoever still has its object.
  expect(rooms[1].sendToMany([one, two], Note, 3)).toBe(1);
  await world.run(100);
  expect(heard.sort()).toEqual([1, 12, 13, 21]);
  expect(joined.map(({ client }) => client.player?.id)).toEqual([1, 1, 2]);
  await rooms[0].stop({ code: 5, text: "" });
  await world.run(100);
  expect(joined.map(({ client }) => client.active)).toEqual([false, true, false]);
  expect(lobby.metrics.connections.messagesSent.length).toBeGreaterThan(0);
});

test("a player that moves leaves one server and joins the other, on both sides", async () => {
  const { world, lobby, rooms, enter } = await twoRooms();
  const log: string[] = [];
  const follow = (server: NetworkServer, name: string) => {
    server.on("authenticated", ({ id }) => void log.push(`${name} has ${id}`));
    server.on("readied", () => void log.push(`${name} readied`));
    server.on("disconnected", (_player, { code }) => void log.push(`${name} lost ${code}`));
  };
  for (const [index, room] of rooms.entries()) follow(room, `room ${index}`);
  follow(lobby, "lobby");
  const client = world.newClient();
  client.use({
    playerAuthenticated: ({ id }) => void log.push(`client joins as ${id}`),
    playerDisconnecting: (_player, { code }) => void log.push(`client leaves ${code}`),
    playerMoved: (_player, room) => void log.push(`client in ${[...room]}`),
  });
  const connecting = client.connect();
  await world.until(() => client.isAuthenticated);
  await connecting;
  const [player] = lobby.players as [INetworkPlayer];
  const moves = [
    () => enter(player, 0),
    () => enter(player, 1),
    () => NetworkServer.move(player, lobby, new Uint8Array()),
  ];
  for (const move of moves) {
    move();
    await world.run(100);
  }
  expect(log).toEqual([
    ...["lobby has 1", "lobby readied", "client joins as 1", "client in "],
    ...["lobby lost 1027", "room 0 has 1", "room 0 readied", "client leaves 1027", "client joins as 1", "client in 0"],
    ...["room 0 lost 1027", "room 1 has 1", "room 1 readied", "client leaves 1027", "client joins as 1", "client in 1"],
    ...["room 1 lost 1027", "lobby has 2", "lobby readied", "client leaves 1027", "client joins as 2", "client in "],
  ]);
});

describe.each(["datagram", "stream"] as const)("over a %s socket, in whatever order messages come", (kind) => {
  test("each is handled in the room that it was sent in, or by nobody", async () => {
    const conditions =
      kind === "datagram" ? { loss: 0.05, jitterMs: 60, latencyMs: 30, reorder: 0.2 } : { latencyMs: 40 };
    const { world, lobby, rooms, enter, warnings } = await twoRooms({ kind, lag: conditions, seed: 7 });
    const client = world.newClient();
    let clientRoom = -1;
    client.use({
      playerMoved: (_player, room) => {
        clientRoom = room[0] ?? -1;
      },
    });
    void client.connect();
    await world.until(() => client.isAuthenticated);
    const [player] = lobby.players as [INetworkPlayer];
    const definitions = [Note, Late, Loose] as const;
    /** Room 0 says even values, room 1 odd ones. */
    const wrong: string[] = [];
    const heard = { client: 0, server: 0 };
    for (const message of definitions) {
      client.messageHandler.register(message, (value) => {
        heard.client++;
        if (value % 2 !== clientRoom) wrong.push(`client in ${clientRoom}: ${message.name} ${value}`);
      });
      for (const [index, room] of rooms.entries()) {
        room.messageHandler.register(message, (value) => {
          heard.server++;
          if (value % 2 !== index) wrong.push(`server ${index}: ${message.name} ${value}`);
        });
      }
    }
    const say = (send: (message: (typeof definitions)[number], value: number) => unknown, room: number) => {
      for (const message of definitions) for (let count = 0; count < 3; count++) send(message, 2 * count + room);
    };
    for (let round = 0; round < 70; round++) {
      const index = (round % 2) as 0 | 1;
      enter(player, index);
      for (let step = 0; step < 24; step++) {
        say((message, value) => rooms[index].sendToAll(message, value), index);
        if (clientRoom >= 0) say((message, value) => client.send(message, value), clientRoom);
        await world.run(10);
      }
    }
    expect(wrong).toEqual([]);
    expect(warnings).toEqual([]);
    expect(heard.client).toBeGreaterThan(1000);
    expect(heard.server).toBeGreaterThan(1000);
    // In the room where it stays nothing reliable is lost, even what is sent at the moment of the move.
    await world.run(3000);
    heard.client = heard.server = 0;
    for (let round = 0; round < 40; round++) {
      const index = (round % 2) as 0 | 1;
      enter(player, index);
      await world.run(10); // The move is under way alone: what follows may overtake it.
      for (const message of [Note, Late]) rooms[index].sendToAll(message, index);
      await world.until(() => clientRoom === index);
      for (const message of [Note, Late]) client.send(message, index);
      await world.run(1500, 10); // Enough for what is lost twice.
    }
    await world.run(2000);
    expect(heard).toEqual({ client: 80, server: 80 });
    expect(wrong).toEqual([]);
  });
});

test("a request of the room before fails on both sides, and its answer is not sent", async () => {
  const { world, lobby, rooms, enter } = await twoRooms();
  const { client, player } = await world.join();
  let finish = (_value: number) => {};
  lobby.messageHandler.registerRequest(Ask, (_value, _player, signal) => {
    signal.addEventListener("abort", () => finish(1));
    return new Promise<number>((resolve) => {
      finish = resolve;
    });
  });
  client.messageHandler.registerRequest(Ask, () => new Promise<number>(() => {}));
  const asked = [client.request(Ask, 1), player.request(Ask, 1)].map((one) => one.catch((error) => error.reason?.code));
  await world.run(50);
  enter(player, 0);
  rooms[0].messageHandler.registerRequest(Ask, (value) => value + 1);
  await world.run(50);
  expect(await Promise.all(asked)).toEqual([DisconnectCode.Moved, DisconnectCode.Moved]);
  const again = client.request(Ask, 4);
  await world.run(50);
  expect(await again).toBe(5);
  expect(world.errors).toEqual([]);
  expect(world.warnings).toEqual([]);
});

test("a session is resumed at the server that has its player; a move that the client missed is told then", async () => {
  const { world, rooms, enter } = await twoRooms({ server: { sessions: {} } });
  const socketFactory = new CuttableFactory(world.network, { kind: "stream" });
  const { client, player } = await world.join({ socketFactory });
  enter(player, 0);
  await world.run(100);
  const log: string[] = [];
  const cutOff = async (meanwhile: () => void) => {
    socketFactory.isCut = socketFactory.isDeaf = true;
    meanwhile();
    await world.until(() => [client.player, player].every((one) => one?.state === PlayerState.Suspended), 50);
    socketFactory.isCut = socketFactory.isDeaf = false;
    await world.until(() => client.isAuthenticated && player.isAuthenticated, 50);
    await world.run(100);
    log.push(`${rooms.map(({ players }) => players.length)}, ${[...(player as unknown as { room: Uint8Array }).room]}`);
  };
  for (const [index, room] of rooms.entries()) {
    room.on("suspended", () => void log.push(`room ${index} suspended`));
    room.on("resumed", () => void log.push(`room ${index} resumed`));
  }
  client.on("resumed", ({ id }) => void log.push(`client resumed as ${id}`));
  await cutOff(() => {});
  await cutOff(() => enter(player, 1));
  expect(log).toContain("room 0 resumed");
  expect(log.at(-1)).toBe("0,1, 1");
  rooms[1].sendToAll(Note, 3);
  const note = client.messageHandler.waitFor(Note);
  await world.run(100);
  expect(await note).toBe(3);
});

test("numbers that nobody gives cost the player its budget", async () => {
  const { world, rooms, enter } = await twoRooms();
  const { client, player } = await world.join();
  enter(player, 0);
  await world.run(50);
  const { connection } = client.player as INetworkPlayer;
  const reasons: number[] = [];
  rooms[0].on("disconnected", (_player, { code }) => void reasons.push(code));
  for (let sent = 0; sent < 6; sent++) connection?.send(new Uint8Array([200]), Channel.Reliable);
  await world.run(200);
  expect(reasons).toEqual([DisconnectCode.ErrorLimit]);
});
