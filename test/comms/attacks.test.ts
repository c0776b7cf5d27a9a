// What a broken or hostile client, or a careless application, does to a server and to the others.
import { expect, test, vi } from "vitest";
import { ConnectionStatus, type IServerClient, NetworkMode } from "../../lib/comms/index.js";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType } from "../../lib/comms/wire/packets.js";
import { roomIdOf } from "../../lib/comms/wire/room-id.js";
import { NetworkError } from "../../lib/network-error.js";
import type { ByteSegment } from "../../lib/peer/index.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

type Clients = [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork, ...CustomCommsNetwork[]];

function session(...names: string[]) {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const clients = names.map((name) => game.newNetwork(name).join()) as Clients;
  const networks = [server, ...clients];
  const arrive = () => settle(game, networks, 6);
  arrive();
  const faults: unknown[] = [];
  server.on("fault", (error) => faults.push(error));
  const first = game.sent.find(({ from }) => from === "server")?.bytes as Uint8Array;
  const id = new DataView(first.buffer).getUint32(3, true);
  return { game, server, clients, arrive, faults, id };
}

const idOf = ({ comms }: CustomCommsNetwork) => comms.findPlayer(comms.localPlayerName)?.id as number;
const frame = (number: number) => Uint8Array.of(number, number, number);

/** The transport of the server, which a test replaces. */
interface ServerTransport {
  sendReliable(to: string, packet: ByteSegment): boolean | undefined;
  disconnectPeer(peer: string): void;
  charge(peer: string, cost: number, text: string): void;
}
const transportOf = ({ server }: CustomCommsNetwork) => server as unknown as ServerTransport;

test("a client that reads nothing is told again and again that it is out, and the server does other things", () => {
  const { arrive, clients, game, server } = session("Ada", "Ben", "Cleo");
  const [ada, ben] = clients;
  const transport = transportOf(server);
  const { sendReliable } = Object.getPrototypeOf(transport) as ServerTransport;
  let refused = 0;
  transport.sendReliable = (to, packet) => {
    // A thousand times, so that a fault of this test ends.
    if (to === "Ben" && refused++ < 1000) return false;
    return sendReliable.call(transport, to, packet);
  };
  ada.comms.rooms.join("lobby");
  arrive();
  expect(refused).toBeLessThan(5);
  expect(server.server?.clients.map(({ name }) => name)).toEqual(["Ada", "Cleo"]);
  for (let second = 0; second < 10; second++) game.clock.advance(1000);
  expect(refused).toBeLessThan(20);
  refused = 1000;
  game.clock.advance(1000);
  arrive();
  expect(server.server?.clients.map(({ name }) => name)).toEqual(["Ada", "Cleo", "Ben"]);
  expect(ben.status).toBe(ConnectionStatus.Connected);
});

test("whoever is put out twice within a second joins again", () => {
  const { arrive, clients, game, server } = session("Ada", "Ben", "Cleo");
  const [ada, ben] = clients;
  const transport = transportOf(server);
  const { sendReliable } = Object.getPrototypeOf(transport) as ServerTransport;
  let losses = 0;
  transport.sendReliable = (to, packet) => {
    if (to === "Ben" && losses-- > 0) return false;
    return sendReliable.call(transport, to, packet);
  };
  for (const room of ["one", "two"]) {
    losses = 1;
    ada.comms.rooms.join(room);
    arrive();
    game.clock.advance(100);
    arrive();
  }
  game.clock.advance(1000);
  arrive();
  expect(server.server?.clients.map(({ name }) => name).sort()).toEqual(["Ada", "Ben", "Cleo"]);
  expect(ben.status).toBe(ConnectionStatus.Connected);
  expect([...(ben.comms.findPlayer("Ada")?.rooms ?? [])]).toEqual(["one", "two"]);
});

/** Names that no client sends: of no byte, and of 63 bytes that are 126 in Unicode's form NFC. */
test.each(["", "\ufb2c".repeat(21)])("the name %j is the fault of its sender, and not of the program", (name) => {
  const { arrive, clients, faults, game, id, server } = session("Ada");
  const charged: string[] = [];
  transportOf(server).charge = (peer, cost) => charged.push(`${peer}: ${cost}`);
  const packets = new PacketWriter();
  const codec = { codec: 0, frameSize: 960, sampleRate: 48_000 };
  const none = new Uint8Array(0);
  const hello = { version: 1, codec, name, salt: none, token: none };
  const room = { id: idOf(clients[0]), isJoining: true, room: name };
  game.send("Eve", "server", packets.write(PacketType.HandshakeRequest, 0, contents.handshakeRequest, hello), true);
  game.send("Ada", "server", packets.write(PacketType.DeltaClientState, id, contents.deltaClientState, room), true);
  arrive();
  expect(faults).toEqual([]);
  expect(charged).toEqual(["Eve: 50", "Ada: 50"]);
  expect(server.server?.metrics.malformed).toBe(2);
});

