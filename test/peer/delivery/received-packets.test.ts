import { describe, expect, test } from "vitest";
import {
  ACK_INTERVAL,
  AckUrgency,
  MAX_ACK_DELAY_MS,
  MAX_UNRELIABLE_ACK_DELAY_MS,
  RECEIVE_WINDOW,
  ReceivedPackets,
  UNRELIABLE_ACK_BYTES,
} from "../../../lib/peer/delivery/received-packets.js";
import { AckFrame, MAX_ACK_BYTES, MAX_FURTHER_RANGES } from "../../../lib/peer/frames/ack-frame.js";
import { nearestNumber } from "../../../lib/peer/frames/packet-number.js";
import { PacketReader } from "../../../lib/peer/frames/packet-reader.js";
import { seededRandom } from "../../../lib/testing/index.js";

const random = seededRandom(9);
const below = (limit: number) => Math.floor(random() * limit);

describe("numbers", () => {
  test("are restored from 32 bits when the reference is less than 2^31 away", () => {
    for (let step = 0; step < 20_000; step++) {
      const number = below(2 ** (10 + (step % 43)));
      const distance = below(2 ** 31 - 1) * (step % 2 === 0 ? 1 : -1);
      expect(nearestNumber(number % 2 ** 32, number + distance)).toBe(number);
    }
    expect(nearestNumber(2 ** 32 - 1, 5)).toBe(-1);
    expect(nearestNumber(0, 2 ** 32 - 1)).toBe(2 ** 32);
  });
});

describe("the receive window", () => {
  test.each([0, 2 ** 32 - 3000])("knows exactly which of the last 4096 numbers from %i on have come", (origin) => {
    const received = new ReceivedPackets(origin);
    const seen = new Set<number>();
    let newest = origin;
    for (let step = 0; step < 40_000; step++) {
      const number = Math.max(newest + below(30) - (random() < 0.1 ? below(6000) : 20), origin);
      const expected = !seen.has(number) && number > received.largest - RECEIVE_WINDOW;
      expect(received.isNew(number)).toBe(expected);
      if (!expected) continue;
      received.record(number);
      seen.add(number);
      newest = Math.max(newest, number);
    }
    received.record(newest + 100_000);
    expect(received.isNew(newest)).toBe(false);
    expect(received.isNew(newest + 100_000 - RECEIVE_WINDOW + 1)).toBe(true);
    expect(received.isNew(newest + 100_000)).toBe(false);
  });
});

