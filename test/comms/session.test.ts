import { expect, test } from "vitest";
import { ConnectionStatus, MessageCommsNetwork, NetworkMode } from "../../lib/comms/index.js";
import { roomIdOf } from "../../lib/comms/wire/room-id.js";
import { defineProtocol, PlayerState } from "../../lib/message/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";
import { GameNetwork, settle } from "./custom-network.js";

test("a client whose connection is away keeps its place, and says afterwards where it listens now", async () => {
  const world = new MessageWorld({
    protocol: defineProtocol({ name: "voice", version: 1, messages: [] }),
    server: { sessions: {} },
  });
  const { clock, server } = world;
  const voice = new MessageCommsNetwork({ server, clock });
  await server.start();
  const socketFactory = new CuttableFactory(world.network);
  const client = world.newClient({ socketFactory });
  const comms = new MessageCommsNetwork({ client, clock, playerName: "Ben" });
  const faults: unknown[] = [];
  comms.on("fault", (error) => faults.push(error));
  void client.connect();
  await world.until(() => comms.status === ConnectionStatus.Connected);
  const left: string[] = [];
  comms.comms.on("playerLeft", ({ name }) => left.push(name));
  comms.comms.rooms.join("lobby");
  await world.run(50);

  socketFactory.isCut = true;
  await world.until(() => client.player?.state === PlayerState.Suspended, 100);
  comms.comms.rooms.leave("lobby");
  comms.comms.rooms.join("stage");
  expect(comms.comms.sendVoice(new Uint8Array(50))).toBe(false);
  expect(voice.server?.clients[0]?.rooms).toEqual(["lobby"]);
  socketFactory.isCut = false;
  await world.until(() => client.isAuthenticated, 100);
  await world.run(200);
  expect(voice.server?.clients.map(({ name, rooms }) => `${name}: ${rooms}`)).toEqual(["Ben: stage"]);
  expect(comms.status).toBe(ConnectionStatus.Connected);
  expect({ faults, left }).toEqual({ faults: [], left: [] });
});

test("two hundred clients that come in any order see the same", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const random = seededRandom(5);
  const clients = Array.from({ length: 200 }, (_, index) => game.newNetwork(`player ${index}`));
  for (const client of clients)
    for (let room = 0; room < 10; room++) if (random() < 0.5) client.comms.rooms.join(`room ${room}`);
  const waiting = [...clients];
  while (waiting.length > 0) {
    waiting.splice(Math.floor(random() * waiting.length), 1)[0]?.join();
    if (waiting.length % 50 === 0) settle(game, [server, ...clients], 3);
  }
  settle(game, [server, ...clients], 4);
  const tableOf = (players: readonly { name: string; id: number; rooms: Iterable<string> }[]) =>
    players.map(({ name, id, rooms }) => `${id} ${name}: ${[...rooms].sort()}`).sort();
  const expected = tableOf(server.server?.clients ?? []);
  expect(expected.length).toBe(200);
  for (const { comms } of clients) expect(tableOf(comms.players)).toEqual(expected);
  expect(game.sent.reduce((most, { bytes }) => Math.max(most, bytes.length), 0)).toBeLessThanOrEqual(1024);
});

test("ten thousand changes of rooms, at random: the tables are those of the server", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const clients = Array.from({ length: 5 }, (_, index) => game.newNetwork(`player ${index}`).join());
  const random = seededRandom(6);
  settle(game, [server, ...clients]);
  for (let step = 0; step < 10_000; step++) {
    const client = clients[Math.floor(random() * 5)] as (typeof clients)[number];
    const room = `room ${Math.floor(random() * 8)}`;
    if (random() < 0.5) client.comms.rooms.join(room);
    else client.comms.rooms.leave(room);
    if (step % 20 === 0) settle(game, [server, ...clients], 2);
    game.clock.advance(20);
  }
  settle(game, [server, ...clients]);
  for (const { comms } of clients) {
    for (const player of comms.players) {
      const wanted = clients.find((one) => one.comms.localPlayerName === player.name)?.comms.rooms.names;
      expect([...player.rooms].sort()).toEqual([...(wanted ?? [])].sort());
    }
  }
});

test("a name that is taken is refused, with a fault that says so", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const first = game.newNetwork("Ben").join();
  settle(game, [server, first]);
  const second = game.newNetwork("Ben");
  // Another peer with the same name.
  const faults: unknown[] = [];
  second.on("fault", (error) => faults.push((error as Error).message));
  Object.defineProperty(second.comms, "localPlayerName", { value: "Ben of elsewhere" });
  second.join();
  settle(game, [server, first, second]);
  expect(faults).toEqual(["The voice server refused: There is a player Ben already: take another playerName"]);
  expect(second.mode).toBe(NetworkMode.None);
});

test("a server that was restarted has another session: the client joins it by itself", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const client = game.newNetwork("Ben").join();
  client.comms.rooms.join("lobby");
  settle(game, [server, client]);
  server.stop();
  server.serve();
  client.comms.rooms.join("another");
  game.clock.advance(1000);
  settle(game, [server, client]);
  expect(client.status).toBe(ConnectionStatus.Connected);
  expect([...(client.comms.findPlayer("Ben")?.rooms ?? [])].sort()).toEqual(["another", "lobby"]);
});

test("two names of one number: the second room is refused", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const client = game.newNetwork("Ben").join();
  settle(game, [server, client]);
  const refused: unknown[] = [];
  client.comms.on("roomRefused", (reason, room) => refused.push([room, reason]));
  const [one, other] = ["room 13pwu", "room 1a5fa"] as const;
  expect(roomIdOf(one)).toBe(roomIdOf(other));
  client.comms.rooms.join(one);
  client.comms.rooms.join(other);
  settle(game, [server, client]);
  expect(refused).toEqual([
    [other, `The room ${other} cannot be opened: the name of another room has the same number`],
  ]);
  expect(server.server?.clients[0]?.rooms).toEqual([one]);
});
