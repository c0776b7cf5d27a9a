// Voice that the server sends on and cannot hear.
import { expect, test, vi } from "vitest";
import { roomSecretSeal, type VoiceSeal } from "../../lib/comms/index.js";
import { roomSecretSeal as nodeSeal } from "../../lib/comms/node.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

const secret = new Uint8Array(16).fill(7);
const wrong = new Uint8Array(16).fill(8);
const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
const speech = (number: number) => new TextEncoder().encode(`something that only the room hears, ${number}`);

function session(...seals: (VoiceSeal | null)[]) {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const clients = seals.map((seal, index) => game.newNetwork(`player ${index}`, seal ? { seal } : {}).join());
  for (const { comms } of clients) comms.rooms.join("lobby");
  const arrive = () => settle(game, [server, ...clients], 4);
  arrive();
  arrive();
  const heard: string[] = [];
  clients.forEach(({ comms }, index) => {
    comms.on("voiceReceived", ({ frame, player }) => heard.push(`${index} < ${player.name}: ${text(frame.copy())}`));
  });
  const voices = () => game.sent.filter(({ bytes, from }) => bytes[2] === 6 && from !== "server");
  return { game, server, clients: clients as [CustomCommsNetwork, ...CustomCommsNetwork[]], arrive, heard, voices };
}

/** Seals of WebCrypto take a while. */
const until = (condition: () => boolean, arrive: () => void) =>
  vi.waitUntil(
    () => {
      arrive();
      return condition();
    },
    { timeout: 20_000, interval: 1 },
  );

const kinds: [string, () => VoiceSeal, () => VoiceSeal][] = [
  ["OpenSSL", () => nodeSeal(secret), () => nodeSeal(secret)],
  ["WebCrypto", () => roomSecretSeal(secret), () => roomSecretSeal(secret)],
  ["OpenSSL to WebCrypto", () => nodeSeal(secret), () => roomSecretSeal(secret)],
  ["WebCrypto to OpenSSL", () => roomSecretSeal(secret), () => nodeSeal(secret)],
];

test.each(kinds)("%s: whoever has the secret hears; the server, and others, do not", async (_name, one, other) => {
  const { arrive, clients, heard, server, voices } = session(one(), other(), nodeSeal(wrong), null);
  const [ada] = clients;
  const onServer: string[] = [];
  server.server?.on("voiceFrame", (_client, frame, packet) =>
    onServer.push(`${packet.isSealed} ${text(frame.copy())}`),
  );
  const channel = ada.comms.roomChannels.open("lobby");
  for (let number = 0; number < 3; number++) ada.comms.sendVoice(speech(number));
  await until(() => heard.length === 3, arrive);
  expect(heard).toEqual([0, 1, 2].map((number) => `1 < player 0: ${text(speech(number))}`));
  expect(onServer.length).toBe(3);
  expect(onServer.every((frame) => frame.startsWith("true") && !frame.includes("room"))).toBe(true);
  expect(voices().some(({ bytes }) => text(bytes).includes("room"))).toBe(false);
  // The tag, and the high bits of the counter.
  expect(voices()[0]?.bytes.length).toBe(7 + 8 + 6 + speech(0).length + 20);
  expect(clients[1]?.comms.findPlayer("player 0")?.isSealed).toBe(true);
  expect(clients[1]?.comms.findPlayer("player 3")?.isSealed).toBe(false);
  channel.close();
  await until(() => clients[1]?.comms.findPlayer("player 0")?.isSpeaking === false, arrive);
});

test("whoever has a seal hears nobody who has none", () => {
  const { arrive, clients, heard } = session(nodeSeal(secret), null, null);
  const [, ben] = clients;
  ben?.comms.roomChannels.open("lobby");
  ben?.comms.sendVoice(speech(1));
  arrive();
  expect(heard).toEqual([`2 < player 1: ${text(speech(1))}`]);
});

test("a packet that was altered, or comes again, is not heard", () => {
  const { arrive, clients, game, heard, voices } = session(nodeSeal(secret), nodeSeal(secret));
  const [ada, ben] = clients;
  for (let speeches = 0; speeches < 130; speeches++) {
    const channel = ada.comms.roomChannels.open("lobby");
    ada.comms.sendVoice(speech(speeches));
    channel.close();
    arrive();
    game.clock.advance(100);
  }
  expect(heard.length).toBe(130);
  // The numbers of speeches have come round: those of some old ones look new, and only the seal's own counter tells.
  for (const { bytes } of voices()) ben?.client?.networkPacketReceived(bytes);
  const next = voices().at(-1)?.bytes as Uint8Array;
  for (let at = 7; at < next.length; at++) {
    // The list of channels is the server's business.
    if (at >= 15 && at < 21) continue;
    const altered = next.slice();
    altered[at] = (altered[at] as number) ^ 1;
    ben?.client?.networkPacketReceived(altered);
  }
  expect(heard.length).toBe(130);
});

