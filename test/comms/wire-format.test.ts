import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { roomSecretSeal } from "../../lib/comms/index.js";
import { roomSecretSeal as nodeSeal } from "../../lib/comms/node.js";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType, RefusalKind, WIRE_VERSION } from "../../lib/comms/wire/packets.js";
import { roomIdOf } from "../../lib/comms/wire/room-id.js";
import { VoicePacket, VoiceTarget, writeRedundantFrame, writeVoiceHeader } from "../../lib/comms/wire/voice-packet.js";
import { ByteSegment } from "../../lib/peer/index.js";
import { NetworkReader } from "../../lib/serialization/index.js";

const SESSION = 0x0a0b0c0d;
const packets = new PacketWriter();
const hex = (segment: ByteSegment) =>
  segment
    .copy()
    .reduce((text, byte) => `${text} ${byte.toString(16).padStart(2, "0")}`, "")
    .trim();

function target(bits: Partial<VoiceTarget>): VoiceTarget {
  return Object.assign(new VoiceTarget(), bits);
}

function voice(): ByteSegment {
  const writer = packets.begin(PacketType.VoiceData, SESSION);
  const targets = [
    target({ target: roomIdOf("lobby") }),
    target({ isToPlayer: true, isPositional: true, priority: 3, target: 2 }),
  ];
  writeVoiceHeader(writer, { sender: 7, channelSession: 3, packetCounter: 5, frameCounter: 9 }, targets, 1);
  writeRedundantFrame(writer, 1, Uint8Array.of(0xbb, 0xbb));
  writer.writeBytes(Uint8Array.of(0xaa));
  return packets.end();
}

/** Of 7 to `lobby`. */
function text(): ByteSegment {
  const value = { isToPlayer: false, sender: 7, target: roomIdOf("lobby"), text: "hi" };
  return packets.write(PacketType.TextData, SESSION, contents.text, value);
}

/** Of 7 to player 2. */
function shortVoice(): ByteSegment {
  const counters = { sender: 7, channelSession: 0, packetCounter: 1, frameCounter: 1 };
  const writer = packets.begin(PacketType.VoiceData, SESSION);
  writeVoiceHeader(writer, counters, [target({ isToPlayer: true, target: 2 })], 0);
  writer.writeBytes(Uint8Array.of(0xaa));
  return packets.end();
}

/** Of what lies in the writer's buffer, which the next packet needs. */
const copyOf = (packet: ByteSegment) => new ByteSegment().set(packet.copy(), 0, packet.length);

/** What the page says, by the first words of each row. */
const vectors: [string, () => ByteSegment][] = [
  [
    "HandshakeRequest of `Ada`",
    () => {
      const codec = { codec: 1, frameSize: 960, sampleRate: 48_000 };
      const value = { version: WIRE_VERSION, codec, name: "Ada", salt: new Uint8Array(0), token: Uint8Array.of(0xaa) };
      return packets.write(PacketType.HandshakeRequest, SESSION, contents.handshakeRequest, value);
    },
  ],
  [
    "HandshakeResponse, id 7",
    () => packets.write(PacketType.HandshakeResponse, SESSION, contents.handshakeResponse, { id: 7 }),
  ],
  [
    "DeltaClientState: 7 joins `lobby`",
    () =>
      packets.write(PacketType.DeltaClientState, SESSION, contents.deltaClientState, {
        id: 7,
        isJoining: true,
        room: "lobby",
      }),
  ],
  ["TextData of 7 to `lobby`: `hi`", text],
  ["VoiceData of 7", voice],
  [
    "ClientState of 7",
    () => {
      const codec = { codec: 1, frameSize: 960, sampleRate: 48_000 };
      const salt = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);
      return packets.write(PacketType.ClientState, SESSION, contents.clientState, { id: 7, codec, name: "Ada", salt });
    },
  ],
  ["RemoveClient", () => packets.write(PacketType.RemoveClient, SESSION, contents.removeClient, { id: 7 })],
  ["RelayReliable", () => packets.relay(PacketType.RelayReliable, SESSION, [2, 3], copyOf(text()))],
  ["RelayUnreliable", () => packets.relay(PacketType.RelayUnreliable, SESSION, [2], copyOf(shortVoice()))],
  [
    "ErrorWrongSession",
    () => {
      packets.begin(PacketType.ErrorWrongSession, SESSION);
      return packets.end();
    },
  ],
  ["HandshakeP2P", () => packets.write(PacketType.HandshakeP2P, SESSION, contents.handshakeP2P, { id: 7 })],
  ["SnapshotDone", () => packets.write(PacketType.SnapshotDone, SESSION, contents.snapshotDone, { clients: 2 })],
  [
    "Refused",
    () =>
      packets.write(PacketType.Refused, SESSION, contents.refused, {
        kind: RefusalKind.NameTaken,
        code: 0,
        text: "no",
      }),
  ],
  [
    "Signal",
    () => packets.write(PacketType.Signal, SESSION, contents.signal, { client: 7, bytes: Uint8Array.of(0xaa, 0xbb) }),
  ],
  [
    "VoiceReport",
    () =>
      packets.write(PacketType.VoiceReport, SESSION, contents.voiceReport, { speaker: 7, lossPercent: 30, burst: 3 }),
  ],
];

