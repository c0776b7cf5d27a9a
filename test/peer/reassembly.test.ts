import { expect, test } from "vitest";
import { EarlyBytes, MAX_PIECES } from "../../lib/peer/collections/early-bytes.js";
import { PeerMetrics } from "../../lib/peer/metrics.js";
import { LANES } from "../../lib/peer/packet-format.js";
import { LaneReceiver } from "../../lib/peer/raw-udp/lane-receiver.js";
import { LaneResult } from "../../lib/peer/raw-udp/message-assembler.js";
import {
  CONNECTION_BYTES,
  ReassemblyBudget,
  ReassemblyPool,
  UNTRUSTED_BYTES,
  UNTRUSTED_EARLY_BYTES,
} from "../../lib/peer/reassembly.js";
import { StreamMessageWriter } from "../../lib/peer/streams/stream-messages.js";
import { StreamReceiver } from "../../lib/peer/streams/stream-receiver.js";
import { seededRandom } from "../../lib/testing/index.js";
import { EndPoint, Simulation } from "./raw-udp/simulation.js";

/** A lane and what comes out of it. */
function lane(maxBytes = CONNECTION_BYTES) {
  const host = new EndPoint(new Simulation());
  host.reassembly.maxBytes = maxBytes;
  const messages: Uint8Array[] = [];
  host.onMessage = (_channel, _lane, bytes) => messages.push(bytes);
  const receiver = new LaneReceiver(0, 0, 60_000, host);
  return { budget: host.reassembly, messages, receiver };
}

test("early bytes cost the memory that they take, wherever they belong", () => {
  const { budget, receiver } = lane();
  // Twice the bytes, and the places of four pieces.
  expect(receiver.receive(200_000, new Uint8Array(10), 0, 10)).toBe(LaneResult.Taken);
  expect(budget.usedBytes).toBe(20 + 48);
  for (const offset of [200_010, 200_005]) {
    expect(receiver.receive(offset, new Uint8Array(10), 0, 10)).toBe(LaneResult.Taken);
    expect(budget.usedBytes).toBe(20 + 48);
  }
});

test("before authentication early bytes hold no more than 4 KiB, and what is over is refused", () => {
  const { budget, receiver } = lane(UNTRUSTED_BYTES);
  let refused = 0;
  for (let offset = 2; offset < 2000; offset += 2) {
    if (receiver.receive(offset, new Uint8Array(1), 0, 1) === LaneResult.Refused) refused++;
  }
  expect(refused).toBeGreaterThan(999 - MAX_PIECES);
  for (let offset = 3000; offset < 60_000; offset += 1000) receiver.receive(offset, new Uint8Array(1000), 0, 1000);
  expect(budget.usedBytes).toBeGreaterThan(UNTRUSTED_EARLY_BYTES / 2);
  expect(budget.usedBytes).toBeLessThanOrEqual(UNTRUSTED_EARLY_BYTES);
});

test("more than 512 pieces of a byte are refused", () => {
  const { receiver } = lane();
  let refused = 0;
  for (let offset = 2; offset < 2000; offset += 2) {
    if (receiver.receive(offset, new Uint8Array(1), 0, 1) === LaneResult.Refused) refused++;
  }
  expect(refused).toBe(999 - MAX_PIECES);
});

/** Begins a message of `length` bytes on each lane, in pieces of 1000 bytes, and gives what came of the last one. */
function beginOnEachLane(host: EndPoint, length: number): LaneResult {
  let result = LaneResult.Taken;
  const bytes = new Uint8Array(length);
  bytes.set([((length << 2) | 2) & 255, (length >> 6) & 255, length >> 14, 0]);
  for (let number = 0; number < LANES; number++) {
    const receiver = new LaneReceiver(number, 0, 60_000, host);
    for (let at = 0; at < length && result === LaneResult.Taken; at += 1000) {
      result = receiver.receive(at, bytes, at, Math.min(1000, length - at));
    }
  }
  return result;
}

test("before authentication incomplete messages share 16 KiB, and more ends the connection", () => {
  const host = new EndPoint(new Simulation());
  host.reassembly.maxBytes = UNTRUSTED_BYTES;
  expect(beginOnEachLane(host, 2500)).toBe(LaneResult.Taken);
  expect(host.malformedText).toBeNull();
  expect(beginOnEachLane(host, 2500)).toBe(LaneResult.Stopped);
  expect(host.malformedText).toBe("Over 16384 bytes of incomplete messages before authentication");
});

test("after it each lane may have one of up to the limit", () => {
  const host = new EndPoint(new Simulation());
  expect(beginOnEachLane(host, 60_000)).toBe(LaneResult.Taken);
  expect(host.malformedText).toBeNull();
  expect(host.reassembly.usedBytes).toBe(LANES * 60_000);
});