test("no nonce comes twice: counters differ over speeches, and the salt from one start to the next", () => {
  const seen = new Set<string>();
  const seal: VoiceSeal = {
    overheadBytes: 0,
    seal: ({ bytes, counter, salt }) => {
      const nonce = `${salt} ${counter}`;
      expect(seen.has(nonce)).toBe(false);
      seen.add(nonce);
      return bytes;
    },
    open: ({ bytes }) => bytes,
  };
  const { arrive, clients, game } = session(seal, nodeSeal(secret));
  const [ada] = clients;
  for (let start = 0; start < 3; start++) {
    for (let speeches = 0; speeches < 200; speeches++) {
      const channel = ada.comms.roomChannels.open("lobby");
      for (let number = 0; number < 3; number++) ada.comms.sendVoice(speech(number));
      channel.close();
    }
    ada.stop();
    ada.join();
    game.clock.advance(1000);
    arrive();
    arrive();
  }
  expect(seen.size).toBe(3 * 200 * 4);
  ada.comms.roomChannels.open("lobby");
  for (let number = 0; number < 70_000; number++) ada.comms.sendVoice(speech(0));
  expect(seen.size).toBe(3 * 200 * 4 + 70_000);
});

test("earlier frames that are repeated are sealed as well", () => {
  const { arrive, clients, game, heard, voices } = session(nodeSeal(secret), nodeSeal(secret));
  const [ada, ben] = clients;
  const distances: number[] = [];
  ben?.comms.on("voiceReceived", ({ packet }) => {
    for (let index = 0; index < packet.redundantCount; index++) {
      const { distance, length, offset } = packet.redundant[index] as (typeof packet.redundant)[number];
      expect(text(packet.buffer.subarray(offset, offset + length))).toContain("something that only the room");
      distances.push(distance);
    }
  });
  ada.comms.roomChannels.open("lobby");
  game.loss = 0.3;
  for (let number = 0; number < 400; number++) {
    ada.comms.sendVoice(speech(number));
    arrive();
    game.clock.advance(20);
  }
  expect(distances.length).toBeGreaterThan(50);
  expect(heard.length).toBeGreaterThan(150);
  expect(voices().some(({ bytes }) => text(bytes).includes("room"))).toBe(false);
});

test("a seal that fails is a fault, and a secret that is too short is refused", async () => {
  const failing: VoiceSeal = {
    overheadBytes: 0,
    seal: () => Promise.reject(new Error("no key")),
    open: () => null,
  };
  const { clients } = session(failing, nodeSeal(secret));
  const faults: unknown[] = [];
  clients[0].on("fault", (error) => faults.push(error));
  clients[0].comms.roomChannels.open("lobby");
  clients[0].comms.sendVoice(speech(1));
  await until(
    () => faults.length > 0,
    () => {},
  );
  expect(faults).toMatchObject([{ message: "no key" }]);
  for (const make of [roomSecretSeal, nodeSeal]) {
    expect(() => make(new Uint8Array(15))).toThrow(RangeError);
    expect(() => make("secret" as never)).toThrow(TypeError);
  }
});

test.each([undefined, "16", -1, 65, Number.NaN, 1.5])("a seal with overheadBytes %j is refused", (overheadBytes) => {
  const seal = { ...nodeSeal(secret), overheadBytes } as VoiceSeal;
  expect(() => new GameNetwork().newNetwork("Ada", { seal })).toThrow("seal.overheadBytes must be");
});

test("a secret in place of a seal is told how to make one of it", () => {
  const seal = secret as unknown as VoiceSeal;
  expect(() => new GameNetwork().newNetwork("Ada", { seal })).toThrow("seal must be a seal, such as roomSecretSeal(");
});

test.each([
  ["seal", "nothing", () => undefined],
  ["seal", "a text", () => "sealed"],
  ["seal", "too little", ({ bytes }: { bytes: Uint8Array }) => bytes],
  ["open", "a text", () => "opened"],
  ["open", "a number", async () => 7],
])("a seal whose %s makes %s (%#) is a fault, and is not heard", async (name, _what, make) => {
  const broken = { ...nodeSeal(secret), [name]: make } as VoiceSeal;
  const { arrive, clients, heard, voices } = session(broken, broken);
  const faults: unknown[] = [];
  for (const client of clients) client.on("fault", (error) => faults.push(error));
  clients[0].comms.roomChannels.open("lobby");
  clients[0].comms.sendVoice(speech(1));
  await until(() => faults.length > 0, arrive);
  expect(faults).toMatchObject([{ message: expect.stringContaining(`${name}() makes`) }]);
  expect(heard).toEqual([]);
  expect(voices().length).toBe(name === "seal" ? 0 : 1);
});

test("a seal that fails later than it may take is told, and ends nothing", async () => {
  const rejections: unknown[] = [];
  const note = (error: unknown) => rejections.push(error);
  process.on("unhandledRejection", note);
  let fail = () => {};
  const failing = new Promise<never>((_resolve, reject) => {
    fail = () => reject(new Error("the key is gone"));
  });
  failing.catch(() => {});
  // A promise for each packet, as an async function makes it.
  const seal = { ...nodeSeal(secret), seal: async () => failing };
  const { clients } = session(seal, null);
  const faults: unknown[] = [];
  clients[0].on("fault", (error) => faults.push(error));
  clients[0].comms.roomChannels.open("lobby");
  for (let number = 0; number < 300; number++) clients[0].comms.sendVoice(speech(number));
  fail();
  await vi.waitUntil(() => faults.length >= 300);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect({ faults: faults.length, rejections }).toEqual({ faults: 300, rejections: [] });
});
