import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { requireGnsPeer } from "../../bench/harness/gns-peer.mjs";
import { type Peer, withPeers } from "../../bench/harness/peer.mjs";

type Start = (program: string[], role: string, options: object) => Peer;

const peerScript = (name: string) => [
  process.execPath,
  fileURLToPath(new URL(`../../bench/peer/${name}`, import.meta.url)),
];
const addon = peerScript("main.mjs");
const dgram = peerScript("dgram.mjs");
const gnsPeer = [requireGnsPeer()];
const programs = { addon, "gns-peer": gnsPeer, "node:dgram": dgram };

/** Every measurement of the native suite, small: it works on either side, and with the sides mixed. */
describe.each([
  ["addon", "addon"],
  ["addon", "gns-peer"],
  ["gns-peer", "addon"],
  ["gns-peer", "gns-peer"],
] as const)("server %s, client %s", (serverName, clientName) => {
  const [server, client] = [programs[serverName], programs[clientName]];

  test("measures round trips", async () => {
    await withPeers(async (start: Start) => {
      const echo = start(server, "echo", {});
      const { port } = await echo.next("listening");
      const result = await start(client, "ping", { port, count: 50, warmup: 10 }).next("result");
      expect(result).toMatchObject({ count: 50, p50: expect.any(Number), cpuSeconds: expect.any(Number) });
      // The messages are unreliable, and a lost one is sent again as another.
      const echoed = await echo.next("result");
      expect(echoed).toMatchObject({ connections: 0, messages: expect.any(Number) });
      expect(echoed.messages).toBeGreaterThanOrEqual(50);
      expect(await echo.exited).toBe(0);
    });
  });

  test.each([{ reliable: false }, { reliable: true }])("measures a flood: %o", async (flow) => {
    await withPeers(async (start: Start) => {
      const sink = start(server, "sink", { warmup: 0, seconds: 0.1 });
      const { port } = await sink.next("listening");
      const flood = start(client, "flood", { ...flow, port, size: 64, batch: 8, warmup: 0, "in-flight": 1000 });
      const [received, sent] = await Promise.all([sink.next("result"), flood.next("result")]);
      expect(received.bytes).toBe(received.count * 64);
      expect(sent.sent).toBeGreaterThan(0);
      expect(await Promise.all([sink.exited, flood.exited])).toEqual([0, 0]);
    });
  });
});

test("measures bare UDP", async () => {
  await withPeers(async (start: Start) => {
    const { port } = await start(dgram, "echo", {}).next("listening");
    expect(await start(dgram, "ping", { port, count: 50, warmup: 0 }).next("result")).toMatchObject({ count: 50 });
  });
});

test.each(["addon", "gns-peer"] as const)("has a swarm call on the %s", async (name) => {
  await withPeers(async (start: Start) => {
    const times = { connections: 20, warmup: 0, seconds: 0.1 };
    const server = start(programs[name], "echo", times);
    const { port } = await server.next("listening");
    const swarm = start(gnsPeer, "swarm", { ...times, port, hz: 100, seconds: 0.5 });
    expect(await server.next("result")).toMatchObject({ connections: 20 });
    const { sent, received } = await swarm.next("result");
    expect(sent).toBeGreaterThan(0);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThanOrEqual(sent);
    expect(await server.exited).toBe(0);
  });
});
