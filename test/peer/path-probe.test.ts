import { describe, expect, test } from "vitest";
import { LARGE_TOKEN, PathProbe } from "../../lib/peer/over-reliable/path-probe.js";
import { seededRandom } from "../../lib/testing/index.js";

const TIMEOUT_MS = 10_000;
const FULL_BYTES = 1132;

/** When the connection ends while `bufferedBytes` are in flight, or `Infinity`. */
function endMs(
  bufferedBytes: number,
  forMs: number,
  isAnswered: (isFull: boolean, nowMs: number) => boolean,
  timeoutMs = TIMEOUT_MS,
): number {
  const probe = new PathProbe(timeoutMs, FULL_BYTES);
  probe.start(0);
  while (probe.dueMs <= forMs) {
    const nowMs = probe.dueMs;
    const token = probe.next(bufferedBytes, nowMs);
    if (token !== 0 && isAnswered(token === LARGE_TOKEN, nowMs)) probe.onPong(token);
    if (probe.isDead) return nowMs;
  }
  return Number.POSITIVE_INFINITY;
}

describe("large packets over GNS", () => {
  test("a path that swallows them ends the connection within 80 % of the time-out", () => {
    expect(endMs(5000, 60_000, (isFull) => !isFull)).toBeLessThanOrEqual(0.8 * TIMEOUT_MS);
    expect(endMs(5000, 60_000, (isFull) => !isFull, 60_000)).toBeLessThanOrEqual(8000);
  });

  test("a path that swallows them later does so too", () => {
    const end = endMs(5000, 60_000, (isFull, nowMs) => !isFull || nowMs < 20_000);
    expect(end).toBeGreaterThan(24_000);
    expect(end).toBeLessThanOrEqual(28_500);
  });

  test("a receiver that stands still for a minute does not", () => {
    expect(endMs(5000, 120_000, (_isFull, nowMs) => nowMs < 30_000 || nowMs > 90_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test("losses by chance do not", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      expect(endMs(5000, 600_000, (isFull) => random() > (isFull ? 0.4 : 0.1))).toBe(Number.POSITIVE_INFINITY);
    }
  });

  /** When the connection ends while unreliable packets of `sizeBytes` leave all the time, or `Infinity`. */
  function endOfUnreliableMs(sizeBytes: number, mostBytes: (nowMs: number) => number): number {
    const probe = new PathProbe(TIMEOUT_MS, FULL_BYTES);
    for (let nowMs = 0; nowMs <= 60_000; nowMs++) {
      probe.onUnreliableSent(sizeBytes, nowMs);
      if (nowMs < probe.dueMs) continue;
      const token = probe.next(0, nowMs);
      if (token !== LARGE_TOKEN || probe.sizeBytes <= mostBytes(nowMs)) probe.onPong(token);
      if (probe.isDead) return nowMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  test("a path that swallows large unreliable packets, where nothing reliable is sent, ends the connection", () => {
    expect(endOfUnreliableMs(FULL_BYTES, () => 1100)).toBeLessThanOrEqual(0.8 * TIMEOUT_MS);
    const end = endOfUnreliableMs(FULL_BYTES, (nowMs) => (nowMs < 20_000 ? FULL_BYTES : 1100));
    expect(end).toBeGreaterThan(24_000);
    expect(end).toBeLessThanOrEqual(28_500);
  });

  test("a path that carries the unreliable packets does not, though larger ones would not arrive", () => {
    expect(endOfUnreliableMs(600, () => 601)).toBe(Number.POSITIVE_INFINITY);
    expect(endOfUnreliableMs(511, () => 0)).toBe(Number.POSITIVE_INFINITY);
  });

  test("a single large unreliable packet is asked about until a Ping of its size is answered", () => {
    const probe = new PathProbe(TIMEOUT_MS, FULL_BYTES);
    probe.onUnreliableSent(900, 0);
    probe.onUnreliableSent(600, 0);
    for (let asked = 0; asked < 5; asked++) expect(probe.next(0, probe.dueMs)).not.toBe(0);
    expect(probe.sizeBytes).toBe(900);
    for (let token = 1; token < 100; token++) probe.onPong(token); // the answers to other Pings
    expect(probe.isDead).toBe(false);
    probe.onPong(LARGE_TOKEN);
    expect(probe.next(0, probe.dueMs)).toBe(0);
    expect(probe.dueMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("with little in flight nothing is asked, and what was missing before is forgotten", () => {
    expect(endMs(511, 60_000, () => true)).toBe(Number.POSITIVE_INFINITY);
    const probe = new PathProbe(TIMEOUT_MS, FULL_BYTES);
    const small = () => {
      for (;;) {
        const token = probe.next(5000, probe.dueMs);
        if (token !== LARGE_TOKEN) return probe.onPong(token);
      }
    };
    for (let rest = 0; rest < 3; rest++) {
      probe.start(0);
      for (let count = 0; count < 20; count++) small();
      expect(probe.next(0, probe.dueMs)).toBe(0);
      expect([probe.dueMs, probe.isDead]).toEqual([Number.POSITIVE_INFINITY, false]);
    }
  });
});