test("what is relayed is heard by the application first, which may mute the speaker meanwhile", () => {
  const { arrive, clients, game, server } = session("Ada", "Ben", "Cleo");
  const [ada, ben, cleo] = clients;
  for (const { comms } of [ben, cleo]) comms.rooms.join("lobby");
  game.connect("Ada", "Ben");
  ada.client?.receiveHandshakeP2P(idOf(ben), "Ben");
  arrive();
  const said: string[] = [];
  let mute: ((client: IServerClient<string>) => void) | null = null;
  server.server?.on("voiceFrame", (client, bytes) => {
    said.push(`${client.name} ${bytes.copy()}`);
    mute?.(client);
  });
  const heard: string[] = [];
  cleo.comms.on("voiceReceived", ({ frame: bytes }) => heard.push(String(bytes.copy())));
  ada.comms.roomChannels.open("lobby");
  ada.comms.sendVoice(frame(1));
  arrive();
  expect(game.sent.some(({ bytes }) => bytes[2] === PacketType.RelayUnreliable)).toBe(true);
  expect({ said, heard }).toEqual({ said: ["Ada 1,1,1"], heard: ["1,1,1"] });
  const { dropped } = server.server?.metrics ?? { dropped: 0 };
  mute = (client) => {
    client.muteOnServer = true;
  };
  for (const number of [2, 3]) ada.comms.sendVoice(frame(number));
  arrive();
  expect(said).toEqual(["Ada 1,1,1", "Ada 2,2,2"]);
  expect(heard).toEqual(["1,1,1"]);
  expect(server.server?.metrics.dropped).toBe(dropped + 2);
});

test("a client that the application puts out while it speaks is not heard any more", () => {
  const { arrive, clients, server } = session("Ada", "Ben");
  const [ada, ben] = clients;
  server.server?.on("voiceFrame", ({ peer }) => server.server?.clientDisconnected(peer));
  ada.comms.playerChannels.open("Ben");
  let heard = 0;
  ben.comms.on("voiceReceived", () => heard++);
  ada.comms.sendVoice(frame(1));
  arrive();
  expect(heard).toBe(0);
  expect(server.server?.metrics.forwarded).toBe(0);
});

test("a relayed text is for deaf players too, comes once, and whoever does not take it joins anew", () => {
  const { arrive, clients, game, id, server } = session("Ada", "Ben", "Cleo");
  const [ada, ben, cleo] = clients;
  for (const { comms } of [ben, cleo]) comms.rooms.join("lobby");
  arrive();
  for (const client of server.server?.clients ?? []) client.deafenOnServer = client.name === "Ben";
  const texts: string[] = [];
  for (const { comms } of clients)
    comms.on("textReceived", ({ text }) => texts.push(`${comms.localPlayerName} ${text}`));
  const left: string[] = [];
  ada.comms.on("playerLeft", ({ name }) => left.push(name));
  const [inner, outer] = [new PacketWriter(), new PacketWriter()];
  const relay = (text: string) => {
    const value = { isToPlayer: false, sender: idOf(ada), target: roomIdOf("lobby"), text };
    const packet = inner.write(PacketType.TextData, id, contents.text, value);
    const ids = [ada, ben, ben, cleo].map(idOf);
    game.send("Ada", "server", outer.relay(PacketType.RelayReliable, id, ids, packet), true);
    arrive();
  };
  relay("one");
  expect(texts).toEqual(["Ben one", "Cleo one"]);
  const transport = transportOf(server);
  transport.sendReliable = (to, packet) => {
    delete (transport as Partial<ServerTransport>).sendReliable;
    expect([to, packet.buffer[packet.offset + 2]]).toEqual(["Ben", PacketType.TextData]);
    return false;
  };
  relay("two");
  game.clock.advance(1000);
  arrive();
  expect(left).toEqual(["Ben"]);
  expect(server.server?.clients.map(({ name }) => name).sort()).toEqual(["Ada", "Ben", "Cleo"]);
});

test("a transport that throws when it disconnects harms nobody who sends", () => {
  const { arrive, clients, faults, game, server } = session("Ada", "Ben");
  transportOf(server).disconnectPeer = () => {
    throw new Error("the socket is closed");
  };
  game.send("Eve", "server", Uint8Array.of(0x56, 0x47, 1, 9), true);
  clients[0].comms.rooms.join("lobby");
  arrive();
  expect(faults).toMatchObject([{ message: "the socket is closed" }]);
  expect(server.server?.clients[0]?.rooms).toEqual(["lobby"]);
});