describe("acknowledgements", () => {
  const arrive = (received: ReceivedPackets, number: number, nowMs: number) =>
    received.acknowledge(number, received.record(number) ? AckUrgency.Normal : AckUrgency.AtOnce, nowMs);

  test("are delayed by 25 ms at most, and not at all after a gap", () => {
    const received = new ReceivedPackets(0);
    arrive(received, 0, 10);
    expect(received.ackDueMs).toBe(10 + MAX_ACK_DELAY_MS);
    arrive(received, 1, 12);
    expect(received.ackDueMs).toBe(12);
    received.writeAck(new Uint8Array(400), 0, 400, 12);
    expect(received.ackDueMs).toBe(Number.POSITIVE_INFINITY);
    arrive(received, 3, 14);
    expect(received.ackDueMs).toBe(14);
  });

  test("are not delayed when the gap showed in a packet that asked for no acknowledgement", () => {
    const received = new ReceivedPackets(0);
    expect(received.record(1)).toBe(false);
    received.acknowledge(1, AckUrgency.None, 10);
    expect(received.ackDueMs).toBe(Number.POSITIVE_INFINITY);
    arrive(received, 2, 12);
    expect(received.ackDueMs).toBe(12);
    received.writeAck(new Uint8Array(400), 0, 400, 12);
    arrive(received, 3, 14);
    expect(received.ackDueMs).toBe(14 + MAX_ACK_DELAY_MS);
  });

  describe("of unreliable messages", () => {
    /** After the first 100 packets. */
    function settled() {
      const received = new ReceivedPackets(0);
      let next = 0;
      const arriveLow = (bytes: number, nowMs: number) => {
        received.record(next);
        received.acknowledge(next++, AckUrgency.Low, nowMs, bytes);
      };
      for (let count = 0; count < 100; count++) arriveLow(100, 0);
      received.writeAck(new Uint8Array(400), 0, 400, 0);
      return { received, arriveLow };
    }

    test("are delayed longer while these are few bytes, however many packets they are", () => {
      const { received, arriveLow } = settled();
      const count = Math.ceil(UNRELIABLE_ACK_BYTES / 100);
      for (let packet = 1; packet < count; packet++) {
        arriveLow(100, 10 + packet);
        expect(received.ackDueMs).toBe(11 + MAX_UNRELIABLE_ACK_DELAY_MS);
      }
      expect(count).toBeGreaterThan(2 * ACK_INTERVAL);
      arriveLow(100, 40);
      expect(received.ackDueMs).toBe(40);
      received.writeAck(new Uint8Array(400), 0, 400, 40);
      arriveLow(100, 50);
      expect(received.ackDueMs).toBe(50 + MAX_UNRELIABLE_ACK_DELAY_MS);
    });

    test("are delayed by 25 ms where a few packets have many bytes, and not from the tenth on", () => {
      const { received, arriveLow } = settled();
      arriveLow(1100, 10);
      expect(received.ackDueMs).toBe(10 + MAX_UNRELIABLE_ACK_DELAY_MS);
      arriveLow(1100, 12);
      arriveLow(1100, 14);
      expect(received.ackDueMs).toBe(14 + MAX_ACK_DELAY_MS);
      for (let packet = 4; packet < ACK_INTERVAL; packet++) arriveLow(1100, 15);
      expect(received.ackDueMs).toBe(14 + MAX_ACK_DELAY_MS);
      arriveLow(1100, 16);
      expect(received.ackDueMs).toBe(16);
    });

    test("are as soon as others when a reliable one follows, and come often at the beginning", () => {
      const { received, arriveLow } = settled();
      for (let packet = 0; packet < 12; packet++) arriveLow(20, 10);
      received.record(112);
      received.acknowledge(112, AckUrgency.Normal, 11, 20);
      expect(received.ackDueMs).toBe(11);
      const fresh = new ReceivedPackets(0);
      for (const number of [0, 1]) {
        fresh.record(number);
        fresh.acknowledge(number, AckUrgency.Low, 10, 20);
      }
      expect(fresh.ackDueMs).toBe(10);
    });
  });

  test("name ten packets each after the beginning", () => {
    const received = new ReceivedPackets(0);
    const due: number[] = [];
    for (let number = 0; number < 300; number++) {
      arrive(received, number, number);
      if (received.ackDueMs > number) continue;
      due.push(number);
      received.writeAck(new Uint8Array(400), 0, 400, number);
    }
    expect(due.slice(0, 3)).toEqual([1, 3, 5]);
    expect((due.at(-1) as number) - (due.at(-2) as number)).toBe(ACK_INTERVAL);
  });

  test("are read as they were written, whatever is missing, and fit", () => {
    const buffer = new Uint8Array(1200);
    const frame = new AckFrame();
    const reader = new PacketReader();
    for (let round = 0; round < 300; round++) {
      const origin = round % 2 === 0 ? 0 : 2 ** 32 - 500;
      const received = new ReceivedPackets(origin);
      const numbers = new Set<number>();
      for (let number = origin; number < origin + 1000; number++) {
        if (random() < (round % 10) / 10) continue;
        arrive(received, number, 0);
        numbers.add(number);
      }
      if (numbers.size === 0) continue;
      const room = round % 3 === 0 ? MAX_ACK_BYTES : 60;
      const end = received.writeAck(buffer, 0, room, 2.5);
      expect(end).toBeLessThanOrEqual(room);
      reader.start(buffer, 1, end);
      expect(frame.read(reader, origin, origin + 1000)).toBe(true);
      expect(reader.remaining).toBe(0);
      expect([frame.largest, frame.delayMs]).toEqual([Math.max(...numbers), 2.5]);
      const oldest = frame.first[frame.rangeCount - 1] as number;
      const named: number[] = [];
      for (let range = frame.rangeCount - 1; range >= 0; range--) {
        for (let number = frame.first[range] as number; number <= (frame.last[range] as number); number++)
          named.push(number);
      }
      expect(named).toEqual([...numbers].filter((number) => number >= oldest));
      for (let number = oldest - 2; number <= frame.largest + 2; number++) {
        expect(frame.has(number)).toBe(number >= oldest && numbers.has(number));
      }
      if (room === MAX_ACK_BYTES)
        expect(frame.rangeCount === MAX_FURTHER_RANGES + 1 || oldest === Math.min(...numbers)).toBe(true);
    }
  });

  test("are not repeated once the other side has read them", () => {
    const received = new ReceivedPackets(0);
    for (const number of [0, 2, 4, 6]) arrive(received, number, 0);
    received.forget(4);
    const buffer = new Uint8Array(100);
    expect([...buffer.subarray(0, received.writeAck(buffer, 0, 100, 0))]).toEqual([3, 6, 0, 0, 0, 0, 0, 0]);
    received.forget(6);
    expect(received.largestAcknowledged).toBe(-1);
  });

  test("are not due any more once the other side has read them: an Ack names one packet at least", () => {
    const received = new ReceivedPackets(0);
    for (const number of [0, 2]) arrive(received, number, 0);
    received.writeAck(new Uint8Array(100), 0, 100, 0);
    // A late packet, which is to be acknowledged at once; and then the news that 2 is known to be here.
    arrive(received, 1, 0);
    received.forget(2);
    expect(received.ackDueMs).toBe(Number.POSITIVE_INFINITY);
  });
});
