// Those who connect to a voice server and do not do what a client does.
import { expect, onTestFinished, test, vi } from "vitest";
import { native } from "../../lib/addon/native.js";
import { systemClock } from "../../lib/clock.js";
import { type CommsNetworkOptions, PeerCommsNetwork, type PeerCommsNetworkOptions } from "../../lib/comms/index.js";
import { HELLO_TIMEOUT_MS, MAX_STRANGERS } from "../../lib/comms/server/strangers.js";
import { VoiceSockets } from "../../lib/comms/sockets/voice-sockets.js";
import { SocketsCommsNetwork } from "../../lib/comms/sockets.js";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType, WIRE_VERSION } from "../../lib/comms/wire/packets.js";
import { roomIdOf } from "../../lib/comms/wire/room-id.js";
import { Library } from "../../lib/index.js";
import { type IConnection, Peer } from "../../lib/peer/index.js";
import { type DisconnectReason, MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { seededBytes } from "../support/peer-world.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

const packets = new PacketWriter();
const codec = { codec: 0, frameSize: 960, sampleRate: 48_000 };
const none = new Uint8Array(0);

/** A hello, as bytes. */
const hello = (name: string) =>
  packets
    .write(PacketType.HandshakeRequest, 0, contents.handshakeRequest, {
      version: WIRE_VERSION,
      codec,
      name,
      salt: none,
      token: none,
    })
    .copy();

/** A voice server over a network in memory, and bare Peers that connect to it. */
async function open(options: Partial<PeerCommsNetworkOptions> = {}) {
  const clock = new FakeClock();
  const network = new MemoryNetwork({ clock, random: seededRandom(1) });
  const socketFactory = new MemorySocketFactory(network);
  let seeds = 0;
  const common = () => ({ clock, randomBytes: seededBytes(++seeds), peer: { random: seededRandom(seeds) } });
  const server = new PeerCommsNetwork({ ...common(), socketFactory, ...options });
  server.runAsDedicatedServer();
  const turn = async (ms = 0) => {
    for (let rounds = 0; rounds < 10; rounds++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      clock.advance(ms / 10);
    }
  };
  await turn();
  onTestFinished(() => server.stop());
  const connect = () => {
    const ends: DisconnectReason[] = [];
    const handler = {
      onMessage: () => {},
      onDisconnected: (_: IConnection, reason: DisconnectReason) => ends.push(reason),
    };
    const { peer, ...rest } = common();
    const stranger = new Peer(socketFactory.createClientSocket(), socketFactory.maxPacketSize, handler, {
      ...rest,
      ...peer,
    });
    void stranger.connect(socketFactory.getConnectEndPoint()).catch(() => {});
    return { stranger, ends };
  };
  const join = (playerName: string) => {
    const client = new PeerCommsNetwork({ ...common(), socketFactory, playerName });
    client.runAsClient();
    onTestFinished(() => client.stop());
    return client;
  };
  return { clock, connect, join, server, turn };
}

test("who connects by a Peer and says no hello is disconnected after 5 s, and nobody else is", async () => {
  const { clock, connect, join, server, turn } = await open();
  const client = join("Ada");
  await turn(1000);
  const [silent, wrong] = [connect(), connect()];
  await turn(100);
  wrong.stranger.connections[0]?.send(Uint8Array.of(0x56, 0x47, 6, 1, 2, 3, 4));
  await turn(HELLO_TIMEOUT_MS - 500);
  expect([silent.ends, wrong.ends]).toEqual([[], []]);
  await turn(1000);
  const reason = { code: 0, text: "No hello of a voice session" };
  expect([silent.ends, wrong.ends]).toEqual([[reason], [reason]]);
  await turn(3 * HELLO_TIMEOUT_MS);
  expect(server.server?.clients.map(({ name }) => name)).toEqual(["Ada"]);
  expect(client.status).toBe(2);
  client.stop();
  server.stop();
  await turn(3000);
  expect(clock.timerCount).toBe(0);
});

test("whom the server refuses has the same deadline, and does not get a new one by trying again", async () => {
  const { connect, turn } = await open({ authorize: () => ({ code: 7, text: "no" }) });
  const eve = connect();
  for (let step = 0; step < 12 && eve.ends.length === 0; step++) {
    await turn(500);
    eve.stranger.connections[0]?.send(hello("Eve"));
  }
  expect(eve.ends).toEqual([{ code: 0, text: "No hello of a voice session" }]);
});

test("more strangers than there is room for make room among themselves, and players still get in", async () => {
  const { connect, join, server, turn } = await open();
  const strangers = [];
  for (let index = 0; index < MAX_STRANGERS + 50; index++) {
    strangers.push(connect());
    if (index % 20 === 0) await turn(1);
  }
  await turn(50);
  const gone = strangers.filter(({ ends }) => ends.length > 0);
  expect(gone.map(({ ends }) => ends[0]?.text)).toEqual(Array(50).fill("Too many connections without a voice client"));
  expect(gone).toEqual(strangers.slice(0, 50));
  join("Ada");
  await turn(100);
  expect(server.server?.clients.map(({ name }) => name)).toEqual(["Ada"]);
});

test("over GNS as well", async () => {
  const clock = new FakeClock();
  const server = new SocketsCommsNetwork({ clock });
  server.runAsDedicatedServer({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.stop());
  const ends: DisconnectReason[] = [];
  const user = { lost: (_: number, reason: DisconnectReason) => ends.push(reason), readable: () => {} };
  const stranger = new VoiceSockets(user, { clock: systemClock, initialize: {}, config: [] });
  onTestFinished(() => stranger.close());
  await stranger.connect("127.0.0.1", server.boundPort as number);
  // Its last step reaches the server later than the client.
  await vi.waitUntil(() => clock.timerCount > 0, { timeout: 10_000, interval: 5 });
  clock.advance(HELLO_TIMEOUT_MS - 1);
  expect(ends).toEqual([]);
  clock.advance(1);
  await vi.waitUntil(() => ends.length > 0, { timeout: 10_000, interval: 5 });
  expect(ends).toEqual([{ code: 0, text: "No hello of a voice session" }]);
  expect(clock.timerCount).toBe(0);
});

test("connections over GNS whose close GNS does not tell of end all the same", async () => {
  const server = new SocketsCommsNetwork();
  server.runAsDedicatedServer({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.stop());
  const clock = new FakeClock();
  const stranger = new VoiceSockets({ lost: () => {}, readable: () => {} }, { clock, initialize: {}, config: [] });
  await stranger.connect("127.0.0.1", server.boundPort as number);
  const silence = vi.spyOn(native, "closeConnection").mockReturnValue(true);
  stranger.close();
  silence.mockRestore();
  expect(Library.statistics.connections).toBe(2);
  clock.advance(6000);
  await vi.waitUntil(() => Library.statistics.connections === 0, { timeout: 10_000, interval: 5 });
});

/** A dedicated server over the network of a game, with these clients. */
function game(names: string[], options: CommsNetworkOptions = {}) {
  const network = new GameNetwork();
  const server = network.newNetwork("server", options).serve();
  const clients = names.map((name) => network.newNetwork(name).join());
  const arrive = () => settle(network, [server, ...clients], 6);
  arrive();
  return { network, server, clients, arrive };
}

test("hellos by the thousand are answered ten times, and make no noise among the others", () => {
  const { network, server, arrive } = game(["Ada", "Ben"]);
  const flood = (name: (index: number) => string) => {
    network.sent.length = 0;
    for (let index = 0; index < 1000; index++) server.server?.networkPacketReceived("Eve", hello(name(index)));
    arrive();
    return network.sent.filter(({ to }) => to === "Ada").length;
  };
  expect(flood(() => "Eve")).toBe(1);
  // Each name is another player: one is gone, and one has come.
  network.clock.advance(60_000);
  expect(flood((index) => `Eve ${index}`)).toBe(2 * 10);
  expect(server.server?.metrics.dropped).toBe(990 + 990);
  network.clock.advance(5000);
  expect(flood(() => "Eve")).toBe(2);
});

test("who comes and goes uses no id up: others get in", () => {
  const { server } = game([]);
  for (let index = 0; index < 70_000; index++) {
    server.server?.networkPacketReceived(`peer ${index}`, hello("Eve"));
    server.server?.clientDisconnected(`peer ${index}`);
  }
  server.server?.networkPacketReceived("Ada", hello("Ada"));
  expect(server.server?.clients.map(({ name }) => name)).toEqual(["Ada"]);
});

test.each<[string, unknown]>([
  [
    "throws",
    () => {
      throw new TypeError("of the application");
    },
  ],
  ["answers a promise", async () => true],
  ["answers nothing", () => {}],
  ["answers a number", () => 1],
  ["answers a text that is too long", () => ({ code: 1, text: "x".repeat(121) })],
])("authorize that %s lets nobody in, and the program is told", (_, authorize) => {
  const { network, server } = game([]);
  const faults: unknown[] = [];
  const strict = network.newNetwork("strict", { authorize: authorize as never });
  strict.on("fault", (error) => faults.push(error));
  server.stop();
  strict.serve();
  const client = network.newNetwork("Ada").join();
  const refusals: unknown[] = [];
  client.on("fault", (error) => refusals.push(error));
  settle(network, [strict, client]);
  expect(faults).toEqual([expect.any(TypeError)]);
  expect(refusals).toMatchObject([{ code: "ERR_REFUSED", reason: { code: 0, text: "The server failed" } }]);
  expect(strict.server?.metrics.malformed).toBe(0);
});

test.each(["canSpeak", "canListen"] as const)(
  "%s that throws, or answers a promise or nothing, allows nothing",
  (rule) => {
    for (const answer of [
      () => {
        throw new RangeError("of the application");
      },
      async () => true,
      () => {},
    ]) {
      const { server, clients, arrive } = game(["Ada", "Ben"], { [rule]: answer as never });
      const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
      const faults: unknown[] = [];
      server.on("fault", (error) => faults.push(error));
      let heard = 0;
      ben.comms.on("voiceReceived", () => heard++);
      ben.comms.rooms.join("lobby");
      arrive();
      ada.comms.roomChannels.open("lobby");
      ada.comms.sendVoice(new Uint8Array(50));
      arrive();
      expect([heard, server.server?.metrics.malformed]).toEqual([0, 0]);
      for (const fault of faults) expect(fault).toBeInstanceOf(RangeError);
    }
  },
);

test("a relayed text reaches only those to whom its target leads, where its writer may speak", () => {
  const canSpeak = ({ name }: { name: string }, room: string) => room !== "stage" || name === "Ben";
  const { network, server, clients, arrive } = game(["Ada", "Ben", "Cleo"], { canSpeak });
  const [ada, ben, cleo] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  const idOf = (network: CustomCommsNetwork) => network.comms.findPlayer(network.comms.localPlayerName)?.id as number;
  for (const room of ["stage", "lobby"]) cleo.comms.rooms.join(room);
  arrive();
  const texts: string[] = [];
  for (const { comms } of [ben, cleo])
    comms.on("textReceived", ({ text }) => texts.push(`${comms.localPlayerName}: ${text}`));
  const session = new DataView(
    (network.sent.find(({ from }) => from === "server") as { bytes: Uint8Array }).bytes.buffer,
  );
  const id = session.getUint32(3, true);
  const relay = (text: string, target: { isToPlayer: boolean; target: number }) => {
    const value = { ...target, sender: idOf(ada), text };
    const inner = new PacketWriter().write(PacketType.TextData, id, contents.text, value);
    const packet = packets.relay(PacketType.RelayReliable, id, [idOf(ben), idOf(cleo)], inner);
    server.server?.networkPacketReceived("Ada", packet);
    arrive();
  };
  relay("to the stage", { isToPlayer: false, target: roomIdOf("stage") });
  relay("to the lobby", { isToPlayer: false, target: roomIdOf("lobby") });
  relay("to Ben", { isToPlayer: true, target: idOf(ben) });
  expect(network.sent.filter(({ to, bytes }) => bytes[2] === PacketType.TextData && to === "Ben")).toHaveLength(1);
  expect(texts).toEqual(["Cleo: to the lobby", "Ben: to Ben"]);
});

test("a client that is bound to a peer is not taken over by another, and no peer is two clients", () => {
  const { clients, arrive } = game(["Ada", "Ben", "Cleo"]);
  const [ada, ben, cleo] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  const idOf = (name: string) => ada.comms.findPlayer(name)?.id as number;
  ada.client?.receiveHandshakeP2P(idOf("Ben"), "Ben");
  ada.client?.receiveHandshakeP2P(idOf("Ben"), "Cleo");
  ada.client?.receiveHandshakeP2P(idOf("Cleo"), "Ben");
  arrive();
  expect([ben, cleo].map(({ comms }) => ada.comms.findPlayer(comms.localPlayerName)?.isDirect)).toEqual([true, false]);
  ada.client?.dropP2P("Ben");
  ada.client?.receiveHandshakeP2P(idOf("Cleo"), "Cleo");
  expect([ben, cleo].map(({ comms }) => ada.comms.findPlayer(comms.localPlayerName)?.isDirect)).toEqual([false, true]);
});

test("a server that names more players and rooms than there may be fills no memory of its clients", () => {
  const { network, clients } = game(["Ada"]);
  const [ada] = clients as [CustomCommsNetwork];
  const { bytes } = network.sent.find(({ from }) => from === "server") as { bytes: Uint8Array };
  const session = new DataView(bytes.buffer).getUint32(3, true);
  for (let id = 0; id < 10_000; id++) {
    ada.client?.networkPacketReceived(
      packets.write(PacketType.ClientState, session, contents.clientState, { id, codec, name: `p${id}`, salt: none }),
    );
  }
  for (let room = 0; room < 1000; room++) {
    ada.client?.networkPacketReceived(
      packets.write(PacketType.DeltaClientState, session, contents.deltaClientState, {
        id: 1,
        isJoining: true,
        room: `${room}`,
      }),
    );
  }
  expect(ada.comms.players).toHaveLength(4096);
  expect(ada.comms.findPlayer("p1")?.rooms.size).toBe(64);
});
