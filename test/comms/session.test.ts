import { expect, test } from "vitest";
import {
  type BaseClient,
  type BaseCommsNetwork,
  type BaseServer,
  type CommsText,
  ConnectionStatus,
  MessageCommsNetwork,
  NetworkMode,
  PeerCommsNetwork,
} from "../../lib/comms/index.js";
import { defineProtocol, NetworkClient, NetworkServer, PlayerState } from "../../lib/message/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";
import { seededBytes } from "../support/peer-world.js";
import { GameNetwork, settle } from "./custom-network.js";

type AnyNetwork = BaseCommsNetwork<BaseServer<never>, BaseClient<never>, never, never, never>;

/** A server, or a host, and two clients, on one kind of integration. */
interface World {
  readonly host: AnyNetwork;
  readonly clients: readonly AnyNetwork[];
  /** Lets everything arrive. */
  settle(): Promise<void>;
  /** A client is gone. */
  lose(client: AnyNetwork): void;
}

type Build = (isHost: boolean) => Promise<World>;
const NAMES = ["Ben", "Cleo"];

const custom: Build = async (isHost) => {
  const game = new GameNetwork();
  const host = game.newNetwork("Ada");
  if (isHost) host.host();
  else host.serve();
  const clients = NAMES.map((name) => game.newNetwork(name).join());
  return {
    host: host as unknown as AnyNetwork,
    clients: clients as unknown as AnyNetwork[],
    settle: async () => settle(game, [host, ...clients]),
    lose: (client) => {
      client.stop();
      host.server?.clientDisconnected(client.comms.localPlayerName);
    },
  };
};

async function turns(clock: FakeClock): Promise<void> {
  for (let step = 0; step < 40; step++) {
    for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    clock.advance(5);
  }
}

const peers =
  (kind: "datagram" | "stream" | "lanes"): Build =>
  async (isHost) => {
    const clock = new FakeClock();
    const network = new MemoryNetwork({ clock, random: seededRandom(1) });
    const create = (playerName: string, seed: number) =>
      new PeerCommsNetwork({
        playerName,
        clock,
        randomBytes: seededBytes(seed),
        socketFactory: new MemorySocketFactory(network, { kind: kind as never }),
        peer: { random: seededRandom(seed) },
      });
    const host = create("Ada", 1);
    if (isHost) host.runAsHost();
    else host.runAsDedicatedServer();
    await turns(clock);
    const clients = NAMES.map((name, index) => create(name, index + 2));
    for (const client of clients) client.runAsClient();
    return {
      host: host as unknown as AnyNetwork,
      clients: clients as unknown as AnyNetwork[],
      settle: () => turns(clock),
      lose: (client) => client.stop(),
    };
  };

const messages =
  (tickRate: number): Build =>
  async (isHost) => {
    const clock = new FakeClock();
    const network = new MemoryNetwork({ clock, random: seededRandom(1) });
    const common = (seed: number) => ({
      protocol: defineProtocol({ name: "voice", version: 1, messages: [] }),
      socketFactory: new MemorySocketFactory(network),
      clock,
      randomBytes: seededBytes(seed),
      peer: { random: seededRandom(seed) },
    });
    const server = new NetworkServer({ ...common(1), tickRate });
    const localClient = isHost ? new NetworkClient(common(2)) : undefined;
    const host = new MessageCommsNetwork({
      playerName: "Ada",
      server,
      clock,
      ...(localClient && { client: localClient }),
    });
    void server.start(localClient ? { localClient } : {});
    await turns(clock);
    const ends = NAMES.map((playerName, index) => {
      const client = new NetworkClient(common(index + 3));
      const comms = new MessageCommsNetwork({ playerName, client, clock });
      void client.connect();
      return { client, comms };
    });
    return {
      host: host as unknown as AnyNetwork,
      clients: ends.map(({ comms }) => comms as unknown as AnyNetwork),
      settle: () => turns(clock),
      lose: (lost) => void ends.find(({ comms }) => (comms as unknown) === lost)?.client.disconnect(),
    };
  };

