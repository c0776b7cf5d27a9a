import { expect, test } from "vitest";
import type { JoinRequest } from "../../lib/comms/index.js";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType } from "../../lib/comms/wire/packets.js";
import { seededRandom } from "../../lib/testing/index.js";
import { type CustomCommsNetwork, CustomServer, GameNetwork, settle } from "./custom-network.js";

const MAGIC = [0x56, 0x47];
const u16 = (value: number) => [value & 255, value >>> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];

const firstOf = ({ sent }: GameNetwork) =>
  new DataView((sent.find(({ from }) => from === "server") as (typeof sent)[number]).bytes.buffer);

function session(...names: string[]) {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const clients = names.map((name) => game.newNetwork(name).join());
  const arrive = () => settle(game, [server, ...clients], 4);
  arrive();
  const sessionOf = () => firstOf(game).getUint32(3, true);
  return { game, server, clients, arrive, session: sessionOf() };
}

/** A voice packet, byte by byte. */
function voice(
  sessionId: number,
  sender: number,
  targets: { room?: number; player?: number }[],
  packet = 0,
): Uint8Array {
  const channels = targets.flatMap(({ room, player }) => [
    ...u16(player === undefined ? 0x8008 : 0x8009),
    ...u32(room ?? player ?? 0),
  ]);
  return Uint8Array.of(
    ...[...MAGIC, 6, ...u32(sessionId), ...u16(sender), 0, ...u16(packet), ...u16(packet), targets.length, ...channels],
    ...[1, 2, 3],
  );
}

test("voice under the id of another goes nowhere, and is told", () => {
  const { game, server, clients, arrive, session: id } = session("Ada", "Ben", "Cleo");
  const [ada, ben, cleo] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  const spoofed: string[] = [];
  server.server?.on("voicePacketSpoofed", (client, victim) => spoofed.push(`${client.name} as ${victim?.name}`));
  const idOf = (network: CustomCommsNetwork) => network.comms.findPlayer(network.comms.localPlayerName)?.id as number;
  let heard = 0;
  cleo.comms.on("voiceReceived", () => heard++);
  game.send("Ada", "server", voice(id, idOf(ben), [{ player: idOf(cleo) }]), false);
  game.send("Ada", "server", voice(id, 999, [{ player: idOf(cleo) }]), false);
  arrive();
  expect(spoofed).toEqual(["Ada as Ben", "Ada as undefined"]);
  expect(heard).toBe(0);
  game.send("Ada", "server", voice(id, idOf(ada), [{ player: idOf(cleo) }]), false);
  arrive();
  expect(heard).toBe(1);
});

test("a flood of voice is dropped above its rate, and nobody else's suffers", () => {
  const { game, server, clients, arrive, session: id } = session("Ada", "Ben", "Cleo");
  const [ada, ben, cleo] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  const idOf = (network: CustomCommsNetwork) => network.comms.findPlayer(network.comms.localPlayerName)?.id as number;
  const heard = { Ada: 0, Ben: 0 } as Record<string, number>;
  cleo.comms.on("voiceReceived", ({ player }) => {
    heard[player.name] = (heard[player.name] ?? 0) + 1;
  });
  ben.comms.playerChannels.open("Cleo");
  let packet = 0;
  for (let step = 0; step < 500; step++) {
    for (let burst = 0; burst < 20; burst++) {
      game.send("Ada", "server", voice(id, idOf(ada), [{ player: idOf(cleo) }], packet++ & 0xffff), false);
    }
    ben.comms.sendVoice(new Uint8Array(50));
    arrive();
    game.clock.advance(20);
  }
  expect(heard.Ben).toBe(500);
  // 1.2 times 50 a second for 10 s, and 50 at once.
  expect(heard.Ada).toBeLessThanOrEqual(50 + 1.2 * 50 * 10 + 1);
  expect(server.server?.metrics.dropped).toBeGreaterThan(9000);
});

