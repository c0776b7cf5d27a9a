import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defineMessage, defineProtocol, NetworkClient, NetworkServer, PlayerState } from "../../lib/message/index.js";
import { ConnectionTotals } from "../../lib/message/network-metrics.js";
import { Channel } from "../../lib/peer/index.js";
import { ConnectionMetrics } from "../../lib/peer/metrics.js";
import { u8 } from "../../lib/serialization/index.js";
import { GnsSocketFactory } from "../../lib/socket/gns.js";
import {
  LagSocketFactory,
  MemoryNetwork,
  MemorySocketFactory,
  MultiplexSocketFactory,
} from "../../lib/socket/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "metrics", version: 1, messages: [Note] });

interface Line {
  source: string;
  name: string;
  data: Record<string, unknown>;
}

async function joined(options = {}) {
  const lines = { server: [] as Line[], client: [] as Line[] };
  const sinkOf = (side: "server" | "client") => (line: string) => void lines[side].push(JSON.parse(line));
  const server = { sessions: { resumeWindowMs: 20_000 }, trace: sinkOf("server"), ...options };
  const world = new MessageWorld({ protocol: newProtocol(), server, client: { trace: sinkOf("client") } });
  await world.server.start();
  const socketFactory = new CuttableFactory(world.network, { kind: "datagram" });
  return { world, lines, socketFactory, ...(await world.join({ socketFactory })) };
}

test("server and client give what the layers below them count", async () => {
  const { world, client, player, socketFactory } = await joined();
  world.server.messageHandler.register(Note, () => {
    throw new Error("mine");
  });
  for (let value = 0; value < 5; value++) client.send(Note, value);
  await world.run(100);
  const { server } = world;
  expect(server.metrics).toMatchObject({
    players: 1,
    authenticatedPlayers: 1,
    unauthenticated: { count: 0, evicted: 0 },
    failures: 5,
    suspended: { count: 0, evicted: 0 },
    peer: { connectionsOpened: 1 },
    socket: { droppedPackets: 0, pendingConnections: null, transport: {} },
  });
  expect(client.metrics.socket).toEqual(server.metrics.socket);
  const received = () => server.metrics.connections.messagesReceived[Channel.Reliable] as number;
  const before = received();
  expect(before).toBeGreaterThan(5);
  expect(server.metrics.ticks.count).toBeGreaterThan(0);
  socketFactory.isCut = true;
  await world.until(() => player.state === PlayerState.Suspended && !client.isConnected, 50);
  expect(server.metrics).toMatchObject({ authenticatedPlayers: 0, suspended: { count: 1, sources: 1 } });
  socketFactory.isCut = false;
  await world.until(() => client.isAuthenticated, 50);
  // What has ended still counts.
  expect(received()).toBeGreaterThan(before);
  expect(client.metrics).toMatchObject({ suspensions: 1, resumptions: 1, failures: 0 });
  expect(client.metrics.connections.messagesSent[Channel.Reliable]).toBeGreaterThan(6);
});

test("ticks are measured", async () => {
  const { world } = await joined({ tickRate: 50 });
  world.server.on("ticked", () => world.clock.suspend(3));
  const { count, totalMs } = world.server.metrics.ticks;
  await world.run(1000);
  const { ticks } = world.server.metrics;
  expect(ticks.count).toBeGreaterThan(count + 20);
  expect([ticks.lastMs, ticks.longestMs]).toEqual([3, 3]);
  expect(ticks.totalMs - totalMs).toBe(3 * (ticks.count - count));
});

