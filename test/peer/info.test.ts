import { describe, expect, test } from "vitest";
import type { NetworkError } from "../../lib/network-error.js";
import { PacketReader } from "../../lib/peer/frames/packet-reader.js";
import { InfoDesk } from "../../lib/peer/handshake/info-desk.js";
import { MAX_INFO_BYTES, readInfoAnswer, writeInfoRequest } from "../../lib/peer/handshake/info-packets.js";
import type { ServerHandshakeOwner } from "../../lib/peer/handshake/server-handshake.js";
import { PeerConnectionState } from "../../lib/peer/index.js";
import { type HeardAnswer, InfoQuestion } from "../../lib/peer/info-question.js";
import { PeerMetrics } from "../../lib/peer/metrics.js";
import { completeConfig } from "../../lib/peer/peer-config.js";
import type { IConnectionHandle } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { PeerWorld, seededBytes, text, type WorldOptions } from "../support/peer-world.js";

const fingerprint = Uint8Array.from({ length: 8 }, (_, at) => 0x11 + at);
const told = text("a game");

/** A question to the server of a world. */
function askIn(world: PeerWorld, seed = 99) {
  const answers: HeardAnswer[] = [];
  const errors: NetworkError[] = [];
  const socket = world.factory.createClientSocket();
  const sent: number[] = [];
  const nonces = new Set<string>();
  const send = socket.send.bind(socket);
  socket.send = (handle, packet, length, delivery, lane) => {
    sent.push(length);
    nonces.add(packet.slice(5, 13).join());
    return send(handle, packet, length, delivery, lane);
  };
  const question = new InfoQuestion(socket, {
    clock: world.clock,
    randomBytes: seededBytes(seed),
    onAnswer: (answer) => void answers.push(answer),
    onEnd: (error) => void errors.push(error),
  });
  question.ask(world.factory.getConnectEndPoint()).catch(() => {});
  return { question, answers, errors, sent, nonces };
}

async function listening(options: WorldOptions = {}) {
  const world = new PeerWorld({ ...options, server: { fingerprint, info: () => told, ...options.server } });
  const answerBytes: number[] = [];
  world.tap = (packet) => void answerBytes.push(packet.length);
  await world.listen();
  return { world, answerBytes };
}

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  test("whoever asks is told, and nobody is connected", async () => {
    const { world, answerBytes } = await listening({ kind });
    const { answers, sent, errors } = askIn(world);
    await world.run(50);
    expect(answers).toMatchObject([{ fingerprint, info: told, roundTripMs: expect.any(Number) }]);
    expect(answers[0]?.instance.length).toBe(8);
    expect(sent).toEqual([256]);
    expect(answerBytes).toEqual([1 + 8 + 8 + 8 + told.length]);
    expect(world.serverHandler.connected).toEqual([]);
    expect(world.server.connections).toEqual([]);
    expect(world.server.pendingConnections.count).toBe(0);
    expect(world.server.metrics).toMatchObject({ infoAnswersSent: 1, strayPackets: 0 });
    // Over a transport with connections that is the end.
    expect(errors.length).toBe(kind === "datagram" ? 0 : 1);
  });

  test("without info nobody is told anything", async () => {
    const { world, answerBytes } = await listening({ kind, server: { info: null } });
    const { answers, errors } = askIn(world);
    await world.run(50);
    expect({ answers, answerBytes }).toEqual({ answers: [], answerBytes: [] });
    expect(errors.map(({ code }) => code)).toEqual(kind === "datagram" ? [] : ["ERR_REFUSED"]);
    expect(world.server.metrics.strayPackets).toBe(1);
  });
});

test("info may be null for a while, and the longest answer is as long as the question", async () => {
  let info: Uint8Array | null = null;
  const { world, answerBytes } = await listening({ server: { info: () => info } });
  const { answers, sent } = askIn(world);
  await world.run(400);
  expect({ answers, answerBytes }).toEqual({ answers: [], answerBytes: [] });
  info = new Uint8Array(MAX_INFO_BYTES).fill(7);
  await world.run(200);
  expect(answers.map((answer) => answer.info)).toEqual([info]);
  expect(sent).toEqual([256, 256]);
  expect(answerBytes).toEqual([256]);
});

test("whoever asks connects meanwhile as it likes, and all hear of one instance", async () => {
  const { world } = await listening();
  const [first, second] = [askIn(world, 1), askIn(world, 2)];
  const { connection } = world.dial({ fingerprint });
  await world.run(400);
  expect([first.answers.length, second.answers.length]).toEqual([1, 1]);
  expect((await connection).state).toBe(PeerConnectionState.Connected);
  expect(second.answers[0]?.instance).toEqual(first.answers[0]?.instance);
});

test("an unreliable question is repeated every 500 ms, under a new nonce, until it is closed", async () => {
  const { world } = await listening();
  await world.server.close();
  const { question, sent, nonces } = askIn(world);
  await world.run(1600);
  expect(sent.length).toBe(4);
  expect(nonces.size).toBe(4);
  await question.close();
  await world.run(2000);
  expect(sent.length).toBe(4);
  expect(world.clock.timerCount).toBe(0);
});