test("a server that has stopped lets nobody in, and has told who stopped listening", () => {
  const { arrive, clients, game, server } = session("Ada");
  clients[0].comms.rooms.join("lobby");
  arrive();
  const old = server.server;
  const told: string[] = [];
  for (const name of ["clientJoined", "clientLeft"] as const)
    old?.on(name, (client) => told.push(`${name} ${client.name}`));
  old?.on("stoppedListening", (client, room) => told.push(`${client.name} left ${room}`));
  const hello = game.sent.find(({ bytes }) => bytes[2] === PacketType.HandshakeRequest)?.bytes as Uint8Array;
  server.stop();
  game.sent.length = 0;
  old?.networkPacketReceived("Eve", hello);
  old?.clientConnected("Eve", "1.2.3.4:5");
  expect(told).toEqual(["Ada left lobby", "clientLeft Ada"]);
  expect(old?.clients).toEqual([]);
  expect(game.sent).toEqual([]);
});

test("a program that comes back with another length of frames is another client", () => {
  const { arrive, clients, game, server } = session("Ada", "Ben");
  clients[0].stop();
  clients[0].game.queueOf("Ada").length = 0;
  const again = game.newNetwork("Ada", { codec: { codec: 0, frameSize: 480, sampleRate: 48_000 } }).join();
  settle(game, [server, clients[1], again]);
  arrive();
  expect(server.server?.clients.map(({ codec, name }) => `${name} ${codec.frameSize}`)).toEqual(["Ben 960", "Ada 480"]);
  expect(clients[1].comms.findPlayer("Ada")?.codec.frameSize).toBe(480);
});

test("a client is one other client at most, also of those that have not come yet", () => {
  const { clients, arrive, game, server } = session("Ada", "Eve");
  const [ada] = clients;
  const sent: string[] = [];
  const next = Math.max(...clients.map(idOf)) + 1;
  // Ids are given one after another, so everybody knows those of the next.
  for (let id = next; id < next + 3; id++) ada.client?.receiveHandshakeP2P(id, "Eve");
  game.connect("Ada", "Eve");
  const others = ["Ben", "Cleo", "Dan"].map((name) => game.newNetwork(name).join());
  settle(game, [server, ...clients, ...others]);
  arrive();
  for (const name of ["Ben", "Cleo", "Dan"]) if (ada.comms.findPlayer(name)?.isDirect) sent.push(name);
  expect(sent).toEqual(["Ben"]);
});

test("a player that comes back as the same, with another salt, is heard from its first word", () => {
  const { clients, arrive, game, id } = session("Ada", "Ben");
  const [ada, ben] = clients;
  ada.comms.playerChannels.open("Ben");
  for (let number = 0; number < 100; number++) ada.comms.sendVoice(frame(number));
  arrive();
  const left: string[] = [];
  ben.comms.on("playerLeft", ({ name }) => left.push(name));
  const packets = new PacketWriter();
  const state = { id: idOf(ada), codec: { codec: 0, frameSize: 960, sampleRate: 48_000 }, name: "Ada" };
  for (const salt of [new Uint8Array(16).fill(1), new Uint8Array(16).fill(1)]) {
    game.send(
      "server",
      "Ben",
      packets.write(PacketType.ClientState, id, contents.clientState, { ...state, salt }),
      true,
    );
    arrive();
  }
  expect(left).toEqual(["Ada"]);
  expect(ben.comms.findPlayer("Ada")?.statistics.received).toBe(0);
});

test("a host to which very much happens in one turn misses nothing, and nobody is blamed for that", () => {
  const game = new GameNetwork();
  const host = game.newNetwork("Ada").host();
  const faults: unknown[] = [];
  host.on("fault", (error) => faults.push(error));
  settle(game, [host]);
  const clients = Array.from({ length: 70 }, (_, index) => game.newNetwork(`player ${index}`));
  for (const { comms } of clients) for (let room = 0; room < 60; room++) comms.rooms.join(`room ${room}`);
  for (const client of clients) client.join();
  settle(game, [host, ...clients], 4);
  // All of it came to the host between two updates.
  expect(faults).toEqual([]);
  expect(host.comms.players.length).toBe(71);
  expect(host.comms.players.map(({ rooms }) => rooms.size)).toEqual([0, ...clients.map(() => 60)]);
});

