import { describe, expect, test } from "vitest";
import { PathValidation } from "../../../lib/peer/raw-udp/path-validation.js";
import { HostHandle } from "../../support/roaming-network.js";

const inUse = new HostHandle("10.0.0.1:1");
const first = new HostHandle("10.0.0.1:2");
const second = new HostHandle("10.0.0.2:1");
const TIMEOUT_MS = 100;
const NO_ANSWER = Number.NaN;

function create(): PathValidation {
  let count = 0;
  const host = { handle: inUse, onPacketFromElsewhere: () => {}, transmitTo: () => {}, moveTo: () => {} };
  return new PathValidation(host, (size) => new Uint8Array(size).fill(++count));
}

/** That of the challenge with this index, of the candidate with this number. */
const token = (value: number, index = 0) => new Uint8Array(8).fill(value).fill(value + index, 7);

/** A packet comes from an address, newer than all before. @returns the challenge that answers it */
function hear(paths: PathValidation, from: HostHandle, nowMs: number, timeoutMs = TIMEOUT_MS): Uint8Array | null {
  paths.onPacket(from, 5, 4, nowMs, timeoutMs);
  return paths.takeChallenge(from, nowMs, timeoutMs);
}

describe("an address that newer packets come from", () => {
  test("is moved to when it gives the token back, which tells how long that took", () => {
    const paths = create();
    expect(hear(paths, first, 10)).toEqual(token(1));
    expect(hear(paths, first, 30)).toBe(null);
    expect(paths.takeAnswered(first, token(1), 50)).toBe(40);
    // Once.
    expect(paths.takeAnswered(first, token(1), 60)).toBe(NO_ANSWER);
  });

  test("is not moved to by another token, or by an answer from elsewhere", () => {
    const paths = create();
    hear(paths, first, 0);
    expect(paths.takeAnswered(second, token(1), 40)).toBe(NO_ANSWER);
    expect(paths.takeAnswered(first, token(2), 40)).toBe(NO_ANSWER);
    // It has not been sent yet.
    expect(paths.takeAnswered(first, token(1, 1), 40)).toBe(NO_ANSWER);
    expect(paths.takeAnswered(first, token(1).subarray(1), 40)).toBe(NO_ANSWER);
    expect(paths.takeAnswered(first, token(1), 40)).toBe(40);
  });

  test("is not asked about an old packet", () => {
    const paths = create();
    paths.onPacket(first, 5, 6, 0, TIMEOUT_MS);
    expect(paths.takeChallenge(first, 0, TIMEOUT_MS)).toBe(null);
  });

  test("is asked once in a timeout, each time with another token, and only when a packet comes from there", () => {
    const paths = create();
    const asked = [0, 50, 99, 100, 150, 200].map((nowMs) => hear(paths, first, nowMs));
    expect(asked).toEqual([token(1), null, null, token(1, 1), null, token(1, 2)]);
    expect(paths.takeChallenge(second, 400, TIMEOUT_MS)).toBe(null);
  });

  test.each([
    [0, 230],
    [1, 130],
    [2, 30],
  ])("whose challenge %i is answered at last has a round trip of %i ms", (index, roundTripMs) => {
    const paths = create();
    for (const nowMs of [0, 100, 200]) hear(paths, first, nowMs);
    expect(paths.takeAnswered(first, token(1, index), 230)).toBe(roundTripMs);
  });

  test("is asked every 20 ms at most: there are 256 tokens", () => {
    const paths = create();
    const tokens = new Set<string>();
    for (let nowMs = 0; nowMs < 3000; nowMs++) {
      const asked = hear(paths, first, nowMs, 1);
      if (asked) tokens.add(asked.join());
    }
    expect(tokens.size).toBe(150);
  });

  test("is not forgotten when the address in use has sent something newer: an attacker may have overtaken it", () => {
    const paths = create();
    hear(paths, first, 0);
    // 6 came from the address in use.
    paths.onPacket(first, 7, 6, 20, TIMEOUT_MS);
    expect(paths.takeAnswered(first, token(1), 40)).toBe(40);
  });

  test("is not forgotten for older packets of the address in use, nor for its own that overtake the answer", () => {
    const paths = create();
    hear(paths, first, 0);
    paths.onPacket(first, 7, 5, 10, TIMEOUT_MS);
    paths.onPacket(first, 6, 7, 20, TIMEOUT_MS);
    expect(paths.takeAnswered(first, token(1), 40)).toBe(40);
  });

  test("is asked only when another one has had a quarter of a second to answer", () => {
    const paths = create();
    hear(paths, first, 0);
    expect(hear(paths, second, 249)).toBe(null);
    // Its packet does not end the wait for the first.
    expect(hear(paths, second, 250)).toEqual(token(2));
    expect(paths.takeAnswered(first, token(1), 260)).toBe(NO_ANSWER);
  });

  test("has the time of a round trip to answer where that is longer", () => {
    const paths = create();
    hear(paths, first, 0, 900);
    expect(hear(paths, second, 899, 900)).toBe(null);
    expect(paths.takeAnswered(first, token(1), 899)).toBe(899);
  });

  test("has three seconds to answer, and then another token", () => {
    const paths = create();
    hear(paths, first, 0);
    hear(paths, first, 2999);
    hear(paths, first, 3000);
    expect(paths.takeAnswered(first, token(1), 3010)).toBe(NO_ANSWER);
    expect(paths.takeAnswered(first, token(2), 3010)).toBe(10);
  });
});

describe("the address that has been left", () => {
  function moved(): PathValidation {
    const paths = create();
    hear(paths, first, 0);
    paths.takeAnswered(first, token(1), 40);
    return paths;
  }

  test("is asked at once, and again after a packet from there that has no need to be the newest", () => {
    const paths = moved();
    const ask = (nowMs: number) => paths.takeChallenge(inUse, nowMs, TIMEOUT_MS);
    expect([ask(40), ask(60)]).toEqual([token(2), null]);
    paths.onPacket(inUse, 3, 9, 200, TIMEOUT_MS);
    expect(ask(200)).toEqual(token(2, 1));
  });

  test("is moved back to when it answers, and the other one is not asked for that", () => {
    const paths = moved();
    paths.takeChallenge(inUse, 40, TIMEOUT_MS);
    expect(paths.takeAnswered(inUse, token(1), 80)).toBe(NO_ANSWER);
    expect(paths.takeAnswered(inUse, token(2), 80)).toBe(40);
    expect(paths.takeChallenge(inUse, 80, TIMEOUT_MS)).toBe(null);
    expect(paths.takeChallenge(first, 80, TIMEOUT_MS)).toBe(null);
  });

  test("has three seconds to answer", () => {
    const paths = moved();
    paths.takeChallenge(inUse, 40, TIMEOUT_MS);
    paths.onPacket(inUse, 3, 9, 3040, TIMEOUT_MS);
    expect(paths.takeAnswered(inUse, token(2), 3040)).toBe(NO_ANSWER);
  });

  test("does not keep others from being asked", () => {
    expect(hear(moved(), second, 250)).toEqual(token(3));
  });
});
