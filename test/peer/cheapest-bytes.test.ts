import { expect, test } from "vitest";
import { ConnectionMetrics } from "../../lib/peer/metrics.js";
import { ReliableLanesProfile } from "../../lib/peer/over-reliable/reliable-lanes-profile.js";
import { StreamProfile } from "../../lib/peer/over-reliable/stream-profile.js";
import { CONTROL_LANE, FrameKind, LANES, PacketKind, STREAM_LANE, USER_LANES } from "../../lib/peer/packet-format.js";
import type { Profile, ProfileHost } from "../../lib/peer/profile.js";
import { RawUdpProfile } from "../../lib/peer/raw-udp/raw-udp-profile.js";
import { CONNECTION_BYTES, ReassemblyBudget, ReassemblyPool, UNTRUSTED_BYTES } from "../../lib/peer/reassembly.js";
import { StreamMessage } from "../../lib/peer/streams/stream-messages.js";
import { StreamTable } from "../../lib/peer/streams/stream-table.js";
import { Delivery, type IConnectionHandle, ReceivedPacket } from "../../lib/socket/index.js";

const CONNECTIONS = 10;
const PACKET_BYTES = 1200;
const SESSION = 7;
const UNTRUSTED_LIMIT = "Over 16384 bytes of incomplete messages before authentication";
const limits = { maxPacketSize: PACKET_BYTES, maxReliableMessageSize: 60_000, maxQueuedBytes: 2 ** 20 };

const u32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
/** A varint of four bytes. */
const varint = (value: number) => u32(((value << 2) | 2) >>> 0);

/** One end of a connection, whose other end sends what the test writes. */
class Victim implements ProfileHost {
  readonly metrics = new ConnectionMetrics();
  readonly observer = null;
  readonly reassembly: ReassemblyBudget;
  readonly profile: Profile;
  readonly streams: StreamTable;
  readonly maxAgeMs = Number.POSITIVE_INFINITY;
  wireBytes = 0;
  malformedText: string | null = null;
  readonly #packet = new ReceivedPacket();
  readonly #kind: PacketKind;
  #number = 0;

  constructor(kind: PacketKind, pool: ReassemblyPool, maxBytes: number) {
    this.#kind = kind;
    this.reassembly = new ReassemblyBudget(pool, "test", maxBytes, () => {});
    const handle = { bufferedBytes: 0, bytesPerSecond: Number.POSITIVE_INFINITY } as IConnectionHandle;
    if (kind === PacketKind.Data) {
      this.profile = new RawUdpProfile(this, {
        ...limits,
        sessionId: SESSION,
        timeoutMs: 10_000,
        seal: null,
        random: () => 0.5,
      });
    } else if (kind === PacketKind.Stream) this.profile = new StreamProfile(this, handle, limits);
    else this.profile = new ReliableLanesProfile(this, handle, limits, null, 10_000);
    this.streams = new StreamTable({
      maxStreams: 8,
      send: () => true,
      queuedBytes: () => 0,
      changed: () => {},
      failed() {},
      malformed: (text) => this.malformed(text),
    });
    this.streams.onStream = (_header, accept) => accept();
  }

