import { describe, expect, test } from "vitest";
import { PathValidation } from "../../../lib/peer/raw-udp/path-validation.js";
import { HostHandle } from "../../support/roaming-network.js";

const inUse = new HostHandle("10.0.0.1:1");
const first = new HostHandle("10.0.0.1:2");
const second = new HostHandle("10.0.0.2:1");
const TIMEOUT_MS = 100;

function create(): PathValidation {
  let count = 0;
  const host = { handle: inUse, onPacketFromElsewhere: () => {}, transmitTo: () => {}, moveTo: () => {} };
  return new PathValidation(host, (size) => new Uint8Array(size).fill(++count));
}

const token = (value: number) => new Uint8Array(8).fill(value);

describe("an address that newer packets come from", () => {
  test("is moved to when it gives the token back", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 10, TIMEOUT_MS);
    expect(paths.takeChallenge(first, 10, TIMEOUT_MS)).toEqual(token(1));
    paths.onPacket(first, 6, 5, 30, TIMEOUT_MS);
    expect(paths.takeAnswered(first, token(1))).toMatchObject({ handle: first, sinceMs: 10 });
    // Once.
    expect(paths.takeAnswered(first, token(1))).toBe(null);
  });

  test("is not moved to by another token, or by an answer from elsewhere", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 0, TIMEOUT_MS);
    expect(paths.takeAnswered(second, token(1))).toBe(null);
    expect(paths.takeAnswered(first, token(2))).toBe(null);
    expect(paths.takeAnswered(first, token(1).subarray(1))).toBe(null);
    expect(paths.takeAnswered(first, token(1))).not.toBe(null);
  });

  test("is not asked about an old packet", () => {
    const paths = create();
    paths.onPacket(first, 5, 6, 0, TIMEOUT_MS);
    expect(paths.takeChallenge(first, 0, TIMEOUT_MS)).toBe(null);
  });

  test("is asked once in a timeout, and only when a packet comes from there", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 0, TIMEOUT_MS);
    const asked = [0, 50, 99, 100, 150, 200].map((nowMs) => paths.takeChallenge(first, nowMs, TIMEOUT_MS) !== null);
    expect(asked).toEqual([true, false, false, true, false, true]);
    expect(paths.takeChallenge(second, 400, TIMEOUT_MS)).toBe(null);
  });

  test("is not forgotten when the address in use has sent something newer: an attacker may have overtaken it", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 0, TIMEOUT_MS);
    // 6 came from the address in use.
    paths.onPacket(first, 7, 6, 20, TIMEOUT_MS);
    expect(paths.takeAnswered(first, token(1))).not.toBe(null);
  });

  test("is not forgotten for older packets of the address in use, nor for its own that overtake the answer", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 0, TIMEOUT_MS);
    paths.onPacket(first, 7, 5, 10, TIMEOUT_MS);
    paths.onPacket(first, 6, 7, 20, TIMEOUT_MS);
    expect(paths.takeAnswered(first, token(1))).not.toBe(null);
  });

  test("is asked only when another one has had a quarter of a second to answer", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 0, TIMEOUT_MS);
    paths.onPacket(second, 6, 5, 249, TIMEOUT_MS);
    expect(paths.takeChallenge(second, 249, TIMEOUT_MS)).toBe(null);
    // Its packet does not end the wait for the first.
    paths.onPacket(second, 7, 6, 250, TIMEOUT_MS);
    expect(paths.takeChallenge(second, 250, TIMEOUT_MS)).toEqual(token(2));
    expect(paths.takeAnswered(first, token(1))).toBe(null);
  });

  test("has the time of a round trip to answer where that is longer", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 0, 900);
    paths.onPacket(second, 6, 5, 899, 900);
    expect(paths.takeChallenge(second, 899, 900)).toBe(null);
    expect(paths.takeAnswered(first, token(1))).not.toBe(null);
  });

  test("has three seconds to answer, and then another token", () => {
    const paths = create();
    paths.onPacket(first, 5, 4, 0, TIMEOUT_MS);
    paths.onPacket(first, 6, 5, 2999, TIMEOUT_MS);
    paths.onPacket(first, 7, 6, 3000, TIMEOUT_MS);
    expect(paths.takeAnswered(first, token(1))).toBe(null);
    expect(paths.takeAnswered(first, token(2))).not.toBe(null);
  });
});