describe("a trace", () => {
  test("has the life of connections and their counters, line by line", async () => {
    const { world, lines, client } = await joined();
    await world.run(1500);
    void client.disconnect({ code: 7, text: "bye" });
    await world.run(3000, 50);
    expect(lines.server[0]).toMatchObject({ title: "valve-sockets", vantage_point: { type: "server" } });
    const names = (side: Line[]) => side.slice(1).map(({ name }) => name.split(":")[1]);
    const states = ["connection_state_updated", "connection_state_updated"];
    expect(names(lines.server).filter((name) => name !== "metrics_updated")).toEqual([
      "connection_started",
      ...states,
      "connection_closed",
    ]);
    expect(names(lines.server)).toContain("metrics_updated");
    expect(names(lines.client).slice(0, 2)).toEqual(["connection_attempted", "connection_started"]);
    expect(lines.server.at(-1)?.data).toMatchObject({ id: 1, code: 7, reason: "bye" });
    expect(lines.client.at(-1)?.data).toMatchObject({ id: 1, code: 7 });
  });

  test("has connects that failed", async () => {
    const { world, lines } = await joined();
    void world.server.stop();
    await world.run(3000, 50);
    const { connecting } = world.dial({ peer: { handshakeTimeoutMs: 500 } });
    await world.run(3000, 50);
    await expect(connecting).rejects.toThrow();
    expect(lines.client.at(-1)).toMatchObject({ name: "connectivity:connection_failed" });
  });

  test("that cannot be written harms nobody, and is not tried again", async () => {
    let writes = 0;
    const trace = () => {
      writes++;
      throw new Error("no space left on device");
    };
    const { world, player } = await joined({ trace });
    expect(player.isAuthenticated).toBe(true);
    expect(writes).toBe(1);
    expect(world.warnings).toEqual(["valve-sockets: the trace cannot be written, and ends"]);
  });

  test("says in each line whose it is, and no two have the same source", async () => {
    const { lines } = await joined();
    const more = await joined();
    const sides = [lines.server, lines.client, more.lines.server, more.lines.client];
    const sources = sides.map((side) => new Set(side.map(({ source }) => source)));
    expect(sources.map(({ size }) => size)).toEqual([1, 1, 1, 1]);
    const names = sources.map(([source]) => source as string);
    expect(new Set(names).size).toBe(4);
    expect(names.map((name) => name.replace(/-\d+$/, ""))).toEqual(["server", "client", "server", "client"]);
  });

  test("whose file cannot be written is warned of, once", async () => {
    process.env.VALVE_SOCKETS_TRACE = join(tmpdir(), "no-such-folder", "trace.jsonl");
    const warnings: unknown[][] = [];
    const logger = { warn: (...words: unknown[]) => void warnings.push(words) };
    try {
      const server = new NetworkServer({ protocol: newProtocol(), listen: false, logger });
      await server.start();
      await server.stop();
    } finally {
      delete process.env.VALVE_SOCKETS_TRACE;
    }
    const text = "valve-sockets: the trace cannot be written, and ends";
    expect(warnings).toEqual([[text, expect.objectContaining({ code: "ENOENT" })]]);
  });

  test("goes to the file that VALVE_SOCKETS_TRACE names", async () => {
    const folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
    process.env.VALVE_SOCKETS_TRACE = join(folder, "trace.jsonl");
    try {
      const server = new NetworkServer({ protocol: newProtocol(), listen: false });
      await server.start();
      await server.stop();
      const [first] = readFileSync(process.env.VALVE_SOCKETS_TRACE, "utf8").split("\n");
      expect(JSON.parse(first as string)).toMatchObject({ title: "valve-sockets" });
    } finally {
      delete process.env.VALVE_SOCKETS_TRACE;
      rmSync(folder, { recursive: true });
    }
  });
});

test("the figures of all sockets below are in the metrics, under a bad line too", async () => {
  const network = new MemoryNetwork();
  const figured = (droppedPackets: number, transportFigures: Record<string, number>, count: number) => {
    const factory = new MemorySocketFactory(network, { port: 0 });
    const createServerSocket = () => {
      const pendingConnections = { count, sources: count, largestShare: count, evicted: 1, refused: 0 };
      const figures = { droppedPackets: { value: droppedPackets }, pendingConnections: { value: pendingConnections } };
      const socket = MemorySocketFactory.prototype.createServerSocket.call(factory);
      return Object.defineProperties(socket, { ...figures, transportFigures: { value: transportFigures } });
    };
    return new LagSocketFactory(Object.assign(factory, { createServerSocket }), {});
  };
  const socketFactory = new MultiplexSocketFactory(figured(3, { mine: 1 }, 2), figured(4, { yours: 5 }, 7));
  const server = new NetworkServer({ protocol: newProtocol(), socketFactory });
  expect(server.metrics.socket).toBe(null);
  await server.start();
  expect(server.metrics.socket).toEqual({
    droppedPackets: 7,
    pendingConnections: { count: 9, sources: 9, largestShare: 7, evicted: 2, refused: 0 },
    transport: { mine: 1, yours: 5 },
  });
  await server.stop();
});