test("five thousand that come and go within one turn leave nothing behind on a host", () => {
  const game = new GameNetwork();
  const host = game.newNetwork("Ada").host();
  const faults: unknown[] = [];
  host.on("fault", (error) => faults.push(error));
  settle(game, [host]);
  let charged = 0;
  transportOf(host).charge = () => charged++;
  const joined = Array.from({ length: 5000 }, (_, index) => `Eve ${index}`);
  const packets = new PacketWriter();
  const codec = { codec: 0, frameSize: 960, sampleRate: 48_000 };
  const none = new Uint8Array(0);
  host.server?.on("clientJoined", ({ peer }) => host.server?.clientDisconnected(peer));
  for (const name of joined) {
    const hello = { version: 1, codec, name, salt: none, token: none };
    const packet = packets.write(PacketType.HandshakeRequest, 0, contents.handshakeRequest, hello);
    host.server?.networkPacketReceived(name, packet);
    game.queueOf(name).length = 0;
  }
  settle(game, [host], 4);
  expect({ charged, faults }).toEqual({ charged: 0, faults: [] });
  expect(host.comms.players.map(({ name }) => name)).toEqual(["Ada"]);
});

test("voice of a host that waits for an update is lost above 4096 packets, and nothing is thrown", () => {
  const game = new GameNetwork();
  const host = game.newNetwork("Ada").host();
  const ben = game.newNetwork("Ben").join();
  settle(game, [host, ben]);
  host.comms.playerChannels.open("Ben");
  for (let number = 0; number < 5000; number++) host.comms.sendVoice(frame(number & 0xff));
  host.comms.text.whisper("Ben", "all is well");
  const texts: string[] = [];
  ben.comms.on("textReceived", ({ text }) => texts.push(text));
  settle(game, [host, ben]);
  expect(texts).toEqual(["all is well"]);
});

test("a host's text that its client cannot take any more is no fault of whoever wrote it", () => {
  const game = new GameNetwork();
  const host = game.newNetwork("Ada").host();
  const ben = game.newNetwork("Ben").join();
  settle(game, [host, ben]);
  const faults: unknown[] = [];
  host.on("fault", (error) => faults.push(error));
  const disconnected: string[] = [];
  transportOf(host).disconnectPeer = (peer) => disconnected.push(peer);
  const spy = vi.spyOn(host, "preprocessPacketToClient").mockImplementationOnce(() => {
    throw new NetworkError("ERR_QUEUE_FULL", "full");
  });
  ben.comms.text.whisper("Ada", "hello");
  settle(game, [host, ben]);
  spy.mockRestore();
  game.clock.advance(2000);
  settle(game, [host, ben]);
  expect(faults).toMatchObject([{ message: "full" }]);
  expect(disconnected).toEqual([]);
  expect(host.server?.clients.map(({ name }) => name).sort()).toEqual(["Ada", "Ben"]);
  expect(host.status).toBe(ConnectionStatus.Connected);
});

test("a transport that could not be prepared is so for the next session, and not in each update", async () => {
  const game = new GameNetwork();
  const network = game.newNetwork("Ada");
  const faults: unknown[] = [];
  network.on("fault", (error) => faults.push(error));
  const owner = network as unknown as { initialize(): void | Promise<void> };
  const { initialize } = Object.getPrototypeOf(owner);
  let tries = 0;
  owner.initialize = async () => {
    if (++tries === 1) throw new Error("no such server");
    initialize.call(owner);
  };
  network.serve();
  await vi.waitUntil(() => faults.length > 0);
  for (let turn = 0; turn < 10; turn++) network.update();
  network.stop();
  expect({ tries, mode: network.mode }).toEqual({ tries: 1, mode: NetworkMode.None });
  network.host();
  await vi.waitUntil(() => network.mode === NetworkMode.Host);
  expect({ tries, faults }).toMatchObject({ tries: 2, faults: [{ message: "no such server" }] });
  network.stop();
});

test("texts that come directly are as many as the server lets through", () => {
  const { arrive, clients, game, id } = session("Ada", "Eve");
  const [ada, eve] = clients;
  ada.client?.receiveHandshakeP2P(idOf(eve), "Eve");
  arrive();
  let texts = 0;
  ada.comms.on("textReceived", () => texts++);
  const value = { isToPlayer: true, sender: idOf(eve), target: idOf(ada), text: "x" };
  const packet = new PacketWriter().write(PacketType.TextData, id, contents.text, value).copy();
  for (let second = 0; second < 10; second++) {
    for (let count = 0; count < 100; count++) ada.client?.networkPacketReceived(packet, "Eve");
    game.clock.advance(1000);
  }
  expect(texts).toBe(10 + 9 * 5);
  for (let count = 0; count < 20; count++) ada.client?.networkPacketReceived(packet);
  expect(texts).toBe(10 + 9 * 5 + 20);
});
