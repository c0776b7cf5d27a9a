import { expect, test } from "vitest";
import { CommsInspector, ProximityTrigger, VoiceBroadcastTrigger, VoiceReceiptTrigger } from "../../lib/comms/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

function session(...names: string[]) {
  const game = new GameNetwork();
  const host = game.newNetwork("Ada").host();
  const clients = names.map((name) => game.newNetwork(name).join());
  const networks = [host, ...clients];
  const arrive = () => settle(game, networks, 6);
  arrive();
  return { game, host, networks, clients: clients as [CustomCommsNetwork, ...CustomCommsNetwork[]], arrive };
}

test("a broadcast and a receipt trigger: voice goes through while both are active", () => {
  const { arrive, clients, host } = session("Ben");
  const [ben] = clients;
  const receipt = new VoiceReceiptTrigger(host.comms, { room: "lobby" });
  const broadcast = new VoiceBroadcastTrigger(ben.comms, { room: "lobby", amplitude: 0.5 });
  let heard = 0;
  host.comms.on("voiceReceived", ({ amplitude }) => {
    expect(amplitude).toBe(0.5);
    heard++;
  });
  const say = () => {
    ben.comms.sendVoice(Uint8Array.of(1, 2, 3));
    arrive();
    return heard;
  };
  expect(say()).toBe(0);
  broadcast.isActive = true;
  expect(say()).toBe(0);
  receipt.isActive = true;
  arrive();
  expect(say()).toBe(1);
  // The room is left with the last trigger that listens to it.
  const second = new VoiceReceiptTrigger(host.comms, { room: "lobby", isActive: true });
  receipt.close();
  arrive();
  expect(say()).toBe(2);
  second.isActive = false;
  arrive();
  expect(say()).toBe(2);
  broadcast.close();
  expect(broadcast.isTransmitting).toBe(false);
  const whisper = new VoiceBroadcastTrigger(ben.comms, { player: "Ada", amplitude: 0.5, isActive: true });
  expect(say()).toBe(3);
  whisper.close();
  expect(() => new VoiceBroadcastTrigger(ben.comms, {})).toThrow("a room or a player");
  expect(() => new VoiceBroadcastTrigger(ben.comms, { room: "a", player: "b" })).toThrow(RangeError);
});

test("a trigger with tokens works while the player has one of them", () => {
  const { clients } = session("Ben");
  const { comms } = clients[0];
  const trigger = new VoiceBroadcastTrigger(comms, { room: "staff", tokens: ["admin", "guard"], isActive: true });
  const receipt = new VoiceReceiptTrigger(comms, { room: "staff", tokens: ["admin"], isActive: true });
  const state = () => [trigger.isAllowed, trigger.isTransmitting, comms.rooms.has("staff")];
  expect(state()).toEqual([false, false, false]);
  comms.tokens.add("guard");
  expect(state()).toEqual([true, true, false]);
  comms.tokens.add("admin");
  comms.tokens.remove("guard");
  expect(state()).toEqual([true, true, true]);
  comms.tokens.remove("admin");
  expect(state()).toEqual([false, false, false]);
  receipt.close();
  trigger.close();
  comms.tokens.add("admin");
  expect(state()).toEqual([true, false, false]);
});

test("nearby: whoever is within the range is heard, and nobody far beyond, wherever they go", () => {
  const { arrive, clients, game, host } = session("Ben");
  const random = seededRandom(4);
  const range = 10;
  const ben = new ProximityTrigger(clients[0].comms, { range, positional: true });
  const ada = new ProximityTrigger(host.comms, { range });
  ben.isTransmitting = true;
  let heard = 0;
  host.comms.on("voiceReceived", () => heard++);
  let near = 0;
  let far = 0;
  for (let step = 0; step < 300; step++) {
    const from = [0, 1, 2].map(() => (random() - 0.5) * 60) as [number, number, number];
    const to = from.map((value) => value + (random() - 0.5) * 5 * range) as [number, number, number];
    ben.moveTo(...from);
    ada.moveTo(...to);
    // As fast as the server lets a player change its rooms.
    game.clock.advance(2000);
    arrive();
    heard = 0;
    clients[0].comms.sendVoice(Uint8Array.of(1, 2, 3));
    arrive();
    const distance = Math.hypot(...from.map((value, axis) => value - (to[axis] as number)));
    if (distance <= range) {
      near++;
      expect(heard).toBe(1);
    }
    if (distance > 2.8 * range) {
      far++;
      expect(heard).toBe(0);
    }
    expect(host.comms.rooms.names.length).toBeLessThanOrEqual(27);
  }
  expect(Math.min(near, far)).toBeGreaterThan(5);
  ada.close();
  ben.close();
  expect(host.comms.rooms.names).toEqual([]);
  expect(() => ada.moveTo(Number.NaN, 0)).toThrow(RangeError);
});

