import { describe, expect, test } from "vitest";
import { alone, echoLoad, oneWay, swarm } from "../../bench/harness/stack.mjs";

const tiny = { warmup: 0.05, seconds: 0.1, limit: 30 };
const transports = {
  "Peer, batched UDP": { transport: "peer", socket: "udp", implementation: "batched" },
  "Peer, UDP over node:dgram": { transport: "peer", socket: "udp", implementation: "dgram" },
  "Peer, UDP with Noise": { transport: "peer", socket: "udp", noise: true },
  "Peer, GNS": { transport: "peer", socket: "gns" },
  "node:dgram": { transport: "dgram" },
  ws: { transport: "ws" },
};

/** Every measurement of the suites `peer` and `peers`, small. The rivals that they install are left out. */
describe.each(Object.entries(transports))("%s", (_, options) => {
  test.each([{ window: 1 }, { window: 64, reliable: true }, { hz: 100 }])("measures an echo: %o", async (flow) => {
    const { rate, cpu, p50, p99 } = await echoLoad({ ...options, ...tiny, ...flow });
    expect(rate).toBeGreaterThan(0);
    expect(cpu).toBeGreaterThan(0);
    expect(p50).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
  });

  test("measures a flood", async () => {
    const { packetBytes, ...figures } = await oneWay({ ...options, ...tiny, reliable: true, "in-flight": 1000 });
    expect(packetBytes === undefined).toBe(options.transport !== "peer");
    for (const figure of Object.values(figures)) expect(figure).toBeGreaterThan(0);
  });

  test("measures a swarm, and gets nearly all of it back", async () => {
    const { cpu, sent, lost } = await swarm({ ...options, ...tiny, connections: 20 });
    expect(cpu).toBeGreaterThan(0);
    expect(sent).toBeGreaterThan(0);
    expect(lost).toBeLessThan(sent);
  });
});

test("measures bytes on the wire: batched, a message has little more than its own", async () => {
  const single = await alone("wire", { count: 100, perFlush: 1, size: 20 });
  const batched = await alone("wire", { count: 100, perFlush: 50, size: 20 });
  expect(single.packets).toBe(1);
  expect(batched.packets).toBe(0.02);
  expect(single.bytes).toBeGreaterThan(batched.bytes);
  expect(batched.bytes).toBeLessThan(24);
});

test.each(["memory", "batched", "dgram", "cipher"])("measures bytes of the heap: %s", async (socket) => {
  const { bytes } = await alone("allocation", { socket, count: 500 }, ["--expose-gc", "--min-semi-space-size=64"]);
  expect(bytes).toBeGreaterThan(0);
});
