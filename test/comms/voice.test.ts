import { expect, test } from "vitest";
import { ChannelPriority, type HeardVoice } from "../../lib/comms/index.js";
import type { CustomCommsNetwork } from "./custom-network.js";
import { GameNetwork, settle } from "./custom-network.js";

function session(...names: string[]) {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const clients = names.map((name) => game.newNetwork(name).join());
  const networks = [server, ...clients];
  const arrive = () => settle(game, networks, 4);
  arrive();
  return { game, server, clients, arrive, networks };
}

/** What is heard, as text. */
function record(network: CustomCommsNetwork): string[] {
  const heard: string[] = [];
  network.comms.on("playerStartedSpeaking", ({ name }) => heard.push(`${name} starts`));
  network.comms.on("playerStoppedSpeaking", ({ name }) => heard.push(`${name} stops`));
  network.comms.on("voiceReceived", ({ frame, player }) => heard.push(`${player.name} ${frame.copy()}`));
  return heard;
}

const frame = (number: number) => Uint8Array.of(number, number, number);

test("what is said to a room and to a player is heard once by each, and never by the speaker", () => {
  const { clients, arrive } = session("Ada", "Ben", "Cleo", "Dan");
  const [ada, ben, cleo, dan] = clients as [CustomCommsNetwork, ...CustomCommsNetwork[]];
  for (const network of [ada, ben, cleo]) network?.comms.rooms.join("lobby");
  arrive();
  const heard = clients.map(record);
  ada.comms.roomChannels.open("lobby");
  ada.comms.playerChannels.open("Cleo");
  ada.comms.sendVoice(frame(7));
  arrive();
  expect(heard).toEqual([[], ["Ada starts", "Ada 7,7,7"], ["Ada starts", "Ada 7,7,7"], []]);
  expect(dan?.comms.findPlayer("Ada")?.isSpeaking).toBe(false);
  expect(cleo?.comms.findPlayer("Ada")?.isSpeaking).toBe(true);
  expect(ben?.comms.findPlayer("Ada")?.statistics).toEqual({ received: 1, lost: 0, duplicates: 0, late: 0 });
});

test("voice never travels reliably, whatever way it goes", () => {
  const { game, clients, arrive } = session("Ada", "Ben", "Cleo");
  const [ada, ben, cleo] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  game.connect("Ada", "Ben");
  ada.client?.receiveHandshakeP2P(ben.comms.findPlayer("Ben")?.id as number, "Ben");
  cleo.comms.rooms.join("lobby");
  ben.comms.rooms.join("lobby");
  arrive();
  game.sent.length = 0;
  ada.comms.roomChannels.open("lobby");
  for (let number = 0; number < 50; number++) ada.comms.sendVoice(frame(number));
  arrive();
  expect(game.sent.length).toBeGreaterThan(100);
  expect(game.sent.filter(({ isReliable }) => isReliable)).toEqual([]);
});

