import { describe, expect, test } from "vitest";
import { Channel } from "../../../lib/peer/channel.js";
import { INCOMPLETE_MESSAGE_BYTES } from "../../../lib/peer/delivery/fragment-assembler.js";
import { FrameKind, LANES } from "../../../lib/peer/packet-format.js";
import { CONNECTION_BYTES } from "../../../lib/peer/reassembly.js";
import { EndPoint, Simulation, ToySeal } from "./simulation.js";

const SESSION = 0xdecade42;
const PACKETS = 300_000;

/** A Data packet with these frames. */
function packet(number: number, ...frames: number[]): Uint8Array {
  const bytes = new Uint8Array(9 + frames.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 16;
  view.setUint32(1, SESSION, true);
  view.setUint32(5, number, true);
  bytes.set(frames, 9);
  return bytes;
}

const u32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
const lane = (number: number, offset: number, ...bytes: number[]) => [
  FrameKind.LaneBytes + number,
  ...u32(offset),
  bytes.length << 2,
  ...bytes,
];

const fragment = (kind: number, number: number, index: number, count: number, ...bytes: number[]) => [
  FrameKind.Fragment + kind,
  (4 + bytes.length) << 2,
  ...[number & 255, number >> 8, index, count],
  ...bytes,
];

function victim(firstNumber = 0): EndPoint {
  const simulation = new Simulation();
  const [near] = simulation.pair({}, {}, { firstNumber });
  return near;
}

describe("a packet that breaks the format ends the connection, and nothing else happens", () => {
  const sentOne = () => {
    const endPoint = victim();
    endPoint.reliable(0, new Uint8Array(10));
    endPoint.profile.flush(0);
    return endPoint;
  };
  test.each<[string, number[]]>([
    ["an unknown frame", [7]],
    ["a sequenced message on a fifth lane", [FrameKind.Sequenced + 4 + FrameKind.Fragment, 8, 0, 0]],
    ["a fragment without bytes", fragment(8, 0, 0, 2)],
    ["a fragment that is shorter than its place", [FrameKind.Fragment + 8, 3 << 2, 0, 0, 0]],
    ["a fragment that is cut off", [FrameKind.Fragment + 8, 50 << 2, 0, 0, 0, 2, 1]],
    ["a fragment of one", fragment(8, 0, 0, 1, 1)],
    ["a fragment of none", fragment(8, 0, 0, 0, 1)],
    ["a fragment of more than the largest message has", fragment(8, 0, 0, 16, 1)],
    ["a fragment behind the last", fragment(9, 0, 2, 2, 1)],
    ["a fragment far behind the last", fragment(9, 0, 255, 2, 1)],
    ["a fragment of a reliable message", fragment(32, 0, 0, 2, 1)],
    ["fragments that differ in their count", [...fragment(8, 0, 0, 2, 1), ...fragment(8, 0, 1, 3, 1)]],
    ["fragments that differ in their kind", [...fragment(8, 0, 0, 2, 1), ...fragment(9, 0, 1, 2, 1)]],
    ["fragments that differ in their lane", [...fragment(12, 0, 0, 2, 1), ...fragment(13, 0, 1, 2, 1)]],
    ["a Pong", [FrameKind.Pong, 0, 0, 0, 0]],
    ["a lane that does not exist", [FrameKind.LaneBytes + LANES, 0, 0, 0, 0, 4, 1]],
    ["a frame that is cut off", [FrameKind.Unreliable, 50 << 2, 1, 2]],
    ["a malformed varint", [FrameKind.Unreliable, 3]],
    ["an empty piece of a lane", [FrameKind.LaneBytes, 0, 0, 0, 0, 0]],
    ["a piece beyond the lane's window", lane(0, 1 << 18, 1)],
    ["a piece beyond the window of the control lane", lane(5, 1 << 16, 1)],
    ["a piece before the lane's beginning", lane(0, 2 ** 32 - 1, 1)],
    [
      "a message that is longer than agreed",
      lane(0, 0, ...[((60_001 << 2) | 2) & 255, (60_001 << 2) >> 8, (60_001 << 2) >> 16, 0]),
    ],
    ["a message whose length is no varint", lane(0, 0, 3)],
    ["an acknowledgement of a packet that was never sent", [FrameKind.Ack, ...u32(1), 0, 0, 0]],
    ["an acknowledgement of a packet far ahead", [FrameKind.Ack, ...u32(2 ** 31 - 1), 0, 0, 0]],
    ["an acknowledgement of more than was ever sent", [FrameKind.Ack, ...u32(0), 0, 0, 1 << 2]],
    ["an acknowledgement with ranges below the first number", [FrameKind.Ack, ...u32(0), 0, 1 << 2, 0, 0, 0]],
    ["an acknowledgement with too many ranges", [FrameKind.Ack, ...u32(0), 0, 32 << 2, 0, ...new Array(64).fill(0)]],
    ["a close with a text that is too long", [FrameKind.Close, 0, 0, 121, ...new Array(121).fill(65)]],
  ])("%s", (_, frames) => {
    const endPoint = sentOne();
    let delivered = 0;
    endPoint.onMessage = () => delivered++;
    endPoint.receive(packet(0, ...frames, ...lane(1, 0, 4, 9)));
    expect(endPoint.malformedText).toMatch(/^Malformed frame of kind \d+$/);
    expect(endPoint.authenticatedCount).toBe(1);
    expect(delivered).toBe(0);
  });

  test("the largest offset and the longest message allowed are fine", () => {
    const endPoint = victim();
    endPoint.receive(packet(0, ...lane(0, (1 << 18) - 1, 1)));
    endPoint.receive(
      packet(1, ...lane(0, 0, ...[((60_000 << 2) | 2) & 255, (60_000 << 2) >> 8, (60_000 << 2) >> 16, 0])),
    );
    expect(endPoint.malformedText).toBeNull();
  });

  test("a peer that acknowledges skipped numbers acknowledges what it has not received", () => {
    const simulation = new Simulation();
    const [near, far] = simulation.pair({ delayMs: 1 });
    for (let index = 0; index < 2000; index++) {
      near.reliable(0, new Uint8Array(10));
      near.profile.flush(simulation.nowMs);
      if (index % 5 === 0) simulation.run(5);
    }
    simulation.run(1000);
    expect([near.malformedText, near.profile.isDrained]).toEqual([null, true]);
    // The liar acknowledges all that can have been sent, one packet at a time, as soon as it can have been.
    near.link.options = { loss: 1 };
    const sent: number[] = [];
    near.onTransmit = (bytes) => sent.push(new DataView(bytes.buffer).getUint32(5, true));
    let number = 1_000_000 - 1;
    far.profile.dispose();
    let expected = near.metrics.packetsSent;
    for (let index = 0; index < 4000 && near.malformedText === null; index++) {
      near.reliable(0, new Uint8Array(10));
      near.profile.flush(simulation.nowMs);
      expected = sent.at(-1) as number;
      near.receive(packet(++number, FrameKind.Ack, ...u32(expected), 0, 0, 1 << 2));
      simulation.nowMs += 10;
    }
    expect(near.malformedText).toBe("Malformed frame of kind 3");
  });
});

describe("a packet that does not authenticate changes nothing", () => {
  test("other sessions, other kinds, short packets, copies and ancient packets are strays", () => {
    const endPoint = victim();
    let delivered = 0;
    endPoint.onMessage = () => delivered++;
    endPoint.receive(packet(5000, ...lane(0, 0, 4, 9)));
    const good = packet(5001, ...lane(0, 2, 4, 9));
    const otherSession = good.slice();
    otherSession[2] = 0;
    const otherKind = good.slice();
    otherKind[0] = 17;
    const strays = [
      otherSession,
      otherKind,
      good.slice(0, 8),
      good.slice(0, 0),
      packet(5000, 99),
      packet(5000 - 4096, 99),
    ];
    for (const stray of strays) endPoint.receive(stray);
    expect([endPoint.metrics.strayPackets, endPoint.authenticatedCount, delivered]).toEqual([strays.length, 1, 1]);
    endPoint.receive(packet(5000 - 4095, FrameKind.Padding));
    endPoint.receive(good);
    expect([endPoint.metrics.strayPackets, endPoint.authenticatedCount, delivered]).toEqual([strays.length, 3, 2]);
    expect(endPoint.malformedText).toBeNull();
  });

  test("a sealed connection beside which every packet is replayed and forged loses nothing", () => {
    const simulation = new Simulation(3);
    const [near, far] = simulation.pair({ delayMs: 10, loss: 0.1, reordering: 0.2 }, undefined, {
      seal: new ToySeal(),
    });
    for (const endPoint of [near, far]) {
      const seen: Uint8Array[] = [];
      endPoint.onTransmit = (bytes) => {
        seen.push(bytes);
        const forged = bytes.slice();
        const at = 5 + Math.floor(simulation.random() * (forged.length - 5));
        forged[at] = (forged[at] as number) ^ (1 << Math.floor(simulation.random() * 8));
        simulation.schedule(simulation.nowMs + simulation.random() * 40, endPoint.remote, forged);
        const old = seen[Math.floor(simulation.random() * seen.length)] as Uint8Array;
        simulation.schedule(simulation.nowMs + 60 + simulation.random() * 40, endPoint.remote, old.slice());
      };
    }
    let next = 0;
    far.onMessage = (_, __, message) => expect(new DataView(message.buffer).getUint32(0)).toBe(next++);
    for (let index = 0; index < 3000; index++) {
      const message = new Uint8Array(100);
      new DataView(message.buffer).setUint32(0, index);
      near.reliable(2, message);
      if (index % 3 === 0) simulation.run(5);
    }
    simulation.run(20_000);
    expect(next).toBe(3000);
    expect([near.malformedText, far.malformedText]).toEqual([null, null]);
    expect(far.metrics.duplicatePackets).toBeGreaterThan(500);
    expect(far.metrics.strayPackets).toBeGreaterThan(1000);
  });
});

describe("memory that the other side can claim is bounded", () => {
  test("pieces with holes between them: beyond 512 a packet counts as not received", () => {
    const endPoint = victim();
    const sent: number[][] = [];
    endPoint.onTransmit = (bytes) => sent.push([...bytes.subarray(9)]);
    for (let index = 0; index < 600; index++) endPoint.receive(packet(index, ...lane(0, 1000 + 2 * index, 4)));
    endPoint.profile.flush(100);
    expect(endPoint.metrics.piecesRefused).toBe(600 - 512);
    // 512 packets, 0 to 511, have come.
    expect(sent).toEqual([[FrameKind.Ack, ...u32(511), expect.any(Number), expect.any(Number), 0, 0xfd, 7]]);
    endPoint.receive(packet(600, FrameKind.Ping, 0, 0, 0, 0), 100);
    endPoint.profile.flush(100);
    expect(sent[1]?.slice(0, 9)).toEqual([FrameKind.Ack, ...u32(600), 0, 1 << 2, 0, (600 - 512 - 1) * 4 + 1 - 256]);
    expect(endPoint.malformedText).toBeNull();
  });

  test("parts of messages hold less than four times the wire, and nothing when the message is whole", () => {
    const endPoint = victim();
    const length = 60_000;
    const head = [((length << 2) | 2) & 255, ((length << 2) >> 8) & 255, ((length << 2) >> 16) & 255, 0];
    endPoint.receive(packet(0, ...lane(0, 0, ...head)));
    for (let at = 0; at < length; at += 40) {
      endPoint.receive(packet(1 + at / 40, ...lane(0, 4 + at, ...new Array(40).fill(0))));
      expect(endPoint.metrics.reassemblyBytes).toBeLessThan(4 * (at + 40));
    }
    expect([endPoint.malformedText, endPoint.metrics.reassemblyBytes]).toEqual([null, 0]);
  });

  test("a hole in front of every lane's whole window claims the windows and no more", () => {
    const endPoint = victim();
    gc?.();
    const before = process.memoryUsage().arrayBuffers;
    for (let number = 0; number < 2000; number++) {
      const window = [1 << 18, 1 << 18, 1 << 18, 1 << 18, 1 << 20, 1 << 16][number % 6] as number;
      endPoint.receive(packet(number, ...lane(number % 6, window - 1 - number, 1)));
    }
    gc?.();
    expect(endPoint.malformedText).toBeNull();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2.5 * 2 ** 20);
  });
});

