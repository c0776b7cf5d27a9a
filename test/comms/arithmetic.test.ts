// The arithmetic of the tutorial, in each integration: a codec of 20 kbit/s makes 50 bytes each 20 ms. What comms give
// to the transport is counted, and what comes out.
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ByteSegment } from "../../lib/peer/index.js";
import { type AnyNetwork, type Build, integrations, type World } from "./integrations.js";

const FRAME_BYTES = 50;
const FRAMES = 50;
const NAMES = ["Ben", "Cleo", "Dan", "Eve"];

const clean: World[] = [];
afterEach(() => {
  for (const world of clean.splice(0)) world.stop();
  vi.restoreAllMocks();
});

/** Counts the voice packets that a client gives to its transport for the server, or a server for its clients. */
function countVoice(end: object | null, method: string, count: (...parameters: never[]) => number) {
  const sender = end as Record<string, (...parameters: never[]) => unknown>;
  const send = sender[method] as (...parameters: never[]) => unknown;
  const counted = { packets: 0 };
  sender[method] = (...parameters) => {
    counted.packets += count(...parameters);
    return send.apply(sender, parameters);
  };
  return counted;
}

const isVoice = ({ length }: ByteSegment) => length > FRAME_BYTES;

/** The payload in kbit/s: from the first speaker, in and out of the server, and to Eve. */
async function measure(build: Build, speakers: string[], direct: [string, string][] = []) {
  const world = await build(false, NAMES, direct);
  clean.push(world);
  const { clients, host } = world;
  for (const { comms } of clients) comms.rooms.join("lobby");
  const isReady = ({ comms }: AnyNetwork) => {
    const reached = direct.flat().includes(comms.localPlayerName) ? direct.length : 0;
    const isReached =
      comms.localPlayerName !== speakers[0] || comms.players.filter((one) => one.isDirect).length === reached;
    return comms.players.filter(({ rooms }) => rooms.has("lobby")).length === NAMES.length && isReached;
  };
  await world.until(() => clients.every(isReady));
  const talking = clients.filter(({ comms }) => speakers.includes(comms.localPlayerName));
  for (const { comms } of talking) comms.roomChannels.open("lobby");
  const heard = NAMES.map(() => 0);
  for (const [index, { comms }] of clients.entries())
    comms.on("voiceReceived", () => {
      heard[index] = (heard[index] as number) + 1;
    });
  const up = clients.map(({ client }) =>
    countVoice(client, "sendUnreliable", (packet: ByteSegment) => Number(isVoice(packet))),
  );
  const out = countVoice(host.server, "sendUnreliableMany", (_to: object, count: number, packet: ByteSegment) =>
    isVoice(packet) ? count : 0,
  );
  for (let frame = 1; frame <= FRAMES; frame++) {
    for (const { comms } of talking) comms.sendVoice(new Uint8Array(FRAME_BYTES).fill(frame));
    await world.pass();
    // Where time is real: what leaves at once, or not at all, is given the time to leave. Few frames at a time: the
    // session's clock goes on meanwhile, and voice that is 200 ms late is not heard.
    if (frame % 5 === 0) await world.until(() => heard.reduce((sum, one) => sum + one) === 3 * speakers.length * frame);
  }
  expect(heard).toEqual(NAMES.map((name) => (speakers.length - Number(speakers.includes(name))) * FRAMES));
  const rate = (packets: number) => (packets * FRAME_BYTES * 8) / (FRAMES * 20);
  const received = up.reduce((sum, { packets }) => sum + packets, 0);
  return {
    up: rate((up[0]?.packets ?? 0) + world.sentDirectly(FRAME_BYTES)),
    server: rate(received + out.packets),
    down: rate(heard[3] as number),
  };
}

const pairs = (...others: string[]): [string, string][] => others.map((other) => ["Ben", other]);

describe.each(integrations.filter(([name]) => !name.endsWith("directly")))("%s", (name, build) => {
  test("through the server: (1 speaker + 3 listeners) x 20 = 80", async () => {
    expect(await measure(build, ["Ben"])).toEqual({ up: 20, server: 80, down: 20 });
  });

  test("two speakers: 2 x (1 + 3) x 20 = 160", async () => {
    expect(await measure(build, ["Ben", "Cleo"])).toEqual({ up: 20, server: 160, down: 40 });
  });

  // Over a Peer and over messages all goes by the server.
  if (name.startsWith("PeerComms") || name.startsWith("MessageComms")) return;

  test("peer to peer: 3 listeners x 20 = 60, and nothing through the server", async () => {
    expect(await measure(build, ["Ben"], pairs("Cleo", "Dan", "Eve"))).toEqual({ up: 60, server: 0, down: 20 });
  });

  test("mixed, one of three directly: 20 + 20 up, (1 + 2) x 20 = 60 through the server", async () => {
    expect(await measure(build, ["Ben"], pairs("Cleo"))).toEqual({ up: 40, server: 60, down: 20 });
  });
});