test.each([CONNECTION_BYTES, UNTRUSTED_BYTES])("bytes beyond a full store of %i are not worth a copy", (maxBytes) => {
  const budget = new ReassemblyBudget(new ReassemblyPool(), "", maxBytes, () => {});
  const early = new EarlyBytes(budget);
  const source = new Uint8Array(1);
  let [copies, refused] = [0, 0];
  early.keep(0, 2, source, 0, 1);
  for (let at = 20_000; at < 20_000 + 4 * maxBytes; at++) {
    if (!early.keep(0, at, source, 0, 1)) refused++;
  }
  expect(refused).toBeGreaterThan(maxBytes);
  // A byte that is taken makes room for another one.
  for (let next = 2; next < 3000; next += 2) {
    while (early.takeFirst(next));
    const { bytes } = early;
    early.keep(next, 2, source, 0, 1);
    if (early.bytes !== bytes) copies++;
  }
  expect(copies).toBeLessThan(3);
});

test("before authentication a message has no more than 16 KiB", () => {
  const { receiver } = lane(UNTRUSTED_BYTES);
  // A varint of 20,000.
  expect(receiver.receive(0, Uint8Array.of(0x82, 0x38, 0x01, 0x00), 0, 4)).toBe(LaneResult.Malformed);
});

test.each([1, 2, 3, 4, 5])("pieces in any order and with any overlap make the message (seed %i)", (seed) => {
  const random = seededRandom(seed);
  const { budget, messages, receiver } = lane();
  const content = new Uint8Array(1002).map((_, at) => at & 0xff);
  content[0] = 0xa1;
  content[1] = 0x0f; // a varint of 1000
  for (let count = 0; count < 200; count++) {
    const start = Math.floor(random() * 1000);
    const length = Math.min(1 + Math.floor(random() * 40), 1002 - start);
    expect(receiver.receive(start, content, start, length)).toBe(LaneResult.Taken);
  }
  receiver.receive(0, content, 0, 1002);
  expect(messages).toEqual([content.slice(2)]);
  expect(budget.usedBytes).toBe(0);
});

test.each([0, 2 ** 31 - 3000, 2 ** 32 - 3000])(
  "overlapping pieces in any order are read once, and what they take is given back, from offset %i",
  (first) => {
    const random = seededRandom(5);
    const below = (limit: number) => Math.floor(random() * limit);
    const budget = new ReassemblyBudget(new ReassemblyPool(), "", 100_000, () => {});
    const early = new EarlyBytes(budget);
    const source = Uint8Array.from({ length: 20_000 }, () => below(256));
    let next = 0;
    for (let round = 0; next < 19_000 && round < 100_000; round++) {
      const at = Math.min(next + below(2000), 19_500);
      const length = 1 + below(400);
      if (at > next) {
        if (!early.keep(first + next, at - next, source, at, length)) throw new Error("Full");
      } else next = Math.max(next, at + length);
      while (early.takeFirst(first + next)) {
        const taken = early.bytes.slice(early.takenAt, early.takenAt + early.takenLength);
        expect(taken).toEqual(source.slice(next, next + early.takenLength));
        next += early.takenLength;
      }
      early.trim();
      expect(budget.usedBytes).toBeLessThan(10_000);
      if (early.count === 0) expect(budget.usedBytes).toBe(0);
      if (round % 20 === 19) next++;
    }
    expect(next).toBeGreaterThan(19_000);
  },
);

test("when a Peer's budget is used up, the largest holder of the source that holds most ends", () => {
  const ended: string[] = [];
  const metrics = new PeerMetrics();
  const pool = new ReassemblyPool(1000, metrics);
  const holder = (name: string, source: string) =>
    new ReassemblyBudget(pool, source, CONNECTION_BYTES, () => ended.push(name));
  const [alone, small, large] = [holder("alone", "a"), holder("small", "b"), holder("large", "b")];
  alone.take(400);
  small.take(250);
  large.take(300);
  expect(ended).toEqual([]);
  small.take(60);
  expect(ended).toEqual(["small"]);
  expect(metrics.reassemblyEvictions).toBe(1);
  expect(pool.usedBytes).toBe(700);
  small.giveBack(60);
  large.dispose();
  expect(pool.usedBytes).toBe(400);
});

test("a Peer keeps nothing of holders whose connections have ended", async () => {
  const pool = new ReassemblyPool();
  const ended = Array.from({ length: 10 }, () => {
    const holder = new ReassemblyBudget(pool, "", CONNECTION_BYTES, () => {});
    holder.take(100);
    holder.dispose();
    return new WeakRef(holder);
  });
  const kept = () => ended.filter((holder) => holder.deref() !== undefined);
  for (let round = 0; round < 20 && kept().length > 0; round++) {
    await new Promise(setImmediate);
    gc?.();
  }
  expect(kept()).toHaveLength(0);
  expect(pool.usedBytes).toBe(0);
});

test("a stream's chunks of a byte share blocks, and one without bytes is malformed", async () => {
  const owner = { writer: new StreamMessageWriter(), sendControl: () => {}, forgetReceiver: () => {} };
  const receiver = new StreamReceiver(owner, 0);
  const reader = receiver.accept().getReader();
  expect(receiver.receive(new Uint8Array(0), 0, 0)).toBe(false);
  for (let sent = 0; sent < 100_000; sent++) expect(receiver.receive(Uint8Array.of(sent), 0, 1)).toBe(true);
  receiver.end();
  let reads = 0;
  let bytes = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    for (const byte of next.value) if (byte !== (bytes++ & 0xff)) throw new Error(`byte ${bytes}`);
    reads++;
  }
  expect(bytes).toBe(100_000);
  expect(reads).toBeLessThan(10);
});