describe("fragments", () => {
  /** A victim, what it hands on, and how it takes frames: each call is a packet. */
  function target() {
    const endPoint = victim();
    const messages: string[] = [];
    endPoint.onMessage = (channel, lane, bytes) => messages.push(`${Channel[channel]} ${lane} ${bytes}`);
    let number = 0;
    const take = (...frames: number[]) => endPoint.receive(packet(number++, ...frames), 0);
    return { endPoint, messages, take };
  }

  test("that never complete hold 16 messages and 2 s, and nothing after that", () => {
    const { endPoint, messages, take } = target();
    for (let number = 0; number < 1000; number++) take(...fragment(8, number, 1, 2, 1, 2, 3));
    const { metrics } = endPoint;
    expect([endPoint.reassembly.usedBytes, metrics.messagesIncomplete]).toEqual([
      16 * (INCOMPLETE_MESSAGE_BYTES + 4),
      1000 - 16,
    ]);
    endPoint.profile.flush(1999);
    expect(endPoint.reassembly.usedBytes).toBeGreaterThan(0);
    expect(endPoint.nextDeadlineMs).toBe(2000);
    endPoint.profile.flush(2000);
    expect([endPoint.reassembly.usedBytes, metrics.messagesIncomplete]).toEqual([0, 1000]);
    expect(endPoint.nextDeadlineMs).toBeGreaterThan(2000);
    // What was given up stays so, and what is new arrives.
    take(...fragment(8, 999, 0, 2, 9));
    expect([messages, metrics.fragmentsDropped]).toEqual([[], 1]);
    take(...fragment(8, 1000, 1, 2, 2), ...fragment(8, 1000, 0, 2, 1));
    expect([messages, endPoint.malformedText]).toEqual([["Unreliable 0 1,2"], null]);
  });

  test("that come twice are dropped and counted", () => {
    const { endPoint, messages, take } = target();
    take(...fragment(12, 5, 0, 2, 1));
    take(...fragment(12, 5, 0, 2, 7));
    take(...fragment(12, 5, 1, 2, 2));
    take(...fragment(12, 5, 1, 2, 7));
    take(...fragment(12, 5, 0, 2, 7));
    expect(messages).toEqual(["Sequenced 0 1,2"]);
    expect([endPoint.metrics.fragmentsDropped, endPoint.reassembly.usedBytes]).toEqual([3, 0]);
  });

  test("of which there is no room for one lose their message, and a notify is not acknowledged", () => {
    const { endPoint, messages, take } = target();
    const sent: number[][] = [];
    endPoint.onTransmit = (bytes) => sent.push([...bytes.subarray(9)]);
    const others = CONNECTION_BYTES - INCOMPLETE_MESSAGE_BYTES - 1;
    endPoint.reassembly.take(others);
    take(...fragment(9, 0, 0, 2, 1));
    take(...fragment(9, 0, 1, 2, 2));
    endPoint.reassembly.giveBack(others);
    take(...fragment(9, 0, 0, 2, 1));
    endPoint.profile.flush(200);
    expect([messages, endPoint.metrics.messagesIncomplete, endPoint.metrics.fragmentsDropped]).toEqual([[], 1, 2]);
    expect(sent).toEqual([[FrameKind.Ack, ...u32(0), expect.any(Number), expect.any(Number), 0, 0]]);
  });

  test("of a message that a newer one has overtaken are given up", () => {
    const { endPoint, messages, take } = target();
    take(...fragment(13, 0, 1, 2, 1));
    take(FrameKind.Sequenced, 4, 9);
    expect(endPoint.metrics.messagesIncomplete).toBe(0);
    take(FrameKind.Sequenced + 1, 4, 9);
    expect(endPoint.metrics.messagesIncomplete).toBe(1);
    take(...fragment(13, 0, 0, 2, 1));
    expect(messages).toEqual(["Sequenced 0 9", "Sequenced 1 9"]);
    endPoint.receive(packet(1, FrameKind.Padding), 0);
    expect(endPoint.metrics.fragmentsDropped).toBe(1);
  });

  test("of a message over 16 KiB end the connection, whose memory is given back", () => {
    const { endPoint, take } = target();
    const large = (index: number) => {
      const [kind = 0, , ...place] = fragment(8, 0, index, 15);
      const length = 4 + 1150;
      take(kind, ((length << 2) | 1) & 255, length >> 6, ...place, ...new Array(1150).fill(1));
    };
    for (let index = 0; index < 14; index++) large(index);
    expect(endPoint.malformedText).toBeNull();
    expect(endPoint.reassembly.usedBytes).toBe(INCOMPLETE_MESSAGE_BYTES + 14 * 1150);
    large(14);
    expect(endPoint.malformedText).toBe("Malformed frame of kind 72");
    endPoint.reassembly.dispose();
    expect(endPoint.reassembly.usedBytes).toBe(0);
  });
});