test("GNS's places are in the metrics", async () => {
  const socketFactory = new GnsSocketFactory({ bindHost: "127.0.0.1", port: 0 });
  const server = new NetworkServer({ protocol: newProtocol(), socketFactory });
  await server.start();
  const clientFactory = new GnsSocketFactory({ host: "127.0.0.1", port: server.boundPort as number });
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory: clientFactory });
  await client.connect();
  const pendingConnections = { count: 0, sources: 0, largestShare: 0, evicted: 0, refused: 0 };
  const transport = { places: 2, unconfirmedCloses: 0, droppedEvents: 0 };
  expect(server.metrics.socket).toEqual({ droppedPackets: 0, pendingConnections, transport });
  expect(client.metrics.socket?.transport).toEqual(transport);
  await client.disconnect();
  await server.stop();
});

test("what an ended connection counted stays in the sum, and what it held does not", () => {
  const totals = new ConnectionTotals();
  const ended = Object.assign(new ConnectionMetrics(), { reassemblyBytes: 300, piecesRefused: 5 });
  totals.add(ended);
  const present = Object.assign(new ConnectionMetrics(), { reassemblyBytes: 40, piecesRefused: 1 });
  expect(totals.with([present])).toMatchObject({ reassemblyBytes: 40, piecesRefused: 6 });
});

test("without a tick rate, a tick takes as long as the handlers of its turn", async () => {
  const { world, client } = await joined();
  world.server.messageHandler.register(Note, () => world.clock.suspend(3));
  await world.run(100);
  const { count, totalMs } = world.server.metrics.ticks;
  for (let value = 0; value < 4; value++) client.send(Note, value);
  await world.run(100);
  const { ticks } = world.server.metrics;
  expect(ticks.totalMs - totalMs).toBe(12);
  expect(ticks.longestMs).toBe(12);
  expect(ticks.count).toBeGreaterThan(count);
});

test("driven by hand, a tick is what both updates do, and not what the game does between them", async () => {
  const world = new MessageWorld({ protocol: newProtocol(), server: { drive: "manual" } });
  const { server, clock } = world;
  await server.start();
  server.on("ticked", () => clock.suspend(2));
  server.updateReceive();
  clock.suspend(5);
  server.updateSent();
  expect(server.metrics.ticks).toEqual({ count: 1, lastMs: 2, longestMs: 2, totalMs: 2 });
});

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  test("both sides know the round trip within a second, and what it has become within a few more", async () => {
    const world = new MessageWorld({ protocol: newProtocol(), kind });
    const lag = { latencyMs: 20 };
    const lags: LagSocketFactory[] = [];
    const lagged = () => {
      lags.push(new LagSocketFactory(world.factory, { ...lag, clock: world.clock, random: () => 0.5 }));
      return lags.at(-1) as LagSocketFactory;
    };
    const server = new NetworkServer({ protocol: world.server.protocol, clock: world.clock, socketFactory: lagged() });
    await server.start();
    const { client } = world.dial({ socketFactory: lagged() });
    await world.until(() => client.isAuthenticated);
    await world.run(800);
    const both = () => [client.player, server.players[0]].map((player) => player?.connection?.metrics.roundTripTimeMs);
    for (const milliseconds of both()) expect(milliseconds).toBeCloseTo(40, -1);
    expect(server.metrics.connections.roundTripTimeMs).toBe(both()[1]);
    expect(client.metrics.connections.roundTripTimeMs).toBe(both()[0]);
    for (const each of lags) each.conditions = { latencyMs: 100 };
    server.messageHandler.register(Note, () => {});
    // One side talks all the time, and the other has nothing to say.
    for (let count = 0; count < 500; count++) {
      client.send(Note, 1);
      await world.run(50);
    }
    for (const milliseconds of both()) expect(milliseconds).toBeGreaterThan(150);
    await Promise.all([client.disconnect(), world.run(500), server.stop()]);
    expect(server.metrics.connections.roundTripTimeMs).toBe(0);
  });
});