test("whom the server's rules refuse does not join, speak or listen", () => {
  class Strict extends CustomServer {
    override authorize({ name, token }: JoinRequest<string>) {
      return token[0] === 42 ? true : { code: 7, text: `no ticket, ${name}` };
    }
    override canSpeak({ name }: { name: string }, room: string) {
      return room !== "stage" || name === "Ada";
    }
    override canListen({ name }: { name: string }, room: string) {
      return room !== "backstage" || name === "Ada";
    }
  }
  const game = new GameNetwork();
  const server = game.newNetwork("server");
  (server as unknown as { createServer(): CustomServer }).createServer = () => new Strict(server);
  server.serve();
  const token = Uint8Array.of(42);
  const [ada, ben] = ["Ada", "Ben"].map((name) => game.newNetwork(name, { token }).join()) as [
    CustomCommsNetwork,
    CustomCommsNetwork,
  ];
  const stranger = game.newNetwork("Eve\u202e\n").join();
  const faults: unknown[] = [];
  stranger.on("fault", (error) => faults.push(error));
  const refused: unknown[] = [];
  ben.comms.on("roomRefused", (reason, room) => refused.push([room, reason]));
  const networks = [server, ada, ben, stranger];
  ben.comms.rooms.join("backstage");
  ben.comms.rooms.join("stage");
  ada.comms.rooms.join("stage");
  settle(game, networks);
  const message = "The voice server refused: no ticket, Eve\\u{202e}\\u{a}";
  expect(faults).toMatchObject([{ code: "ERR_REFUSED", message, reason: { code: 7, text: "no ticket, Eve\u202e\n" } }]);
  expect(refused).toEqual([["backstage", "No place in the room backstage"]]);
  const heard: string[] = [];
  for (const one of [ada, ben]) one.comms.on("voiceReceived", ({ player }) => heard.push(player.name));
  for (const one of [ada, ben]) one.comms.roomChannels.open("stage");
  for (const one of [ada, ben]) one.comms.sendVoice(new Uint8Array(50));
  settle(game, networks);
  expect(heard).toEqual(["Ada"]);
});

test("relayed handshakes, relays in relays, and packets that only servers send are refused", () => {
  const { game, server, clients, arrive, session: id } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  const benId = ben.comms.findPlayer("Ben")?.id as number;
  const charged: string[] = [];
  (server.server as unknown as { charge(peer: string, cost: number, text: string): void }).charge = (
    _peer,
    _cost,
    text,
  ) => charged.push(text);
  const inner = [...MAGIC, 11, ...u32(id), ...u16(0)];
  // The number of destinations in 9 bits, one destination in 16, and zeros to the next byte.
  const header = [1, (benId << 1) & 255, benId >>> 7, 0];
  game.sent.length = 0;
  for (const type of [8, 9])
    game.send("Ada", "server", Uint8Array.of(...MAGIC, type, ...u32(id), ...header, ...inner), true);
  for (const type of [2, 3, 5, 10, 12, 13, 77])
    game.send("Ada", "server", Uint8Array.of(...MAGIC, type, ...u32(id), 0, 0), true);
  arrive();
  expect(charged.length).toBe(9);
  expect(game.sent.filter(({ to }) => to === "Ben")).toEqual([]);
  expect(ada.comms.players.length).toBe(2);
});

