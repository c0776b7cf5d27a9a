import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ConfigScope,
  ConfigValue,
  Library,
  MessageBatch,
  OutgoingBatch,
  ReceiveSource,
  Result,
  SendFlags,
  type SocketPair,
} from "../../../lib/index.js";
import { drivers, Peer } from "../../support/peer.js";
import { listenForBugs, setConditions, turn } from "../../support/traffic.js";

describe.each(drivers)("driver %s", (driver) => {
  let bugs: string[];
  beforeEach(() => {
    expect(Library.initialize({ driver })).toBe(true);
    bugs = listenForBugs();
  });
  afterEach(async () => {
    await turn();
    expect(bugs).toEqual([]);
    Library.deinitialize();
  });

  /** A pair through the network whose first end sends at this rate, with these lanes. */
  function pairWithLanes(rateBytesPerSecond: number, priorities: number[], weights: number[]) {
    const peer = new Peer();
    const { sockets } = peer;
    const { connectionOne: from, connectionTwo: to } = sockets.createSocketPair(true) as SocketPair;
    for (const [value, data] of [
      [ConfigValue.SendRateMin, rateBytesPerSecond],
      [ConfigValue.SendRateMax, rateBytesPerSecond],
      [ConfigValue.SendBufferSize, 2 ** 20],
    ] as const) {
      expect(sockets.setConfigValue(value, data, ConfigScope.Connection, from)).toBe(true);
    }
    expect(sockets.configureConnectionLanes(from, priorities, weights)).toBe(Result.OK);
    return { peer, sockets, from, to };
  }

  test("lanes drain by priority, and share by weight", async () => {
    const rate = 128 * 1024;
    const count = 128;
    const { peer, sockets, from, to } = pairWithLanes(rate, [2, 0, 1, 1], [1, 1, 25, 75]);
    const outgoing = new OutgoingBatch();
    // Those that are to go first are given first, since GNS sends a little of what it has at once.
    for (const lane of [1, 3, 2, 0]) {
      for (let index = 0; index < count; index++) {
        outgoing.add(from, new Uint8Array(1024).fill(lane), SendFlags.Reliable, lane);
      }
    }
    sockets.sendBatch(outgoing);
    expect(outgoing.results.subarray(0, 4 * count).every((result) => result > 0)).toBe(true);
    const lanes = sockets.getLaneStatus(from, 4);
    const queueTimes = lanes?.map(({ queueTime }) => queueTime) ?? [];
    const [zero = 0, one = 0, two = 0, three = 0] = queueTimes;
    // In the order in which they will be empty; the estimates are GNS's, and nothing is measured.
    expect([one, three, two, zero]).toEqual([...queueTimes].sort((a, b) => a - b));
    expect(one).toBeGreaterThan(500_000);
    expect(zero).toBeGreaterThan(3_000_000);

    const order: number[] = [];
    const numbers = [0, 0, 0, 0];
    const batch = new MessageBatch();
    await peer.until(() => {
      while (sockets.receiveBatch(ReceiveSource.Connection, to, batch) > 0) {
        while (batch.next()) {
          const { lane } = batch;
          expect(batch.data[0]).toBe(lane);
          expect(batch.messageNumber).toBe(++(numbers[lane] as number));
          expect(batch.isReliable).toBe(true);
          order.push(lane);
        }
      }
      return order.length === 4 * count;
    });
    expect(numbers).toEqual([count, count, count, count]);
    const last = (lane: number) => order.lastIndexOf(lane);
    expect([1, 3, 2, 0].map(last)).toEqual([1, 3, 2, 0].map(last).sort((a, b) => a - b));
    // A packet may hold the end of one lane and the start of the next.
    const countBefore = (end: number, ...later: number[]) =>
      order.slice(0, end).filter((lane) => later.includes(lane)).length;
    expect(countBefore(last(1), 2, 3, 0)).toBeLessThanOrEqual(2);
    expect(countBefore(last(2), 0)).toBeLessThanOrEqual(2);
    // While three quarters were lane 3, one quarter was lane 2.
    const share = countBefore(last(3), 2) / (count + countBefore(last(3), 2));
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
  });

  test("what is urgent passes what is bulk, and every reliable message keeps its number", async () => {
    const { peer, sockets, from, to } = pairWithLanes(256 * 1024, [1, 0, 1], [75, 1, 25]);
    setConditions(sockets, {
      rateBytesPerSecond: 256 * 1024,
      lossPercent: 2,
      lagMs: 50,
      reorderPercent: 0.5,
      reorderMs: 25,
    });
    const total = 400;
    const urgentTotal = 10;
    const bulk = [0, 2];
    const sent: number[][] = [[], [], []];
    const received: number[][] = [[], [], []];
    const order: number[] = [];
    const outgoing = new OutgoingBatch();
    const send = (lane: number, sizeBytes: number) => {
      outgoing.add(from, new Uint8Array(sizeBytes).fill(lane), SendFlags.Reliable, lane);
      sockets.sendBatch(outgoing);
      const number = outgoing.results[0] as number;
      expect(number).toBeGreaterThan(0);
      sent[lane]?.push(number);
    };
    const batch = new MessageBatch();
    const urgent = () => received[1]?.length ?? 0;
    // All bulk waits from the start, and an urgent message follows each one that came.
    for (let index = 0; index < total; index++) for (const lane of bulk) send(lane, 1000);
    send(1, 100);
    await peer.until(() => {
      while (sockets.receiveBatch(ReceiveSource.Connection, to, batch) > 0) {
        while (batch.next()) {
          const { lane } = batch;
          expect(batch.length).toBe(lane === 1 ? 100 : 1000);
          expect(batch.data[0]).toBe(lane);
          received[lane]?.push(batch.messageNumber);
          order.push(lane);
          if (lane === 1 && urgent() < urgentTotal) send(1, 100);
        }
      }
      return order.length === 2 * total + (sent[1]?.length ?? 0);
    });
    for (const lane of [0, 1, 2]) {
      expect(sent[lane]).toEqual(Array.from({ length: lane === 1 ? urgentTotal : total }, (_, index) => index + 1));
      expect(received[lane], `lane ${lane}`).toEqual(sent[lane]);
    }
    // Each urgent message went ahead of all the bulk that waited.
    expect(order.lastIndexOf(1)).toBeLessThan(order.length - 100);
  });
});
