import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PacketWriter } from "../../lib/comms/wire/packet-writer.js";
import { contents, PacketType, WIRE_VERSION } from "../../lib/comms/wire/packets.js";
import { roomIdOf } from "../../lib/comms/wire/room-id.js";
import { VoicePacket, VoiceTarget, writeRedundantFrame, writeVoiceHeader } from "../../lib/comms/wire/voice-packet.js";
import type { ByteSegment } from "../../lib/peer/index.js";
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
  [
    "TextData of 7 to `lobby`: `hi`",
    () =>
      packets.write(PacketType.TextData, SESSION, contents.text, {
        isToPlayer: false,
        sender: 7,
        target: roomIdOf("lobby"),
        text: "hi",
      }),
  ],
  ["VoiceData of 7", voice],
];

const page = readFileSync(join(import.meta.dirname, "../../docs/wire-format.md"), "utf8");

test.each(vectors)("%s is as docs/wire-format.md has it", (name, write) => {
  const row = page.split("\n").find((line) => line.startsWith(`| ${name}`));
  expect(row).toContain(`\`${hex(write())}\``);
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
