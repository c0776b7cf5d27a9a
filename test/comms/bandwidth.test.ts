// Direct ways come, are lost, and are as many as the bandwidth is enough for.
import { expect, test } from "vitest";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

const FRAME_BYTES = 50;

const pairs = (...others: string[]): [string, string][] => others.map((other) => ["Ada", other]);

test("two clients that can talk directly say so once each", () => {
  const game = new GameNetwork();
  game.connect("Ada", "Ben");
  const server = game.newNetwork("server").serve();
  const [ada, ben] = ["Ada", "Ben"].map((name) => game.newNetwork(name).join()) as [
    CustomCommsNetwork,
    CustomCommsNetwork,
  ];
  settle(game, [server, ada, ben], 20);
  const direct = game.sent.filter(({ from, to }) => from !== "server" && to !== "server");
  expect(direct.length).toBeLessThanOrEqual(4);
  expect(ada.comms.findPlayer("Ben")?.isDirect).toBe(true);
  expect(ben.comms.findPlayer("Ada")?.isDirect).toBe(true);
  // The direct way is lost: voice goes by the server again, and nothing is lost but what was under way.
  ben.comms.rooms.join("lobby");
  settle(game, [server, ada, ben]);
  ada.comms.roomChannels.open("lobby");
  let heard = 0;
  ben.comms.on("voiceReceived", () => heard++);
  ada.comms.sendVoice(new Uint8Array(50));
  ada.client?.dropP2P("Ben");
  ada.comms.sendVoice(new Uint8Array(50));
  settle(game, [server, ada, ben]);
  expect(heard).toBe(2);
  expect(ada.comms.findPlayer("Ben")?.isDirect).toBe(false);
});

test("with a limit, as many are reached directly as it is enough for, and more 5 s after it is enough", () => {
  const game = new GameNetwork();
  for (const [one, other] of pairs("Ben", "Cleo", "Dan")) game.connect(one, other);
  const server = game.newNetwork("server").serve();
  // A stream of 50 bytes takes 4.9 kB a second with its heads: 14.7 for three.
  const ada = game.newNetwork("Ada", { directBytesPerSecond: 13_000 }).join();
  const others = ["Ben", "Cleo", "Dan"].map((name) => game.newNetwork(name).join());
  for (const { comms } of others) comms.rooms.join("lobby");
  const networks = [server, ada, ...others];
  settle(game, networks, 12);
  ada.comms.roomChannels.open("lobby");
  let heard = 0;
  for (const { comms } of others) comms.on("voiceReceived", () => heard++);
  let sent = 0;
  /** How many are reached directly, and whether the server is needed, for the last of so many seconds. */
  const speak = (seconds: number) => {
    for (let frame = 0; frame < 50 * seconds; frame++) {
      game.sent.length = 0;
      ada.comms.sendVoice(new Uint8Array(FRAME_BYTES));
      sent++;
      for (const network of networks) network.update();
      for (const network of networks) network.update();
      game.clock.advance(20);
    }
    const voice = game.sent.filter(({ bytes, from }) => from === "Ada" && bytes.length > FRAME_BYTES);
    return {
      direct: voice.filter(({ to }) => to !== "server").length,
      relayed: voice.length > 0 && voice.some(({ to }) => to === "server"),
    };
  };
  expect(speak(0.1)).toEqual({ direct: 3, relayed: false });
  // For one listener directly, and the others by the server: 9.8 kB.
  expect(speak(3)).toEqual({ direct: 1, relayed: true });
  const [ben, cleo, dan] = others as [CustomCommsNetwork, CustomCommsNetwork, CustomCommsNetwork];
  expect(heard).toBe(3 * sent);
  dan.comms.rooms.leave("lobby");
  cleo.comms.rooms.leave("lobby");
  settle(game, networks);
  expect(speak(8)).toEqual({ direct: 1, relayed: false });
  cleo.comms.rooms.join("lobby");
  settle(game, networks);
  // Two streams leave a fifth of 13 kB.
  expect(speak(8)).toEqual({ direct: 2, relayed: false });
  // What cannot leave is noticed: nobody is reached directly then.
  const client = ada.client as unknown as { directWayCongested(): void };
  const { send } = game;
  game.send = (from, to, packet, isReliable) => {
    if (from === "Ada" && to !== "server") client.directWayCongested();
    else send.call(game, from, to, packet, isReliable);
  };
  expect(speak(3)).toEqual({ direct: 0, relayed: true });
  game.send = send;
  expect(speak(60)).toEqual({ direct: 2, relayed: false });
  expect(ben.comms.findPlayer("Ada")?.isSpeaking).toBe(true);
});
