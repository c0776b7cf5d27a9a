import { describe, expect, test } from "vitest";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import type { ByteSegment, PeerConfig } from "../../lib/peer/index.js";
import { MIN_PACKET_SIZE } from "../../lib/peer/packet-format.js";
import { type IncomingConnection, LagSocketFactory } from "../../lib/socket/index.js";
import { PeerWorld, type WorldOptions } from "../support/peer-world.js";

const unreadable = {
  get code(): number {
    throw new SyntaxError("broken");
  },
};

const kinds = ["datagram", "reliable-lanes", "stream"] as const;

describe.each(kinds)("beforeAccept over %s", (kind) => {
  async function connectWith(answer: (incoming: IncomingConnection) => unknown, server: Partial<PeerConfig> = {}) {
    const world = new PeerWorld({ kind, server });
    world.serverHandler.beforeAccept = answer as () => true;
    await world.listen();
    const outcome = world.dial().connection.then(
      ({ state }) => state,
      ({ code }) => code,
    );
    await world.run(300, 10);
    return { world, outcome };
  }

  test.each([
    ["true", true, 3],
    ["a promise of true", Promise.resolve(true), 3],
    ["a reason", { code: 7, text: "Not today" }, "ERR_REFUSED"],
    ["a promise of a reason", Promise.resolve({ code: 7, text: "Not today" }), "ERR_REFUSED"],
  ])("%s is the verdict", async (_name, answer, expected) => {
    expect(await (await connectWith(() => answer)).outcome).toBe(expected);
  });

  test.each([
    ["false", () => false],
    ["nothing", () => undefined],
    ["a text", () => "no"],
    ["a code of the library", () => ({ code: 1010, text: "" })],
    ["a promise of false", async () => false],
    ["an exception", () => JSON.parse("")],
    ["a rejected promise", () => Promise.reject(new SyntaxError("broken"))],
    ["a promise of a reason that throws", async () => unreadable],
  ])("%s lets nobody in, and is reported", async (_name, answer) => {
    const { world, outcome } = await connectWith(answer);
    expect(await outcome).toBe("ERR_REFUSED");
    expect(world.serverHandler.connected).toEqual([]);
    const [error] = world.serverHandler.errors;
    expect(error instanceof SyntaxError || /The answer of beforeAccept must be true/.test(String(error))).toBe(true);
  });
});

test("a socket that never connects ends with the handshake's time, and Peer.close with it", async () => {
  const world = new PeerWorld();
  const socket = world.factory.createClientSocket();
  let given: AbortSignal | undefined;
  socket.connect = (_endPoint, signal) => {
    given = signal;
    return new Promise(() => {});
  };
  const peer = world.newPeer(socket, world.serverHandler, { handshakeTimeoutMs: 3000 });
  const outcome = peer.connect(world.factory.getConnectEndPoint("localhost", 7777)).catch((error) => error);
  await world.run(2900, 50);
  expect(world.clock.timerCount).toBe(1);
  await world.run(200, 50);
  expect(await outcome).toMatchObject({
    code: "ERR_CONNECT_FAILED",
    message: expect.stringMatching(/^The server .*:7777 \(Memory\) has not answered within 3000 ms: .*firewall/),
  });
  expect(given?.aborted).toBe(true);
  expect(world.clock.timerCount).toBe(0);
});

test("Peer.close ends a connect that hangs, and waits closeTimeoutMs for a socket that never closes", async () => {
  const world = new PeerWorld();
  const socket = world.factory.createClientSocket();
  socket.connect = () => new Promise(() => {});
  socket.close = () => new Promise(() => {});
  const peer = world.newPeer(socket, world.serverHandler, { closeTimeoutMs: 500 });
  const outcome = peer.connect(world.factory.getConnectEndPoint()).catch(({ code }) => code);
  let isClosed = false;
  void peer.close().then(() => {
    isClosed = true;
  });
  expect(await outcome).toBe("ERR_CLOSED");
  await world.run(490, 10);
  expect(isClosed).toBe(false);
  await world.run(20, 10);
  expect(isClosed).toBe(true);
  expect(world.clock.timerCount).toBe(0);
});

test.each(kinds)("Peer.close over %s ends within closeTimeoutMs when nobody answers any more", async (kind) => {
  const world = new PeerWorld({ kind, server: { closeTimeoutMs: 1000 } });
  await world.listen();
  const { connection } = world.dial();
  await world.run(100);
  await connection;
  world.isCut = true;
  let isClosed = false;
  world.serverHandler.connected[0]?.send(Uint8Array.of(1));
  void world.server.close({ code: 5, text: "over" }).then(() => {
    isClosed = true;
  });
  await world.run(1050, 10);
  expect(isClosed).toBe(true);
  expect(world.serverHandler.disconnected).toEqual([{ code: 5, text: "over" }]);
});

test.each([
  ["datagram", "ERR_CONNECT_FAILED"],
  ["stream", "ERR_HANDSHAKE_TIMEOUT"],
] as const)("a server that takes packets over %s and says nothing is %s", async (kind, code) => {
  const world = new PeerWorld({ kind });
  world.serverSocket.events = { ...(world.serverSocket.events as object), onReadable() {} } as never;
  await world.listen();
  const outcome = world.dial().connection.catch((error) => error.code);
  await world.run(5100, 50);
  expect(await outcome).toBe(code);
});