const page = readFileSync(join(import.meta.dirname, "../../docs/wire-format.md"), "utf8");

test.each(vectors)("%s is as docs/wire-format.md has it", (name, write) => {
  const row = page.split("\n").find((line) => line.startsWith(`| ${name}`));
  expect(row).toContain(`\`${hex(write())}\``);
});

test("every type of packet has a row", () => {
  const types = Object.keys(PacketType).filter((name) => Number.isNaN(Number(name)));
  expect(types.filter((type) => !vectors.some(([row]) => row.startsWith(type)))).toEqual([]);
});

test.each([
  ["WebCrypto", roomSecretSeal],
  ["OpenSSL", nodeSeal],
])("roomSecretSeal by %s makes what docs/wire-format.md has", async (_, create) => {
  const bytesFrom = (first: number) => Uint8Array.from({ length: 16 }, (_, index) => first + index);
  const header = Uint8Array.of(7, 0, 0x83, 5, 0, 9, 0);
  const voice = { salt: bytesFrom(0xa0), counter: 2 ** 32 + 5, header, bytes: Uint8Array.of(0xaa) };
  const sealed = await create(bytesFrom(0)).seal(voice);
  expect(page).toContain(`\n\`${hex(new ByteSegment().set(sealed, 0, sealed.length))}\``);
});

test("a voice packet is read as it was written", () => {
  const packet = voice();
  const read = new VoicePacket();
  const reader = new NetworkReader();
  reader.reset(packet.buffer, 0, packet.length);
  reader.skip(7 * 8);
  read.read(reader, packet);
  const { buffer, channelCount, channelSession, channels, frame, frameCounter, packetCounter, redundant, sender } =
    read;
  expect({ channelCount, channelSession, frameCounter, packetCounter, sender }).toEqual({
    channelCount: 2,
    channelSession: 3,
    frameCounter: 9,
    packetCounter: 5,
    sender: 7,
  });
  expect(channels[0]).toEqual(target({ target: roomIdOf("lobby") }));
  expect(channels[1]).toEqual(target({ isToPlayer: true, isPositional: true, priority: 3, target: 2 }));
  expect([...buffer.subarray(frame.offset, frame.offset + frame.length)]).toEqual([0xaa]);
  const [earlier] = redundant;
  expect(earlier?.distance).toBe(1);
  expect([...buffer.subarray(earlier?.offset, (earlier?.offset ?? 0) + (earlier?.length ?? 0))]).toEqual([0xbb, 0xbb]);
});

test("the number of a room is the FNV-1a hash of its name", () => {
  // From the published test vectors of FNV-1a with 32 bits.
  expect([roomIdOf("a") >>> 0, roomIdOf("foobar") >>> 0]).toEqual([0xe40c292c, 0xbf9cf968]);
});