test("the inspector shows mode, status, players and what the server has counted", () => {
  const { arrive, clients, host } = session("Ben");
  clients[0].comms.rooms.join("lobby");
  host.comms.roomChannels.open("lobby");
  arrive();
  host.comms.sendVoice(Uint8Array.of(1, 2, 3));
  arrive();
  const snapshot = JSON.parse(JSON.stringify(CommsInspector.snapshot(host)));
  expect(snapshot).toMatchObject({
    mode: "Server & Client",
    status: "Connected",
    playerName: "Ada",
    players: [
      { name: "Ada", way: "local", rooms: [] },
      { name: "Ben", way: "by the server", rooms: ["lobby"], isSealed: false },
    ],
    server: { clients: ["Ada", "Ben"], metrics: { forwarded: 1 } },
  });
  expect(CommsInspector.snapshot(clients[0])).toMatchObject({
    mode: "Client",
    server: null,
    players: [{ name: "Ada", isSpeaking: true, received: 1 }, { name: "Ben" }],
  });
  clients[0].stop();
  expect(CommsInspector.snapshot(clients[0])).toMatchObject({ mode: "None", status: "Disconnected", players: [] });
});

test("a trigger that cannot begin is not active, tells so, and works when there is a place", () => {
  const { clients } = session("Ben");
  const { comms } = clients[0];
  for (let room = 0; room < 64; room++) comms.rooms.join(`room ${room}`);
  const receipt = new VoiceReceiptTrigger(comms, { room: "lobby" });
  const again = () => {
    receipt.isActive = true;
  };
  expect(again).toThrow("at most 64 rooms");
  expect([receipt.isActive, comms.rooms.has("lobby")]).toEqual([false, false]);
  receipt.isActive = false;
  comms.rooms.leave("room 0");
  again();
  expect(comms.rooms.has("lobby")).toBe(true);
  // Had the first attempt been counted, others would not leave the room any more.
  receipt.close();
  expect(comms.rooms.has("lobby")).toBe(false);
  for (let channel = 0; channel < 16; channel++) comms.roomChannels.open(`room ${channel}`);
  const broadcast = new VoiceBroadcastTrigger(comms, { room: "lobby", tokens: ["admin"], isActive: true });
  const staff = new VoiceReceiptTrigger(comms, { room: "staff", tokens: ["admin"], isActive: true });
  expect(() => comms.tokens.add("admin")).toThrow("16 channels are open");
  // The others have been told.
  expect([broadcast.isTransmitting, comms.rooms.has("staff"), staff.isActive]).toEqual([false, true, true]);
});

test("a trigger whose constructor throws is not there", () => {
  const { clients } = session("Ben");
  const { comms } = clients[0];
  for (let room = 0; room < 64; room++) comms.rooms.join(`room ${room}`);
  expect(() => new VoiceReceiptTrigger(comms, { room: "lobby", isActive: true })).toThrow(RangeError);
  comms.rooms.leave("room 0");
  comms.tokens.add("any");
  expect(comms.rooms.has("lobby")).toBe(false);
});

test("who listens to 30 rooms besides may go anywhere, and nothing happens any more after the end", () => {
  const { clients } = session("Ben");
  const { comms } = clients[0];
  for (let room = 0; room < 30; room++) comms.rooms.join(`room ${room}`);
  const near = new ProximityTrigger(comms, { range: 10 });
  near.isTransmitting = true;
  for (let step = 0; step < 5; step++) near.moveTo(1000 * step + 5, 5, 5);
  expect(comms.rooms.names.filter((name) => name.startsWith("near")).length).toBe(27);
  near.close();
  near.moveTo(0, 0);
  expect(comms.rooms.names.length).toBe(30);
  expect(comms.sendVoice(Uint8Array.of(1, 2, 3))).toBe(false);
});
