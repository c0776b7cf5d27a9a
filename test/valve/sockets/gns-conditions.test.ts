import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectionState, Library } from "../../../lib/index.js";
import { connectPeers, drivers } from "../../support/peer.js";
import {
  type Conditions,
  listenForBugs,
  optionsFor,
  type Sizes,
  setConditions,
  TrafficSide,
  turn,
} from "../../support/traffic.js";

const conditions = (
  rateBytesPerSecond: number,
  lossPercent: number,
  lagMs: number,
  reorderPercent: number,
  reorderMs: number,
): Conditions => ({ rateBytesPerSecond, lossPercent, lagMs, reorderPercent, reorderMs });

/** The rows of GNS's own connection test. */
const clean = conditions(1_000_000, 0, 0, 0, 0);
const cursory = conditions(128_000, 10, 50, 2, 50);
const normal = { loss: conditions(1_000_000, 5, 10, 1, 10), reorder: conditions(2_000_000, 0, 50, 30, 40) };

const floodSizes: Sizes = { maxReliableBytes: 10_000, maxUnreliableBytes: 2000 };
const gameSizes: Sizes = { maxReliableBytes: 4000, maxUnreliableBytes: 2000 };
const TICK_MS = 30;

describe.each(drivers)("driver %s", (driver) => {
  let bugs: string[];
  beforeEach(() => {
    expect(Library.initialize({ driver })).toBe(true);
    bugs = listenForBugs();
  });
  afterEach(() => Library.deinitialize());

  async function makeSides(ip: string, row: Conditions, sizes: Sizes, toward?: string) {
    const link = await connectPeers(ip, optionsFor(row), toward);
    const sides = [
      new TrafficSide(link.client, link.toServer, sizes, 1000, 2_000_000),
      new TrafficSide(link.server, link.toClient, sizes, 2_000_000, 1000),
    ] as const;
    setConditions(link.client.sockets, row);
    return { link, sides };
  }

  /** Queues drain, everything reliable came in its order, some of the rest came, and nobody noticed an end. */
  async function checkSides({ link, sides }: Awaited<ReturnType<typeof makeSides>>): Promise<void> {
    const [one, two] = sides;
    await Promise.all([one.drain(two), two.drain(one)]);
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      expect(to.faults).toEqual([]);
      expect(from.sentReliable).toBeGreaterThan(10);
      expect(to.receivedReliable).toBe(from.sentReliable);
      expect(to.receivedUnreliable.size).toBeGreaterThan(0);
      expect(to.receivedUnreliable.size).toBeLessThanOrEqual(from.sentUnreliable);
    }
    for (const peer of [link.server, link.client]) {
      const states = peer.events.map(({ connectionInfo }) => connectionInfo.state);
      expect(states.filter((state) => state > ConnectionState.Connected)).toEqual([]);
    }
    await turn();
    expect(bugs).toEqual([]);
  }

  /** Sends what takes about `seconds` each way. */
  async function flood(ip: string, row: Conditions, seconds: number, toward?: string): Promise<void> {
    const test = await makeSides(ip, row, floodSizes, toward);
    await Promise.all(test.sides.map((side) => side.flood(row.rateBytesPerSecond * seconds)));
    await checkSides(test);
    const [one, two] = test.sides;
    const lost = one.sentUnreliable + two.sentUnreliable - one.receivedUnreliable.size - two.receivedUnreliable.size;
    if (row === normal.loss) expect(lost).toBeGreaterThan(0);
  }

  /** Sends half of what the rate allows, tick by tick. */
  async function playGame(row: Conditions, ticks: number): Promise<void> {
    const test = await makeSides("127.0.0.1", row, gameSizes);
    const bytesPerTick = (row.rateBytesPerSecond * TICK_MS) / 1000;
    await new Promise<void>((resolve) => {
      let tick = 0;
      const timer = setInterval(() => {
        for (const side of test.sides) side.send(bytesPerTick / 2);
        if (++tick < ticks) return;
        clearInterval(timer);
        resolve();
      }, TICK_MS);
    });
    await checkSides(test);
  }

  test("127.0.0.1, IPv4 only", () => flood("0.0.0.0", clean, 0.5, "127.0.0.1"));
  test("[::1], IPv6 only", () => flood("::1", clean, 0.5));
  test("[::1] to both, cursory, flooding", () => flood("::", cursory, 2, "::1"));
  test("cursory, like a game", () => playGame(cursory, 60));
  // The normal rows need no second driver: what they add is load.
  test.runIf(driver === "hybrid")("127.0.0.1 to both, normal loss, flooding", () =>
    flood("::", normal.loss, 3, "127.0.0.1"),
  );
  test.runIf(driver === "hybrid")("normal reordering, like a game", () => playGame(normal.reorder, 60));
  test.runIf(driver === "thread")("127.0.0.1 to both, normal reordering, flooding", () =>
    flood("::", normal.reorder, 2, "127.0.0.1"),
  );
  test.runIf(driver === "thread")("normal loss, like a game", () => playGame(normal.loss, 60));
});
