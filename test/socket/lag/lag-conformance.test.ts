import { describe, test } from "vitest";
import { LagSocketFactory, MemoryNetwork, MemorySocketFactory, type SocketFactory } from "../../../lib/socket/index.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { FakeClock, seededRandom, socketConformance } from "../../../lib/testing/index.js";
import { webTransport } from "../../support/real-peers.js";

const bad = { latencyMs: 5, jitterMs: 3, loss: 0.1, duplicate: 0.05, reorder: 0.1 };

describe.each(["datagram", "reliable-lanes", "stream"] as const)("a bad line over memory sockets, %s", (kind) => {
  const clock = new FakeClock();
  const createFactory = () => {
    const random = seededRandom(7);
    const inner = new MemorySocketFactory(new MemoryNetwork({ clock, random }), { kind, port: 0 });
    return new LagSocketFactory(inner, { ...bad, bandwidthBytesPerSecond: 10_000_000, clock, random });
  };
  for (const { name, run } of socketConformance({ createFactory, clock })) test(name, run);
});

describe.each<[string, () => SocketFactory]>([
  ["UDP", () => new UdpSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 })],
  ["WebSocket", () => new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 })],
  ["WebTransport", webTransport],
])("a bad line over %s", (_, createInner) => {
  const createFactory = () => new LagSocketFactory(createInner(), { ...bad, random: seededRandom(7) });
  for (const { name, run } of socketConformance({ createFactory })) test(name, run);
});