/** A desk with a recording owner. */
function newDesk(info: () => Uint8Array | null = () => told) {
  const clock = new FakeClock();
  const sent: { address: string; packet: Uint8Array }[] = [];
  const metrics = new PeerMetrics();
  const owner = {
    config: completeConfig({ clock, randomBytes: seededBytes(1), fingerprint, info }),
    metrics,
    now: () => clock.now(),
    transmit: (handle: IConnectionHandle, packet: Uint8Array) => {
      sent.push({ address: handle.address, packet: packet.slice() });
      return true;
    },
    dismiss: () => {},
  } as unknown as ServerHandshakeOwner;
  const desk = new InfoDesk(owner, info);
  const reader = new PacketReader();
  const question = writeInfoRequest(new Uint8Array(8));
  const ask = (address: string, packet = question, isStateful = false) => {
    reader.start(packet, 1, packet.length);
    return desk.receive({ address, isStateful } as IConnectionHandle, reader);
  };
  return { clock, sent, metrics, ask };
}

describe("a flood of questions", () => {
  test("of one source, from all its ports and all addresses of its /64, gets 20 answers at once and a second", () => {
    const { clock, sent, metrics, ask } = newDesk();
    for (let ms = 0; ms < 3000; ms++) {
      ask(`192.0.2.1:${1024 + ms}`);
      ask(`[2001:db8::${ms.toString(16)}]:7777`);
      clock.advance(1);
    }
    expect(sent.length).toBeGreaterThanOrEqual(2 * 78);
    expect(sent.length).toBeLessThanOrEqual(2 * 80);
    expect(metrics).toMatchObject({ infoAnswersSent: sent.length, infoRequestsDropped: 6000 - sent.length });
  });

  test("from an address costs nobody an answer who has a connection from there", () => {
    const { sent, metrics, ask } = newDesk();
    for (let count = 0; count < 100; count++) ask("192.0.2.1:7777");
    expect(sent.length).toBe(20);
    for (let count = 0; count < 40; count++) ask("192.0.2.1:7777", undefined, true);
    expect(sent.length).toBe(60);
    expect(metrics.infoRequestsDropped).toBe(80);
  });

  test("of forged sources keeps nobody's answer back, and never sends more than came", () => {
    const { clock, sent, ask } = newDesk(() => new Uint8Array(MAX_INFO_BYTES));
    let asked = 0;
    for (let round = 0; round < 200; round++) {
      for (let forged = 0; forged < 100; forged++, asked++) ask(`10.${round}.${forged >> 8}.${forged & 255}:53`);
      asked++;
      ask(`198.51.100.${round}:7777`);
      clock.advance(1);
    }
    const honest = sent.filter(({ address }) => address.startsWith("198.51.100."));
    expect(honest.length).toBe(200);
    expect(sent.reduce((bytes, { packet }) => bytes + packet.length, 0)).toBeLessThanOrEqual(asked * 256);
    // What is remembered has an end: the oldest may ask again, the newest may not.
    const answersTo = (address: string) => {
      sent.length = 0;
      for (let count = 0; count < 30; count++) ask(address);
      return sent.length;
    };
    for (let count = 0; count < 30; count++) ask("198.51.100.250:7777");
    expect(answersTo("198.51.100.250:7777")).toBe(0);
    for (let forged = 0; forged < 4096; forged++) ask(`10.250.${forged >> 8}.${forged & 255}:53`);
    expect(answersTo("198.51.100.250:7777")).toBe(20);
  });
});

test("questions that are shorter, of another version or of no version get no answer", () => {
  const { sent, ask } = newDesk();
  const question = writeInfoRequest(seededBytes(5)(8));
  expect(ask("192.0.2.1:1", question.subarray(0, 255))).toBe(false);
  for (let at = 1; at < 5; at++) {
    const altered = question.slice();
    altered[at] = (altered[at] as number) ^ 1;
    expect(ask("192.0.2.1:1", altered)).toBe(false);
  }
  expect(sent).toEqual([]);
  expect(ask("192.0.2.1:1", question)).toBe(true);
  const [answer] = sent;
  const reader = new PacketReader();
  reader.start(answer?.packet as Uint8Array, 1, answer?.packet.length as number);
  expect(readInfoAnswer(reader)).toMatchObject({ nonce: seededBytes(5)(8), fingerprint, info: told });
});

test("answers that nobody has asked for, late, malformed or altered ones are ignored", async () => {
  const { world } = await listening();
  const random = seededRandom(3);
  let original: Uint8Array | null = null;
  const { question, answers } = askIn(world);
  world.tap = (packet, handle) => {
    if (original || packet[0] !== 7) return;
    original = packet.slice();
    for (let count = 0; count < 3000; count++) {
      let forged = original.slice();
      // The nonce: everything behind it is for the layer above.
      const at = 1 + Math.floor(random() * 8);
      if (count % 3 === 0) forged = forged.slice(0, Math.floor(random() * 25));
      else if (count % 3 === 1) forged[at] = (forged[at] as number) ^ (1 << Math.floor(random() * 8));
      else forged = Uint8Array.of(...forged, ...new Uint8Array(300));
      if (forged.length > 0) world.serverSocket.send(handle, forged, forged.length, 0);
    }
    world.serverSocket.flush();
  };
  await world.run(100);
  expect(original).not.toBeNull();
  expect(answers.length).toBe(1);
  await question.close();
});