test("speech ends with its channel, or 500 ms after the last packet", () => {
  const { game, clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  ben.comms.rooms.join("lobby");
  arrive();
  const heard = record(ben);
  const channel = ada.comms.roomChannels.open("lobby");
  ada.comms.sendVoice(frame(1));
  arrive();
  game.clock.advance(499);
  expect(heard).toEqual(["Ada starts", "Ada 1,1,1"]);
  game.clock.advance(1);
  expect(heard.splice(0)).toEqual(["Ada starts", "Ada 1,1,1", "Ada stops"]);
  ada.comms.sendVoice(frame(2));
  channel.close();
  arrive();
  expect(heard).toEqual(["Ada starts", "Ada 2,2,2", "Ada stops"]);
  expect(channel.isOpen).toBe(false);
  expect(() => {
    channel.priority = ChannelPriority.High;
  }).toThrow("is closed");
  expect(ada.comms.sendVoice(frame(3))).toBe(false);
});

test("whoever leaves the room hears the speaker stop, and whoever joins hears it start", () => {
  const { clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  const heard = record(ben);
  ada.comms.roomChannels.open("lobby");
  ada.comms.sendVoice(frame(1));
  arrive();
  ben.comms.rooms.join("lobby");
  arrive();
  ada.comms.sendVoice(frame(2));
  arrive();
  ben.comms.rooms.leave("lobby");
  arrive();
  ada.comms.sendVoice(frame(3));
  arrive();
  expect(heard).toEqual(["Ada starts", "Ada 2,2,2", "Ada stops"]);
});

test("over several channels the highest priority and the largest amplitude count, positional only if all are", () => {
  const { clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  const heard: Pick<HeardVoice, "amplitude" | "isPositional" | "priority">[] = [];
  ben.comms.on("voiceReceived", ({ amplitude, isPositional, priority }) =>
    heard.push({ amplitude, isPositional, priority }),
  );
  ben.comms.rooms.join("lobby");
  arrive();
  ada.comms.playerPriority = ChannelPriority.Low;
  const room = ada.comms.roomChannels.open("lobby", { positional: true });
  const say = () => {
    ada.comms.sendVoice(frame(1));
    arrive();
  };
  say();
  ada.comms.playerChannels.open("Ben", { priority: ChannelPriority.High, amplitude: 1.5, positional: true });
  say();
  room.positional = false;
  room.amplitude = 0.5;
  say();
  ada.comms.findPlayer("Ben");
  const player = ben.comms.findPlayer("Ada");
  if (player) player.volume = 0.5;
  say();
  expect(heard).toEqual([
    { amplitude: 1, isPositional: true, priority: ChannelPriority.Low },
    { amplitude: 1.5, isPositional: true, priority: ChannelPriority.High },
    { amplitude: 1.5, isPositional: false, priority: ChannelPriority.High },
    { amplitude: 0.75, isPositional: false, priority: ChannelPriority.High },
  ]);
});

test("mute, deaf, and one player muted here", () => {
  const { clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  ben.comms.rooms.join("lobby");
  arrive();
  const heard = record(ben);
  ada.comms.roomChannels.open("lobby");
  const say = (number: number) => {
    const isSent = ada.comms.sendVoice(frame(number));
    arrive();
    return isSent;
  };
  expect(say(1)).toBe(true);
  ada.comms.isMuted = true;
  expect(say(2)).toBe(false);
  ada.comms.isMuted = false;
  ben.comms.isDeafened = true;
  say(3);
  ben.comms.isDeafened = false;
  const player = ben.comms.findPlayer("Ada");
  if (player) player.isLocallyMuted = true;
  say(4);
  if (player) player.isLocallyMuted = false;
  say(5);
  expect(heard).toEqual(["Ada starts", "Ada 1,1,1", "Ada stops", "Ada starts", "Ada 5,5,5"]);
});

test("a server that mutes or deafens a player does so for all, and puts it out of a room", () => {
  const { server, clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  ben.comms.rooms.join("lobby");
  arrive();
  const heard = record(ben);
  const [onServer, listener] = server.server?.clients ?? [];
  ada.comms.roomChannels.open("lobby");
  const say = (number: number) => {
    ada.comms.sendVoice(frame(number));
    arrive();
  };
  if (onServer) onServer.muteOnServer = true;
  say(1);
  if (onServer) onServer.muteOnServer = false;
  if (listener) listener.deafenOnServer = true;
  say(2);
  if (listener) listener.deafenOnServer = false;
  expect(listener?.removeFromRoom("lobby")).toBe(true);
  expect(listener?.removeFromRoom("lobby")).toBe(false);
  arrive();
  say(3);
  expect(heard).toEqual([]);
  expect([...(ada.comms.findPlayer("Ben")?.rooms ?? [])]).toEqual([]);
});

test("each packet is heard once, and none of older speech or far too late", () => {
  const { game, clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  ben.comms.rooms.join("lobby");
  arrive();
  const heard = record(ben);
  const channel = ada.comms.roomChannels.open("lobby");
  game.sent.length = 0;
  for (let number = 1; number <= 100; number++) {
    ada.comms.sendVoice(frame(number));
    game.clock.advance(20);
    if (number % 10 === 0) arrive();
  }
  const packets = game.sent.filter(({ to }) => to === "Ben").map(({ bytes }) => bytes);
  const again = (index: number) => ben.client?.networkPacketReceived(packets[index] as Uint8Array);
  again(99);
  again(50);
  again(10);
  const { statistics } = ben.comms.findPlayer("Ada") ?? {};
  expect(statistics).toEqual({ received: 100, lost: 0, duplicates: 2, late: 1 });
  channel.close();
  ada.comms.roomChannels.open("lobby");
  ada.comms.sendVoice(frame(101));
  arrive();
  again(99);
  expect(ben.comms.findPlayer("Ada")?.statistics.late).toBe(2);
  expect(heard.filter((line) => /^Ada \d/.test(line)).length).toBe(101);
});

test("the counters go round after 65,536 packets, and the speech after 128", () => {
  const { game, clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  ben.comms.rooms.join("lobby");
  arrive();
  let count = 0;
  ben.comms.on("voiceReceived", () => count++);
  const channel = ada.comms.roomChannels.open("lobby");
  for (let number = 0; number < 66_000; number++) {
    ada.comms.sendVoice(frame(1));
    game.clock.advance(20);
    if (number % 8 === 0) arrive();
  }
  arrive();
  expect(count).toBe(66_000);
  channel.close();
  for (let speech = 0; speech < 300; speech++) {
    const next = ada.comms.roomChannels.open("lobby");
    ada.comms.sendVoice(frame(1));
    next.close();
    game.clock.advance(20);
    arrive();
  }
  expect(count).toBe(66_300);
});

test("frames of silence are counted and not sent, so that silence is no loss", () => {
  const { game, clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  ben.comms.rooms.join("lobby");
  arrive();
  const counters: number[][] = [];
  ben.comms.on("voiceReceived", ({ packet }) => counters.push([packet.packetCounter, packet.frameCounter]));
  ada.comms.roomChannels.open("lobby");
  for (const size of [50, 1, 1, 2, 50, 1, 50]) {
    ada.comms.sendVoice(new Uint8Array(size));
    game.clock.advance(20);
  }
  arrive();
  expect(counters).toEqual([
    [0, 0],
    [1, 4],
    [2, 6],
  ]);
  expect(ben.comms.findPlayer("Ada")?.statistics.lost).toBe(0);
});

test("listeners report loss, and the speaker repeats earlier frames then, for 10 seconds after it is over", () => {
  const { game, networks, clients, arrive } = session("Ada", "Ben");
  const [ada, ben] = clients as [CustomCommsNetwork, CustomCommsNetwork];
  ben.comms.rooms.join("lobby");
  arrive();
  const distances: number[][] = [];
  ben.comms.on("voiceReceived", ({ packet }) =>
    distances.push(packet.redundant.slice(0, packet.redundantCount).map(({ distance }) => distance)),
  );
  ada.comms.roomChannels.open("lobby");
  const speak = (seconds: number) => {
    distances.length = 0;
    for (let number = 0; number < 50 * seconds; number++) {
      ada.comms.sendVoice(new Uint8Array(60).fill(number));
      for (const network of networks) network.update();
      for (const network of networks) network.update();
      game.clock.advance(20);
    }
    return distances.at(-1);
  };
  expect(speak(3)).toEqual([]);
  expect(ada.comms.expectedLoss).toBe(0.01);
  game.loss = 0.3;
  expect(speak(4)?.length).toBeGreaterThan(0);
  expect(distances.at(-1)).not.toContain(1);
  expect(ada.comms.expectedLoss).toBeGreaterThan(0.1);
  game.loss = 0;
  expect(speak(7)?.length).toBeGreaterThan(0);
  expect(speak(6)).toEqual([]);
  expect(ada.comms.expectedLoss).toBe(0.01);
});

test("what is said while a player is out of the room is not lost", () => {
  const { game, clients, arrive } = session("Ada", "Ben", "Cleo");
  const [ada, ben, cleo] = clients as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  for (const { comms } of [ben, cleo]) comms.rooms.join("lobby");
  arrive();
  ada.comms.roomChannels.open("lobby");
  const say = (count: number) => {
    for (let number = 0; number < count; number++) ada.comms.sendVoice(frame(number));
    arrive();
    game.clock.advance(20 * count);
  };
  say(10);
  ben.comms.rooms.leave("lobby");
  arrive();
  say(30);
  ben.comms.rooms.join("lobby");
  arrive();
  say(10);
  expect(ben.comms.findPlayer("Ada")?.statistics).toMatchObject({ received: 20, lost: 0 });
  expect(cleo.comms.findPlayer("Ada")?.statistics).toMatchObject({ received: 50, lost: 0 });
});

test("of many listeners, the one with the worst line counts", () => {
  const { game, networks, clients, arrive } = session("Ada", "Ben", "Cleo", "Dan");
  const [ada] = clients as [CustomCommsNetwork];
  for (const { comms } of clients) comms.rooms.join("lobby");
  arrive();
  ada.comms.roomChannels.open("lobby");
  // Every second packet for Cleo is lost.
  const queue = game.queueOf("Cleo");
  let count = 0;
  for (let frame = 0; frame < 250; frame++) {
    ada.comms.sendVoice(new Uint8Array(60));
    networks[0]?.update();
    if (queue.some(({ bytes }) => bytes[2] === 6) && count++ % 2 === 0) queue.length = 0;
    game.sent.length = 0;
    for (const network of networks) network.update();
    for (const network of networks) network.update();
    game.clock.advance(20);
    if (frame > 150) expect(ada.comms.expectedLoss).toBeCloseTo(0.5, 1);
  }
});

test("a frame that fits no packet is refused, with its limit", () => {
  const { clients } = session("Ada", "Ben");
  const [ada] = clients as [CustomCommsNetwork];
  ada.comms.roomChannels.open("lobby");
  expect(() => ada.comms.sendVoice(new Uint8Array(2000))).toThrow(
    "A frame has at most 1003 bytes with 1 channels, not 2000",
  );
  for (let channel = 1; channel < 16; channel++) ada.comms.roomChannels.open(`room ${channel}`);
  expect(() => ada.comms.roomChannels.open("one more")).toThrow("16 channels are open");
});