/** A network on which a packet takes 50 ms to the server and back. */
const slow: WorldOptions["wrap"] = (factory, clock) => new LagSocketFactory(factory, { clock, latencyMs: 25 });

test.each(kinds)("300 honest clients of one address get in at once over %s", async (kind) => {
  const world = new PeerWorld({ kind, wrap: slow });
  await world.listen();
  const clients = Array.from({ length: 300 }, () => world.dial());
  await world.run(1000, 10);
  expect(clients.filter(({ handler }) => handler.connected.length === 1).length).toBe(300);
  expect(world.server.pendingConnections).toMatchObject({ count: 0, evicted: 0, refused: 0 });
});

test.each(kinds)("those who never finish their handshake keep nobody out over %s", async (kind) => {
  const world = new PeerWorld({ kind, wrap: slow, server: { maxPendingConnections: 64, maxConnections: 20 } });
  await world.listen();
  for (let count = 0; count < 100; count++) {
    const socket = world.factory.createClientSocket();
    const send = socket.send.bind(socket);
    // Nothing follows the request.
    socket.send = (handle, packet, ...rest) => packet[0] !== 1 || send(handle, packet, ...rest);
    void world
      .newPeer(socket, world.serverHandler)
      .connect(world.factory.getConnectEndPoint())
      .catch(() => {});
  }
  await world.run(200, 10);
  expect(world.server.pendingConnections.count).toBe(64);
  const clients = Array.from({ length: 20 }, () => world.dial());
  await world.run(1000, 10);
  expect(clients.filter(({ handler }) => handler.connected.length === 1).length).toBe(20);
  expect(world.server.connections.length).toBe(20);
});

test("with debug, a message that is read after its onMessage throws", async () => {
  const world = new PeerWorld({ server: { debug: true } });
  const segments: ByteSegment[] = [];
  world.serverHandler.onMessage = (_connection, message) => {
    expect(message.view()).toEqual(Uint8Array.of(7));
    segments.push(message);
  };
  await world.listen();
  const { connection } = world.dial();
  await world.run(50);
  (await connection).send(Uint8Array.of(7));
  await world.run(50);
  expect(() => segments[0]?.view()).toThrow(/copy\(\) them in onMessage/);
  expect(() => segments[0]?.copy()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});

test("options are checked when they are given", () => {
  const world = new PeerWorld();
  const create = (config: object) => world.newPeer(world.factory.createClientSocket(), world.serverHandler, config);
  expect(() => create({ timeoutMS: 5 })).toThrow(/no option timeoutMS; did you mean timeoutMs/);
  expect(() => create({ maxStreams: 1.5 })).toThrow(/maxStreams/);
  expect(() => create({ keepAliveMs: "5" })).toThrow(TypeError);
  expect(() => create({ encryption: { primitive: {} } })).toThrow(/primitives/);
  expect(() => create({ timeoutMs: undefined, handshakeTimeoutMs: Number.POSITIVE_INFINITY })).not.toThrow();
});

test("beforeAccept is asked once about a client over datagrams that repeats its request", async () => {
  const world = new PeerWorld({ wrap: slow, server: { maxPendingConnections: 4 } });
  const asked = new Map<string, number>();
  world.serverHandler.beforeAccept = ({ address }) => {
    asked.set(address, (asked.get(address) ?? 0) + 1);
    return { code: 7, text: "no" };
  };
  await world.listen();
  // Rejects are lost: each client repeats its request until its time is up.
  world.tap = (packet) => {
    world.isCut = packet[0] === 4;
  };
  const clients = Array.from({ length: 3 }, () => world.dial({ handshakeTimeoutMs: 2000 }));
  await world.run(2500, 10);
  expect([...asked.values()]).toEqual([1, 1, 1]);
  expect(world.server.metrics.rejectsSent).toBeGreaterThan(12);
  for (const { connection } of clients)
    await expect(connection).rejects.toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT" });
});

test("whoever is not authenticated draws no path probes by acknowledging small packets only", async () => {
  const world = new PeerWorld();
  let large = 0;
  const send = world.serverSocket.send.bind(world.serverSocket);
  world.serverSocket.send = (handle, packet, length, delivery, lane) => {
    if (length < MIN_PACKET_SIZE) return send(handle, packet, length, delivery, lane);
    large++;
    return true;
  };
  world.serverHandler.onConnected = (connection) => {
    (connection as LibraryConnection).isTrusted = false;
    world.serverHandler.connected.push(connection);
  };
  await world.listen();
  const { connection } = world.dial();
  const beat = async () => {
    for (let beats = 0; beats < 40; beats++) {
      for (const one of [await connection, ...world.serverHandler.connected]) one.send(new Uint8Array(50));
      await world.run(50, 5);
    }
  };
  await world.run(100, 5);
  await beat();
  expect(large).toBe(0);
  const [there] = world.serverHandler.connected as LibraryConnection[];
  (there as LibraryConnection).isTrusted = true;
  await beat();
  expect(large).toBeGreaterThan(3);
});
