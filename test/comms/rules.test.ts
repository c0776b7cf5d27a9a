// What a server, and a client, does not take, each by itself: packets that are right but for one thing.
import { expect, test } from "vitest";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType } from "../../lib/comms/wire/packets.js";
import { roomIdOf } from "../../lib/comms/wire/room-id.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

function session(canSpeak = () => true) {
  const game = new GameNetwork();
  const server = game.newNetwork("server", { canSpeak }).serve();
  const clients = ["Ada", "Ben"].map((name) => game.newNetwork(name).join()) as [
    CustomCommsNetwork,
    CustomCommsNetwork,
  ];
  const arrive = () => settle(game, [server, ...clients], 6);
  arrive();
  const [ada, ben] = clients;
  ben.comms.rooms.join("lobby");
  arrive();
  const [adaId, benId] = clients.map(({ comms }) => comms.findPlayer(comms.localPlayerName)?.id) as [number, number];
  const first = game.sent.find(({ from }) => from === "server")?.bytes as Uint8Array;
  const id = new DataView(first.buffer).getUint32(3, true);
  const texts: string[] = [];
  for (const { comms } of clients)
    comms.on("textReceived", ({ text }) => texts.push(`${comms.localPlayerName} ${text}`));
  const [inner, outer] = [new PacketWriter(), new PacketWriter()];
  const toLobby = { isToPlayer: false, sender: adaId, target: roomIdOf("lobby"), text: "hi" };
  const textOf = (value = toLobby, of = id) => inner.write(PacketType.TextData, of, contents.text, value);
  const relay = (text = textOf(), type = PacketType.RelayReliable) => {
    game.send("Ada", "server", outer.relay(type, id, [benId], text), true);
    arrive();
  };
  return { ada, adaId, arrive, ben, benId, game, id, outer, relay, server, textOf, texts, toLobby };
}

test("a text, relayed or not, of a client that is mute, or where it may not speak, goes nowhere", () => {
  let mayAdaSpeak = true;
  const { ada, arrive, relay, server, texts } = session(() => mayAdaSpeak);
  const say = () => {
    ada.comms.text.send("lobby", "hi");
    relay();
    arrive();
    return texts.splice(0).length;
  };
  expect(say()).toBe(2);
  const [client] = server.server?.clients ?? [];
  if (client) client.muteOnServer = true;
  expect(say()).toBe(0);
  if (client) client.muteOnServer = false;
  mayAdaSpeak = false;
  expect(say()).toBe(0);
});

test("what is relayed has the session of the relay, and ends where it ends", () => {
  const { game, id, relay, server, textOf, texts } = session();
  relay(textOf(undefined, id + 1));
  const long = textOf().copy();
  relay({ buffer: Uint8Array.of(...long, 0), offset: 0, length: long.length + 1 } as ReturnType<typeof textOf>);
  expect(texts).toEqual([]);
  expect(server.server?.metrics.malformed).toBe(1);
  expect(game.sent.filter(({ bytes, to }) => to === "Ben" && bytes[2] === PacketType.TextData)).toEqual([]);
});

test("voice is relayed to those to whom its channels lead, and to nobody else who is named", () => {
  const { adaId, benId, game, id, relay, server } = session();
  const voice = (player: number) => {
    const u16 = (value: number) => [value & 255, value >>> 8];
    const header = [0x56, 0x47, 6, ...u16(id & 0xffff), ...u16(id >>> 16), ...u16(adaId), 0, 0, 0, 0, 0, 1];
    const bytes = Uint8Array.of(...header, ...u16(0x8009), ...u16(player), 0, 0, 1, 2, 3);
    return { buffer: bytes, offset: 0, length: bytes.length } as Parameters<typeof relay>[0];
  };
  game.sent.length = 0;
  relay(voice(benId + 1), PacketType.RelayUnreliable);
  expect(server.server?.metrics.forwarded).toBe(0);
  relay(voice(benId), PacketType.RelayUnreliable);
  expect(server.server?.metrics.forwarded).toBe(1);
});

test("nobody changes the rooms of another, or reports its own loss", () => {
  const { adaId, arrive, benId, game, id, outer, server } = session();
  const state = { id: benId, isJoining: true, room: "staff" };
  game.send("Ada", "server", outer.write(PacketType.DeltaClientState, id, contents.deltaClientState, state), true);
  const report = { speaker: adaId, lossPercent: 100, burst: 1 };
  game.send("Ada", "server", outer.write(PacketType.VoiceReport, id, contents.voiceReport, report), false);
  arrive();
  expect(server.server?.clients.map(({ rooms }) => [...rooms])).toEqual([[], ["lobby"]]);
  expect(game.sent.some(({ bytes, to }) => to === "Ada" && bytes[2] === PacketType.VoiceReport)).toBe(false);
});

test("a client takes no word of the server from another client, no text of its own, and none for others", () => {
  const { ada, adaId, ben, benId, id, outer, texts, toLobby } = session();
  ben.client?.receiveHandshakeP2P(adaId, "Ada");
  ben.client?.networkPacketReceived(
    outer.write(PacketType.RemoveClient, id, contents.removeClient, { id: adaId }),
    "Ada",
  );
  expect(ben.comms.findPlayer("Ada")?.name).toBe("Ada");
  for (const value of [
    { ...toLobby, sender: benId },
    { ...toLobby, isToPlayer: true, target: adaId },
    { ...toLobby, target: roomIdOf("staff") },
  ]) {
    ben.client?.networkPacketReceived(outer.write(PacketType.TextData, id, contents.text, value));
  }
  expect(texts).toEqual([]);
  expect(ada.comms.players.length).toBe(2);
});