test("floods of rooms, texts and signals of one client stay within its limits, and nobody else is affected", () => {
  const { game, server, clients, arrive, session: id } = session("Ada", "Ben", "Eve");
  const [ada, ben, eve] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  const idOf = (network: CustomCommsNetwork) => network.comms.findPlayer(network.comms.localPlayerName)?.id as number;
  ben.comms.rooms.join("lobby");
  arrive();
  ada.comms.roomChannels.open("lobby");
  const heard = { voice: 0, texts: 0, rooms: 0 };
  ben.comms.on("voiceReceived", () => heard.voice++);
  ben.comms.on("textReceived", () => heard.texts++);
  ben.comms.on("playerEnteredRoom", () => heard.rooms++);
  const packets = new PacketWriter();
  const flood = (number: number) => [
    packets
      .write(PacketType.DeltaClientState, id, contents.deltaClientState, {
        id: idOf(eve),
        isJoining: true,
        room: `room ${number}`,
      })
      .copy(),
    packets
      .write(PacketType.TextData, id, contents.text, {
        isToPlayer: true,
        sender: idOf(eve),
        target: idOf(ben),
        text: "x",
      })
      .copy(),
    packets.write(PacketType.Signal, id, contents.signal, { client: idOf(ben), bytes: new Uint8Array(900) }).copy(),
  ];
  game.sent.length = 0;
  const SECONDS = 10;
  for (let step = 0; step < 50 * SECONDS; step++) {
    for (let burst = 0; burst < 20; burst++) {
      for (const packet of flood(20 * step + burst)) server.server?.networkPacketReceived("Eve", packet);
    }
    ada.comms.sendVoice(new Uint8Array(50));
    arrive();
    game.clock.advance(20);
  }
  expect(heard.voice).toBe(50 * SECONDS);
  expect(heard.rooms).toBe(64);
  expect(heard.texts).toBeLessThanOrEqual(10 + 5 * SECONDS);
  const signals = game.sent.filter(({ bytes, to }) => to === "Ben" && bytes[2] === PacketType.Signal);
  expect(signals.length).toBeLessThanOrEqual(20 + 20 * SECONDS);
  // Every room too many is answered, within the rate of changes.
  expect(game.sent.filter(({ to }) => to === "Eve").length).toBeLessThan(1000);
  expect(ben.comms.findPlayer("Eve")?.rooms.size).toBe(64);
  expect(server.server?.clients.map(({ rooms }) => rooms.length)).toEqual([0, 1, 64]);
});

/** 10 million packets in `npm run test:stress`. */
const STEPS = process.env.VALVE_SOCKETS_STRESS === undefined ? 1000 : 100_000;
const STRANGERS = 500;

test(`${100 * STEPS} wrong packets while Ada speaks: every frame arrives, and no table grows`, () => {
  const { game, server, clients, arrive, session: id } = session("Ada", "Ben", "Eve");
  const [ada, ben, eve] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  const random = seededRandom(9);
  const idOf = (network: CustomCommsNetwork) => network.comms.findPlayer(network.comms.localPlayerName)?.id as number;
  ben.comms.rooms.join("lobby");
  arrive();
  ada.comms.roomChannels.open("lobby");
  let heard = 0;
  ben.comms.on("voiceReceived", ({ player, frame }) => {
    if (player.name === "Ada" && frame.view().every((byte) => byte === 5)) heard++;
  });
  const templates = [
    voice(id, idOf(eve), [{ room: 1 }, { player: idOf(ben) }]),
    ...game.sent.filter(({ from, to }) => from === "Eve" || to === "Eve").map(({ bytes }) => bytes),
  ];
  for (let step = 0; step < STEPS; step++) {
    for (let wrong = 0; wrong < 100; wrong++) {
      const bytes = (templates[Math.floor(random() * templates.length)] as Uint8Array).slice();
      for (let flips = Math.floor(random() * 4); flips >= 0; flips--) {
        const at = 2 + Math.floor(random() * (bytes.length - 2));
        bytes[at] = Math.floor(random() * 256);
      }
      const cut = random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
      server.server?.networkPacketReceived("Eve", cut);
      ben.client?.networkPacketReceived(cut, "Eve");
      const stranger = `stranger ${(step * 10 + wrong / 10) % STRANGERS}`;
      if (wrong % 10 === 0) server.server?.networkPacketReceived(stranger, cut);
      game.queueOf(stranger).length = 0; // nobody reads that
    }
    game.sent.length = 0;
    ada.comms.sendVoice(new Uint8Array(50).fill(5));
    arrive();
    game.clock.advance(20);
  }
  expect(heard).toBeGreaterThanOrEqual(0.99 * STEPS);
  expect(server.server?.clients.length).toBeLessThanOrEqual(3 + STRANGERS);
  expect(server.server?.clients.some(({ name }) => name === "Ada")).toBe(true);
  // A faulty server can confuse its clients, and nothing more.
  for (let step = 0; step < 20_000; step++) {
    const bytes = (templates[Math.floor(random() * templates.length)] as Uint8Array).slice();
    bytes[2 + Math.floor(random() * (bytes.length - 2))] = Math.floor(random() * 256);
    eve.client?.networkPacketReceived(bytes);
  }
}, 1_200_000);
