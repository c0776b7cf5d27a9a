import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PacketReader } from "../../lib/peer/frames/packet-reader.js";
import {
  readAccept,
  readConnectRequest,
  readReject,
  readRequestNonce,
  readTerms,
  SecurityPattern,
  writeAccept,
  writeChallenge,
  writeConnectRequest,
  writeReject,
  writeTerms,
} from "../../lib/peer/handshake/handshake-packets.js";
import {
  readInfoAnswer,
  readInfoRequest,
  writeInfoAnswer,
  writeInfoRequest,
} from "../../lib/peer/handshake/info-packets.js";
import { writeReset } from "../../lib/peer/handshake/resets.js";
import { sipHash } from "../../lib/peer/handshake/siphash.js";
import { Channel } from "../../lib/peer/index.js";
import { MAX_VARINT, varintSize, writeVarint } from "../../lib/peer/integers.js";
import { ProfileKind } from "../../lib/peer/packet-format.js";
import { seededRandom } from "../../lib/testing/index.js";
import { PeerWorld, text } from "../support/peer-world.js";

const page = readFileSync(new URL("../../docs/wire-format.md", import.meta.url), "utf8");
const vectors = new Map(
  [...page.slice(page.indexOf("## Golden vectors")).matchAll(/^\| ([^|]+) \| (.+) \|$/gm)].map((match) => {
    const [name = "", bytes = ""] = match.slice(1);
    const hex = (/^`([^`]+)`/.exec(bytes)?.[1] ?? "").replaceAll(" ", "");
    const [, times = "0", repeated = ""] = /and (\d+) times `(\w\w)`/.exec(bytes) ?? [];
    return [name, hex + repeated.repeat(Number(times))] as const;
  }),
);
/** The bytes of the packet whose name begins with `name`. */
const vector = (name: string) => [...vectors].find(([full]) => full.startsWith(name))?.[1];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const range = (first: number, count: number) => Uint8Array.from({ length: count }, (_, index) => first + index);
const nonce = range(1, 8);
const fingerprint = range(0x11, 8);
const cookie = range(0xc0, 9);
const resetToken = range(0xd0, 16);
const read = (packet: Uint8Array, skipped: number) => {
  const reader = new PacketReader();
  reader.start(packet, skipped, packet.length);
  return reader;
};

describe("packets of the handshake, as docs/wire-format.md has them", () => {
  test("ConnectRequest", () => {
    const fields = {
      nonce,
      profile: ProfileKind.RawUdp,
      security: SecurityPattern.Plain,
      maxPacketSize: 1232,
      maxReliableMessageSize: 60_000,
      fingerprint,
      cookie,
    };
    const packet = writeConnectRequest(fields, null);
    expect(packet.length).toBe(256);
    const expected = vector("ConnectRequest") as string;
    expect(hex(packet)).toBe(expected.padEnd(512, "0"));
    const reader = read(packet, 1);
    expect(readRequestNonce(reader)).toEqual({ nonce, isOurVersion: true });
    expect(readConnectRequest(reader, 0, nonce)).toMatchObject({ ...fields, noiseMessage: new Uint8Array(0) });
  });

  test("Challenge", () => {
    expect(hex(writeChallenge(nonce, cookie))).toBe(vector("Challenge"));
  });

  test("Accept", () => {
    const common = { session: 0x0a0b0c0d, fingerprint };
    const plain = { ...common, profile: ProfileKind.ReliableLanes, maxPacketSize: 1200, resetToken: null };
    expect(hex(writeAccept(nonce, writeTerms(plain)))).toBe(vector("Accept, "));
    expect(readTerms(writeTerms(plain))).toEqual(plain);
    const terms = { ...common, profile: ProfileKind.RawUdp, maxPacketSize: 1232, resetToken };
    const packet = writeAccept(nonce, writeTerms(terms));
    expect(hex(packet)).toBe(vector("Accept (payload"));
    const body = readAccept(read(packet, 9));
    expect(readTerms(body)).toEqual(terms);
    expect(readTerms(body.subarray(1))).toBeNull();
    expect(readTerms(Uint8Array.of(...body, 0))).toBeNull();
  });

  test("InfoRequest, InfoAnswer", () => {
    const request = writeInfoRequest(nonce);
    expect(hex(request)).toBe((vector("InfoRequest") as string).padEnd(512, "0"));
    expect(readInfoRequest(read(request, 1))).toEqual(nonce);
    const answer = { instance: range(0xa0, 8), fingerprint, info: text("hi") };
    const packet = writeInfoAnswer(nonce, answer);
    expect(hex(packet)).toBe(vector("InfoAnswer"));
    expect(readInfoAnswer(read(packet, 1))).toEqual({ nonce, ...answer });
    expect(readInfoAnswer(read(packet.subarray(0, 24), 1))).toBeNull();
    expect(readInfoAnswer(read(Uint8Array.of(...packet, ...new Uint8Array(230)), 1))).toBeNull();
  });

  test("Reset", () => {
    expect(hex(writeReset(0x0a0b0c0d, resetToken))).toBe(vector("Reset"));
  });

  test("Reject", () => {
    const packet = writeReject(nonce, { code: 1010, text: "full" });
    expect(hex(packet)).toBe(vector("Reject"));
    expect(readReject(read(packet, 9))).toEqual({ code: 1010, text: "full" });
  });
});

describe("packets of connections, as docs/wire-format.md has them", () => {
  async function sentBy(
    kind: "reliable-lanes" | "stream",
    send: (world: Awaited<ReturnType<typeof PeerWorld.connected>>) => void,
  ) {
    const connected = await PeerWorld.connected({ kind });
    const packets: string[] = [];
    connected.world.tap = (packet) => void packets.push(hex(packet));
    send(connected);
    await connected.world.run(20);
    return packets;
  }

  test("Stream", async () => {
    const packets = await sentBy("stream", ({ client }) => client.send(text("hi"), Channel.Reliable, 2));
    expect(packets).toContain(vector('Stream: "hi"'));
  });

  test("Pong", async () => {
    const packets: string[] = [];
    const world = new PeerWorld({ kind: "stream" });
    world.tap = (packet) => void packets.push(hex(packet));
    await world.listen();
    world.dial();
    await world.run(100);
    expect(packets).toContain(vector("Stream: Pong"));
  });

  test("Reliable", async () => {
    const packets = await sentBy("reliable-lanes", ({ client }) => client.send(new Uint8Array(64).fill(0xaa)));
    expect(packets).toContain(vector("Reliable (GNS)"));
  });

  test("Unreliable", async () => {
    const callbacks = { onDelivered: () => {}, onLost: () => {} };
    const packets = await sentBy("reliable-lanes", ({ client }) => client.sendNotify(text("n"), callbacks));
    expect(packets).toContain(vector("Unreliable (GNS): packet number 2"));
  });

  test("Ack of many ranges", async () => {
    const { world, client } = await PeerWorld.connected({ kind: "reliable-lanes" });
    const packets: string[] = [];
    world.tap = (packet) => void packets.push(hex(packet));
    const callbacks = { onDelivered: () => {}, onLost: () => {} };
    for (let count = 0; count < 10; count++) {
      client.send(text("u"), Channel.Unreliable);
      await world.run(5);
      client.sendNotify(text("n"), callbacks);
      await world.run(5);
    }
    const expected = vector("Unreliable (GNS): Ack");
    expect(packets).toContain(expected);
    expect(packets[packets.indexOf(expected as string) + 1]).toBe(vector("Unreliable (GNS): Pong"));
  });
});

describe("varints", () => {
  test.each([
    [0, "00"],
    [63, "fc"],
    [64, "0101"],
    [16_383, "fdff"],
    [16_384, "02000100"],
    [MAX_VARINT, "feffffff"],
  ])("%i", (value, expected) => {
    const bytes = new Uint8Array(4);
    const end = writeVarint(bytes, 0, value);
    expect(hex(bytes.subarray(0, end))).toBe(expected);
    expect(end).toBe(varintSize(value));
    expect(read(bytes, 0).varint()).toBe(value);
  });

  test("are read as written, and no further than there are bytes", () => {
    const random = seededRandom(3);
    const bytes = new Uint8Array(4);
    for (let round = 0; round < 10_000; round++) {
      const value = Math.floor(2 ** (random() * 30));
      const end = writeVarint(bytes, 0, value);
      const reader = new PacketReader();
      reader.start(bytes, 0, end);
      expect(reader.varint()).toBe(value);
      reader.start(bytes, 0, end - 1);
      reader.varint();
      expect(reader.failed).toBe(true);
    }
    expect(read(Uint8Array.of(3, 0, 0, 0), 0)).toMatchObject({ failed: false });
    const reader = read(Uint8Array.of(3, 0, 0, 0), 0);
    reader.varint();
    expect(reader.failed).toBe(true);
  });
});

test.each([
  [0, "310e0edd47db6f72"],
  [15, "e545be4961ca29a1"],
  [63, "724506eb4c328a95"],
])("SipHash-2-4 of %i bytes, by the vectors of its authors", (size, expected) => {
  expect(hex(sipHash(range(0, 16), range(0, size)))).toBe(expected);
});