const integrations: [string, Build][] = [
  ["the tutorial's", custom],
  ["PeerCommsNetwork, datagrams", peers("datagram")],
  ["PeerCommsNetwork, a stream", peers("stream")],
  ["MessageCommsNetwork, tick rate 0", messages(0)],
  ["MessageCommsNetwork, tick rate 20", messages(20)],
];

for (const [name, build] of integrations) {
  for (const isHost of [true, false]) {
    test(`the tutorial's checklist: ${name}, ${isHost ? "a host" : "a dedicated server"}`, async () => {
      const world = await build(isHost);
      const { clients, host } = world;
      await world.settle();
      const [ben, cleo] = clients as [AnyNetwork, AnyNetwork];

      // The mode, and the connection.
      expect(host.mode).toBe(isHost ? NetworkMode.Host : NetworkMode.DedicatedServer);
      expect([ben.mode, cleo.mode]).toEqual([NetworkMode.Client, NetworkMode.Client]);
      expect([host, ben, cleo].map(({ status }) => ConnectionStatus[status])).toEqual([
        "Connected",
        "Connected",
        "Connected",
      ]);

      // The list of clients.
      const everybody = isHost ? ["Ada", "Ben", "Cleo"] : ["Ben", "Cleo"];
      for (const network of isHost ? [host, ben, cleo] : [ben, cleo]) {
        expect(network.comms.players.map((player) => player.name).sort()).toEqual(everybody);
      }

      // A text, to a room and to a player.
      const texts: string[] = [];
      const note = (listener: string) => (text: CommsText) =>
        texts.push(`${listener} < ${text.sender.name}, ${text.room}: ${text.text}`);
      for (const network of [host, ben, cleo]) network.comms.on("textReceived", note(network.comms.localPlayerName));
      cleo.comms.rooms.join("lobby");
      await world.settle();
      expect(ben.comms.text.send("lobby", "hello")).toBe(true);
      expect(cleo.comms.text.whisper("Ben", "hush")).toBe(true);
      expect(cleo.comms.text.whisper("nobody", "hush")).toBe(false);
      await world.settle();
      expect(texts.sort()).toEqual(["Ben < Cleo, null: hush", "Cleo < Ben, lobby: hello"]);

      // A broadcast and a receipt: Ben speaks, Cleo hears it.
      const heard: string[] = [];
      cleo.comms.on("playerStartedSpeaking", (player) => heard.push(`${player.name} starts`));
      cleo.comms.on("playerStoppedSpeaking", (player) => heard.push(`${player.name} stops`));
      cleo.comms.on("voiceReceived", ({ frame, player }) => heard.push(`${player.name}: ${frame.copy()}`));
      const channel = ben.comms.roomChannels.open("lobby");
      expect(ben.comms.sendVoice(Uint8Array.of(1, 2, 3))).toBe(true);
      await world.settle();
      channel.close();
      await world.settle();
      expect(heard).toEqual(["Ben starts", "Ben: 1,2,3", "Ben stops"]);

      // A client disconnects, and disappears.
      const left: string[] = [];
      cleo.comms.on("playerLeft", (player) => left.push(player.name));
      world.lose(ben);
      await world.settle();
      expect(left).toEqual(["Ben"]);
      expect(cleo.comms.findPlayer("Ben")).toBeUndefined();
      expect(ben.status).toBe(ConnectionStatus.Disconnected);
    });
  }
}

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
  expect(faults).toEqual(["The voice server refused: There is a player Ben already"]);
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
  const refused: string[] = [];
  client.comms.on("roomRefused", (reason) => refused.push(reason));
  // Both have the FNV-1a hash 0x7e0b1b4e.
  const [one, other] = collidingNames();
  client.comms.rooms.join(one);
  client.comms.rooms.join(other);
  settle(game, [server, client]);
  expect(refused.length).toBe(1);
  expect(server.server?.clients[0]?.rooms).toEqual([one]);
});

/** Two names with the same 32-bit hash, found as birthdays are. */
function collidingNames(): [string, string] {
  const seen = new Map<number, string>();
  for (let number = 0; ; number++) {
    const name = `room ${number.toString(36)}`;
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
    const earlier = seen.get(hash);
    if (earlier !== undefined) return [earlier, name];
    seen.set(hash, name);
  }
}
