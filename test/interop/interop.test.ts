import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireGnsPeer } from "../../bench/harness/gns-peer.mjs";
import { type Peer as Process, withPeers } from "../../bench/harness/peer.mjs";
import { drawSizes, MAX_SIZE_BYTES } from "./sizes.js";

const MESSAGES = 10_000;
const MAX_TOTAL_BYTES = 100_000_000;
const SEED = 20_251;
const network = { loss: 10, rate: 32 * 1024 * 1024, buffer: 4 * 1024 * 1024, limit: 240 };

const addon = [process.execPath, fileURLToPath(new URL("../../bench/peer/main.mjs", import.meta.url))];
const gnsPeer = [requireGnsPeer()];
/** The folder of an addon with GNS as it was published: `npm run test:stress` builds it. */
const unmodified = process.env.VALVE_SOCKETS_UNMODIFIED;
/** That GNS, with its own system calls. */
const published = ["env", `VALVE_SOCKETS_PREBUILD=${unmodified}`, "VALVE_SOCKETS_WITHOUT=gso,gro,batch", ...addon];

const sizes = drawSizes(MESSAGES, 0.22, SEED);
const expectedBytes = sizes.reduce((sum, size) => sum + size, 0);
let folder = "";
let sizesFile = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
  sizesFile = join(folder, "sizes");
  writeFileSync(sizesFile, Uint32Array.from(sizes));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Moves all messages between two programs; `listener` says which of them waits to be connected to. */
function transfer(sender: string[], receiver: string[], listener: "sender" | "receiver") {
  return withPeers(async (start: (program: string[], role: string, options: object) => Process) => {
    const startSender = (how: object) => start(sender, "send", { ...network, ...how, sizes: sizesFile, seed: SEED });
    const startReceiver = (how: object) => start(receiver, "receive", { ...network, ...how, count: MESSAGES });
    const [startFirst, startSecond] =
      listener === "sender" ? [startSender, startReceiver] : [startReceiver, startSender];
    const first = startFirst({});
    const { port } = await first.next("listening");
    const second = startSecond({ connect: port });
    const [one, two] = await Promise.all([first.next("result"), second.next("result")]);
    const exitCodes = await Promise.all([first.exited, second.exited]);
    const [sent, received] = listener === "sender" ? [one, two] : [two, one];
    return { sent, received, exitCodes };
  });
}

async function expectAll(...[sender, receiver, listener]: Parameters<typeof transfer>): Promise<void> {
  const { sent, received, exitCodes } = await transfer(sender, receiver, listener);
  expect(sent).toMatchObject({ count: MESSAGES, bytes: expectedBytes });
  expect(sent.refused).toBeGreaterThan(0); // the send buffer was full at times, and nothing came of it
  expect(received).toMatchObject({ count: MESSAGES, bytes: expectedBytes, hash: sent.hash });
  expect(exitCodes).toEqual([0, 0]);
}

describe("the size table", () => {
  test("covers the whole range within the total", () => {
    expect(sizes).toHaveLength(MESSAGES);
    expect(Math.min(...sizes)).toBe(0);
    expect(Math.max(...sizes)).toBe(MAX_SIZE_BYTES);
    expect(expectedBytes).toBeLessThanOrEqual(MAX_TOTAL_BYTES);
    expect(expectedBytes).toBeGreaterThan(MAX_TOTAL_BYTES * 0.8);
    for (let from = 1; from < MAX_SIZE_BYTES; from *= 2) {
      expect(sizes.filter((size) => size >= from && size <= from * 2).length).toBeGreaterThan(MESSAGES / 200);
    }
  });
});

describe("reliable messages between the addon and a C++ program, 10 % of the packets lost", () => {
  const hangLimitMs = 300_000;

  test.each([
    ["the addon connects and sends", addon, gnsPeer, "receiver"],
    ["the addon listens and receives", gnsPeer, addon, "receiver"],
    ["the addon listens and sends", addon, gnsPeer, "sender"],
    ["the addon connects and receives", gnsPeer, addon, "sender"],
  ] as const)("%s", { timeout: hangLimitMs }, (_, sender, receiver, listener) =>
    expectAll([...sender], [...receiver], listener),
  );

  test.runIf(unmodified).each([
    ["the published GNS listens and receives", addon, published, "receiver"],
    ["the published GNS connects and sends", published, addon, "receiver"],
  ] as const)("%s", { timeout: hangLimitMs }, (_, sender, receiver, listener) =>
    expectAll([...sender], [...receiver], listener),
  );
});