test("random and mutated frames behind a valid session id never throw, and hand on nothing after the end", () => {
  const simulation = new Simulation(11);
  const { random } = simulation;
  const corpus = capture();
  const firstFrames = new Map<number, number>();
  let ends = 0;
  let endPoint = victim();
  let number = 0;
  const below = (limit: number) => Math.floor(random() * limit);
  const kinds = [
    ...[1, 3, 4, 8, 9, 12, 15, 72, 73, 76],
    ...[0, 1, 2, 3, 4, 5].map((index) => FrameKind.LaneBytes + index),
  ];
  for (let index = 0; index < PACKETS; index++) {
    let frames: Uint8Array;
    if (random() < 0.3) {
      frames = Uint8Array.from({ length: 1 + below(60) }, () => below(256));
      frames[0] = kinds[below(kinds.length)] as number;
    } else {
      frames = (corpus[below(corpus.length)] as Uint8Array).slice();
      for (let changes = below(4); changes > 0; changes--) frames[below(frames.length)] = below(256);
      if (random() < 0.2) frames = frames.subarray(0, 1 + below(frames.length - 1));
      // Most acknowledgements are of packets that were sent.
      if (frames[0] === FrameKind.Ack && random() < 0.8)
        frames.set([below(12), 0, 0, 0].slice(0, frames.length - 1), 1);
      // The first frame is always reached.
      if (random() < 0.5) frames[0] = kinds[below(kinds.length)] as number;
    }
    firstFrames.set(frames[0] as number, (firstFrames.get(frames[0] as number) ?? 0) + 1);
    const jump = random() < 0.01 ? below(5000) : 1;
    number += jump;
    simulation.nowMs += random();
    endPoint.receive(packet(number, ...frames), simulation.nowMs);
    if (index % 8 === 0) endPoint.profile.flush(simulation.nowMs);
    if (endPoint.malformedText !== null) ends++;
    // A connection would end here. A few packets more reach states that the first error hides.
    endPoint.malformedText = null;
    if (endPoint.closedWith !== null || index % 20 === 0) {
      endPoint = fresh();
      number = 0;
    }
  }
  console.log(
    `malformed: ${ends}; frames reached: ${kinds.map((kind) => `${kind}: ${firstFrames.get(kind)}`).join(", ")}`,
  );
  for (const kind of kinds) expect(firstFrames.get(kind)).toBeGreaterThan(10_000);
  expect(ends).toBeGreaterThan(1000);

  function fresh(): EndPoint {
    const next = new EndPoint(simulation, {});
    next.link = { send: () => {} } as unknown as EndPoint["link"];
    for (let lane = 0; lane < LANES; lane++) next.reliable(lane, new Uint8Array(2000));
    next.profile.flush(simulation.nowMs);
    next.onMessage = (channel, lane, bytes) => {
      expect([next.malformedText, next.closedWith]).toEqual([null, null]);
      expect(bytes.length).toBeLessThanOrEqual(channel === Channel.Reliable ? 60_000 : 16_384);
      expect(lane).toBeLessThan(LANES);
    };
    return next;
  }
}, 300_000);

/** The frames of packets of a real connection, short enough to be changed in interesting places. */
function capture(): Uint8Array[] {
  const simulation = new Simulation(5);
  const [near, far] = simulation.pair({ delayMs: 10, loss: 0.1, reordering: 0.2 });
  const frames: Uint8Array[] = [];
  for (const endPoint of [near, far]) endPoint.onTransmit = (bytes) => frames.push(bytes.slice(9));
  for (let index = 0; index < 300; index++) {
    for (const endPoint of [near, far]) {
      endPoint.reliable(index % LANES, new Uint8Array(1 + (index % 50)));
      endPoint.send(Channel.Unreliable, 0, new Uint8Array(index % 20));
      endPoint.send(Channel.Notify, 0, new Uint8Array(index % 20));
      endPoint.send(Channel.Sequenced, index % 4, new Uint8Array(index % 20));
      if (index % 10 === 0) endPoint.send(((index / 10) % 3) + 1, 0, new Uint8Array(1097 + index));
      if (index % 7 === 0) endPoint.profile.ping();
    }
    simulation.run(7);
  }
  near.profile.close({ code: 5, text: "bye" }, simulation.nowMs);
  simulation.run(1000);
  return frames.filter((bytes) => bytes.length > 1);
}
