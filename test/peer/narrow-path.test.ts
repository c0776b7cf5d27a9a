import { describe, expect, test } from "vitest";
import { whyNoNamespaces } from "../support/network-world.js";
import { startProgram } from "../support/program.js";

/**
 * What both sides, server and client, received of 60 messages of each kind, with what code the connection ended, and
 * how large their packets became.
 */
interface Outcome {
  error: string | null;
  received: [number, number];
  /** Messages of 1100 bytes. */
  unreliable: [number, number];
  reasons: [number | null, number | null];
  sizes: [number | null, number | null];
}

async function travel(transport: string, direction: string, mostBytes: number, begin: string): Promise<Outcome> {
  const { code, lines, errors } = await startProgram("narrow-path", [
    transport,
    direction,
    String(mostBytes),
    begin,
  ]).end();
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  return JSON.parse(lines[0] as string);
}

describe.skipIf(whyNoNamespaces !== null)(`paths that drop large packets ${whyNoNamespaces ?? ""}`, () => {
  test.each([
    ["up", 1231, "start", [1452, 1200]],
    ["up", 1199, "start", [1452, 1128]],
    ["down", 1231, "start", [1128, 1452]],
    ["down", 1128, "start", [1128, 1452]],
    ["up", 1231, "later", [1452, 1128]],
    ["down", 1128, "later", [1128, 1452]],
  ] as const)("UDP, %s, at most %i bytes, %s: everything arrives", async (direction, mostBytes, begin, sizes) => {
    const { unreliable, ...outcome } = await travel("udp", direction, mostBytes, begin);
    expect(outcome).toEqual({ error: null, received: [60, 60], reasons: [null, null], sizes });
    for (const count of unreliable) expect(count).toBeGreaterThan(begin === "start" ? 58 : 40);
  });

  test.each([
    ["down", "start", [60, 0]],
    ["up", "later", [20, 60]],
  ] as const)("UDP, %s, at most 1127 bytes, %s: the connection ends", async (direction, begin, least) => {
    const { error, received, reasons } = await travel("udp", direction, 1127, begin);
    expect([error, reasons]).toEqual([null, [1006, 1006]]);
    expect(Math.min(...received)).toBeLessThan(60);
    for (const [index, count] of received.entries()) expect(count).toBeGreaterThanOrEqual(least[index] as number);
  });

  test.each([
    ["up", 1199, [1232, 1128]],
    ["down", 1128, [1128, 1232]],
  ] as const)(
    "UDP, %s, at most %i bytes, later, unreliable messages only: they arrive again",
    async (direction, mostBytes, sizes) => {
      const { unreliable, ...outcome } = await travel("udp", direction, mostBytes, "unreliable");
      expect(outcome).toEqual({ error: null, received: [0, 0], reasons: [null, null], sizes });
      expect(Math.min(...unreliable)).toBeGreaterThanOrEqual(200);
    },
  );

  test("UDP, at most 1127 bytes to the server, start: no connection", async () => {
    expect((await travel("udp", "up", 1127, "start")).error).toBe("ERR_PATH_TOO_SMALL");
  });

  test.each([
    ["up", "start"],
    ["down", "later"],
  ])("GNS, %s, at most 1232 bytes, %s: everything arrives", async (direction, begin) => {
    const { received, unreliable, reasons } = await travel("gns", direction, 1232, begin);
    expect({ received, unreliable, reasons }).toEqual({
      received: [60, 60],
      unreliable: [60, 60],
      reasons: [null, null],
    });
  });

  test.each([
    ["up", [0, 1]],
    ["down", [1, 0]],
  ])("GNS, %s, at most 1100 bytes, one message: the connection ends", async (direction, received) => {
    const outcome = await travel("gns", direction, 1100, "single");
    expect(outcome).toMatchObject({ error: null, received, reasons: [1006, 1006] });
  });

  test.each(["up", "down"])(
    "GNS, %s, at most 1100 bytes, later, unreliable messages only: it ends",
    async (direction) => {
      const outcome = await travel("gns", direction, 1100, "unreliable");
      expect(outcome).toMatchObject({ error: null, received: [0, 0], reasons: [1006, 1006] });
    },
  );

  test("GNS, up, at most 1100 bytes, many messages: the connection ends", async () => {
    const { error, received, reasons } = await travel("gns", "up", 1100, "start");
    expect([error, received]).toEqual([null, [0, 60]]);
    // Nothing at all may arrive: GNS puts small messages into the packets that it sends again.
    expect(reasons).toEqual(expect.toSatisfy((codes: number[]) => codes.every((code) => [1000, 1006].includes(code))));
  });
});