  /** Receives frames, as many in a packet as fit. `skipped` numbers of packets are left out before each. */
  feed(frames: readonly number[][], skipped = 0, lane = 0): void {
    let content: number[] = [];
    const send = () => {
      if (this.malformedText !== null) return;
      this.#number += skipped;
      const data = this.#kind === PacketKind.Data ? [...u32(SESSION), ...u32(this.#number++)] : [];
      const bytes = Uint8Array.from([this.#kind, ...data, ...content]);
      this.wireBytes += bytes.length;
      const delivery = this.#kind === PacketKind.Data ? Delivery.Unreliable : Delivery.Reliable;
      this.profile.receive(
        Object.assign(this.#packet, { buffer: bytes, offset: 0, length: bytes.length, delivery, lane }),
        0,
      );
      content = [];
    };
    for (const frame of frames) {
      if (content.length + frame.length > PACKET_BYTES - 9) send();
      content.push(...frame);
    }
    if (content.length > 0) send();
  }

  now(): number {
    return 0;
  }

  deliver(_channel: number, lane: number, buffer: Uint8Array, offset: number, length: number): boolean {
    if (lane === STREAM_LANE || lane === CONTROL_LANE) this.streams.receive(lane, buffer, offset, length);
    return true;
  }
  transmit(): boolean {
    return true;
  }
  malformed(text: string): void {
    this.malformedText = text;
  }
  onPacketAuthenticated(): void {}
  remoteClosed(): void {}
  drained(): void {}
  pathTooSmall(): void {}
  tampered(): void {
    throw new Error("Nothing is sealed");
  }
}

const udp = (lane: number, offset: number, bytes: number[]) => [
  FrameKind.LaneBytes + lane,
  ...u32(offset),
  bytes.length << 2,
  ...bytes,
];
const lanes = Array.from({ length: LANES }, (_, lane) => lane);
const times = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, at) => make(at));
/** Stream messages behind one another, in frames of a lane over UDP or of another transport. */
const streamFrames = (kind: PacketKind, messages: number[][]) => {
  if (kind !== PacketKind.Data) {
    return messages.map((bytes) => [FrameKind.Message + STREAM_LANE, bytes.length << 2, ...bytes]);
  }
  let offset = 0;
  return messages.map((bytes) => {
    const frame = udp(STREAM_LANE, offset, [bytes.length << 2, ...bytes]);
    offset += 1 + bytes.length;
    return frame;
  });
};
const oneByteData = times(30_000, (index) => [StreamMessage.Data, ...u32(index % 8), 1]);
const opened = times(8, (id) => [StreamMessage.Open, ...u32(id)]);

/** What the cheapest sender sends: as little as possible for each thing that has to be kept. */
const cheapest: [string, PacketKind, (victim: Victim) => void][] = [
  [
    "early pieces of a byte on each lane",
    PacketKind.Data,
    (victim) => victim.feed(lanes.flatMap((lane) => times(600, (index) => udp(lane, 2 + 2 * index, [1])))),
  ],
  [
    "early bytes without holes, far away",
    PacketKind.Data,
    (victim) => victim.feed(lanes.flatMap((lane) => times(9000, (index) => udp(lane, 50_000 + index, [1])))),
  ],
  [
    "a message on each lane that never ends, byte by byte",
    PacketKind.Data,
    (victim) => {
      const piece = (lane: number) => (index: number) => udp(lane, index, [varint(16_000)[index] ?? 1]);
      victim.feed(lanes.flatMap((lane) => times(15_000, piece(lane))));
    },
  ],
  [
    "long messages, each complete",
    PacketKind.Data,
    (victim) => {
      const part = (lane: number, index: number) =>
        udp(
          lane,
          50 * index,
          times(50, (at) => (index === 0 ? varint(9996)[at] : undefined) ?? 1),
        );
      victim.feed(lanes.slice(0, USER_LANES).flatMap((lane) => times(200, (index) => part(lane, index))));
    },
  ],
  [
    "packets with holes between their numbers",
    PacketKind.Data,
    (victim) => {
      for (let count = 0; count < 4000; count++) victim.feed([[FrameKind.Ping, 0, 0, 0, 0]], 1);
    },
  ],
  ...[PacketKind.Data, PacketKind.Stream].map((kind): [string, PacketKind, (victim: Victim) => void] => [
    "fragments of a byte of messages that are never complete",
    kind,
    (victim) => victim.feed(times(4000, (index) => [FrameKind.Fragment + 8, 5 << 2, index & 255, index >> 8, 1, 2, 1])),
  ]),
  ...[PacketKind.Reliable, PacketKind.Stream].map((kind): [string, PacketKind, (victim: Victim) => void] => [
    "a message on each lane that never ends, in parts of a byte",
    kind,
    (victim) => {
      for (const lane of lanes) {
        victim.feed(
          times(15_000, () => [FrameKind.MessagePart + lane, 1 << 2, 1]),
          0,
          lane,
        );
      }
    },
  ]),
  ["parts without bytes", PacketKind.Stream, (victim) => victim.feed(times(20_000, () => [FrameKind.MessagePart, 0]))],
  ...[PacketKind.Data, PacketKind.Stream].map((kind): [string, PacketKind, (victim: Victim) => void] => [
    "streams of single bytes that nobody reads",
    kind,
    (victim) => victim.feed(streamFrames(kind, [...opened, ...oneByteData]), 0, STREAM_LANE),
  ]),
];

const usedBytes = () => {
  gc?.();
  gc?.(); // The first one frees the memory of buffers on another thread, the second one waits for that.
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

test.each(
  cheapest.flatMap(([name, kind, feed]) => [false, true].map((isTrusted) => ({ name, kind, feed, isTrusted }))),
)(
  "$name takes less than 4 times the wire (packets of kind $kind, authenticated: $isTrusted)",
  ({ kind, feed, isTrusted }) => {
    const pool = new ReassemblyPool(Number.POSITIVE_INFINITY);
    const create = () => new Victim(kind, pool, isTrusted ? CONNECTION_BYTES : UNTRUSTED_BYTES);
    feed(create());
    const victims = times(CONNECTIONS, create);
    const before = usedBytes();
    for (const victim of victims) feed(victim);
    const held = usedBytes() - before;
    const wire = victims.reduce((sum, { wireBytes }) => sum + wireBytes, 0);
    for (const { malformedText } of victims) {
      if (isTrusted || malformedText !== UNTRUSTED_LIMIT) expect(malformedText).toBeNull();
    }
    // What a connection makes once: its streams, and what stays of a long message for the next.
    expect(held).toBeLessThan(4 * wire + CONNECTIONS * 8192);
  },
);

test("nothing stays of long messages that are complete", () => {
  const pool = new ReassemblyPool();
  const [, kind, feed] = cheapest.find(([name]) => name === "long messages, each complete") as (typeof cheapest)[0];
  const create = () => new Victim(kind, pool, CONNECTION_BYTES);
  // Before it is measured the engine compiles what it runs: its code and notes are in the heap too.
  for (const victim of times(CONNECTIONS, create)) feed(victim);
  const victims = times(CONNECTIONS, create);
  const before = usedBytes();
  for (const victim of victims) feed(victim);
  expect(usedBytes() - before).toBeLessThan(CONNECTIONS * 8192);
  expect(pool.usedBytes).toBe(0);
});

/** What `count` victims hold after this, and what they are charged for it: each, in bytes. */
function heldByEach(count: number, feed: (victim: Victim) => void) {
  const create = () => new Victim(PacketKind.Data, new ReassemblyPool(), CONNECTION_BYTES);
  // As above: the code is compiled before.
  for (const victim of times(count, create)) feed(victim);
  const victims = times(count, create);
  const before = usedBytes();
  for (const victim of victims) feed(victim);
  const held = (usedBytes() - before) / count;
  return { held, charged: (victims[0] as Victim).reassembly.usedBytes };
}

/** A fragment of an unreliable message. */
const fragment = (number: number, index: number, count: number, length: number) => {
  const content = 4 + length;
  return [FrameKind.Fragment + 8, ((content << 2) | 1) & 255, content >> 6, number, 0, index, count].concat(
    new Array(length).fill(1),
  );
};

test("incomplete messages of a byte are charged what they cost", () => {
  const { held, charged } = heldByEach(300, (victim) => victim.feed(times(16, (number) => fragment(number, 0, 15, 1))));
  expect(charged).toBeGreaterThan(16 * 500);
  expect(held).toBeLessThan(charged + 2048);
});

test.each(["in order", "backwards"])("nothing stays of a message of 16 KiB whose fragments came %s", (order) => {
  const parts = times(15, (index) => fragment(0, index, 15, index < 14 ? 1096 : 1040));
  const { held, charged } = heldByEach(300, (victim) => {
    victim.feed(order === "in order" ? parts : parts.toReversed());
  });
  expect(charged).toBe(0);
  // The assembler keeps a place for the next message.
  expect(held).toBeLessThan(4096);
});
