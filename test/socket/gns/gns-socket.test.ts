import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { native } from "../../../lib/addon/native.js";
import { ConfigValue, NetworkError } from "../../../lib/index.js";
import { GnsSocketFactory, type GnsSocketFactoryOptions } from "../../../lib/socket/gns.js";
import { Delivery, DisconnectCode, type IConnectionHandle } from "../../../lib/socket/index.js";
import { FakeClock } from "../../../lib/testing/index.js";
import { SocketUser } from "../../support/socket-user.js";
import { UdpRelay } from "../../support/udp-relay.js";

const users: SocketUser[] = [];

afterEach(async () => {
  await Promise.all(users.splice(0).map(({ socket }) => socket.close()));
});

function factoryOf(options: GnsSocketFactoryOptions = {}): GnsSocketFactory {
  return new GnsSocketFactory({ host: "127.0.0.1", port: 0, closeTimeoutMs: 2000, ...options });
}

async function listen(
  options: GnsSocketFactoryOptions = {},
): Promise<{ server: SocketUser; factory: GnsSocketFactory }> {
  const factory = factoryOf(options);
  const server = new SocketUser(factory.createServerSocket());
  users.push(server);
  await server.socket.bind(factory.getBindEndPoint());
  factory.port = server.socket.boundPort as number;
  return { server, factory };
}

function clientOf(factory: GnsSocketFactory): SocketUser {
  const client = new SocketUser(factory.createClientSocket());
  users.push(client);
  return client;
}

interface Pair {
  server: SocketUser;
  client: SocketUser;
  toServer: IConnectionHandle;
  toClient: IConnectionHandle;
}

async function pair(options: GnsSocketFactoryOptions = {}): Promise<Pair> {
  const { server, factory } = await listen(options);
  const client = clientOf(factory);
  const toServer = await client.connect(factory.getConnectEndPoint());
  const toClient = await server.until(() => server.connected[0]);
  return { server, client, toServer, toClient };
}

const bytes = (length: number, seed = 1) => Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
const number = (value: number, length = 4) => {
  const data = new Uint8Array(length);
  new DataView(data.buffer).setUint32(0, value);
  return data;
};
const numberOf = (data: Uint8Array, offset = 0) => new DataView(data.buffer, data.byteOffset).getUint32(offset);

describe.each(["hybrid", "thread"] as const)("driver %s", (driver) => {
  test("packets go both ways as they were sent", async () => {
    const { server, client, toServer, toClient } = await pair({ driver });
    client.send(toServer, bytes(1000), Delivery.Reliable, 2);
    server.send(toClient, bytes(1132), Delivery.Unreliable);
    const [there] = await server.until(() => server.packets.length === 1 && server.packets);
    const [back] = await client.until(() => client.packets.length === 1 && client.packets);
    expect(there).toEqual({ handle: toClient, data: bytes(1000), delivery: Delivery.Reliable, lane: 2 });
    expect(back).toMatchObject({ handle: toServer, data: bytes(1132), delivery: Delivery.Unreliable });
  });

  test("what came before a disconnect is received before it", async () => {
    const { server, client, toServer, toClient } = await pair({ driver });
    server.isPaused = true;
    for (let index = 0; index < 1000; index++) client.send(toServer, number(index));
    await toServer.disconnect({ code: 7, text: "done" });
    server.isPaused = false;
    server.look();
    const [end] = await server.until(() => server.disconnected.length === 1 && server.disconnected);
    expect(server.packets.map(({ data }) => numberOf(data))).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(end).toEqual({ handle: toClient, reason: { code: 7, text: "done" } });
  });
});

test("a handle says what it can do", async () => {
  const { server, toServer, toClient } = await pair();
  for (const handle of [toServer, toClient]) {
    expect(handle).toMatchObject({ isStateful: true, reliable: true, ordered: false, security: "encrypted" });
    expect(handle).toMatchObject({ addressVerified: true, maxPacketSize: 1132, bufferedBytes: 0, connection: null });
    expect(handle.copy()).toBe(handle);
    expect(handle.equals(handle)).toBe(true);
  }
  expect(toServer.equals(toClient)).toBe(false);
  expect(toServer.address).toBe(`127.0.0.1:${server.socket.boundPort}`);
  expect(toClient.address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(server.incoming).toEqual([{ address: toClient.address, security: "encrypted" }]);
});

test("by a name, and by IPv6", async () => {
  const { server, factory } = await listen();
  for (const host of ["localhost", "::1"]) {
    const client = clientOf(factory);
    const handle = await client.connect(factory.getConnectEndPoint(host));
    client.send(handle, bytes(10));
    const count = server.packets.length + 1;
    await server.until(() => server.packets.length === count);
  }
});

describe("reasons", () => {
  const reasons = [0, 1, 998, 999, DisconnectCode.Timeout, DisconnectCode.ServerKeyMismatch].map((code) => ({
    code,
    text: `reason ${code}`,
  }));

  test.each(reasons)("$code arrives on both sides as it was given", async (reason) => {
    const { server, client, toServer, toClient } = await pair();
    await toServer.disconnect(reason);
    await server.until(() => server.disconnected.length === 1);
    expect(server.disconnected[0]).toEqual({ handle: toClient, reason });
    expect(client.disconnected).toEqual([]);
  });

  test.each(reasons)("$code refuses an incoming connection", async (reason) => {
    const { server, factory } = await listen();
    server.verdict = reason;
    const error = await clientOf(factory)
      .connect(factory.getConnectEndPoint())
      .catch((caught) => caught);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ code: "ERR_CONNECT_FAILED", reason });
    expect(server.connected).toEqual([]);
  });

  test("120 bytes of text arrive", async () => {
    const { server, toServer } = await pair();
    const reason = { code: 5, text: "ä".repeat(60) };
    await toServer.disconnect(reason);
    await server.until(() => server.disconnected[0]);
    expect(server.disconnected[0]?.reason).toEqual(reason);
  });

  test("from the server, once, however often it is said", async () => {
    const { server, client, toServer, toClient } = await pair();
    await Promise.all([toClient.disconnect({ code: 3, text: "a" }), toClient.disconnect({ code: 4, text: "b" })]);
    await client.until(() => client.disconnected[0]);
    expect(client.disconnected).toEqual([{ handle: toServer, reason: { code: 3, text: "a" } }]);
    expect(server.disconnected).toEqual([]);
  });

  test("a peer that falls silent is a timeout", async () => {
    const { server, factory } = await listen({ config: [{ value: ConfigValue.TimeoutConnected, data: 500 }] });
    const relay = new UdpRelay();
    factory.port = await relay.start(factory.port);
    const client = clientOf(factory);
    await client.connect(factory.getConnectEndPoint());
    await server.until(() => server.connected[0]);
    relay.close();
    await client.until(() => client.disconnected[0]);
    await server.until(() => server.disconnected[0]);
    expect(client.disconnected[0]?.reason.code).toBe(DisconnectCode.Timeout);
    expect(server.disconnected[0]?.reason.code).toBe(DisconnectCode.Timeout);
  });

  test("a closed socket is a lost connection", async () => {
    const { server, client } = await pair();
    await server.socket.close();
    await client.until(() => client.disconnected[0]);
    expect(client.disconnected[0]?.reason).toEqual({
      code: DisconnectCode.ConnectionLost,
      text: "The socket was closed",
    });
  });
});

test("a close of which GNS does not tell is taken as done after a time", async () => {
  const clock = new FakeClock();
  const { client, toServer } = await pair({ clock });
  const close = vi.spyOn(native, "closeConnection").mockReturnValue(true);
  let isClosed = false;
  void toServer.disconnect({ code: 7, text: "done" }).then(() => {
    isClosed = true;
  });
  close.mockRestore();
  clock.advance(6999);
  await turn();
  expect(isClosed).toBe(false);
  clock.advance(1);
  await turn();
  expect(isClosed).toBe(true);
  await client.socket.close();
});

describe("connecting fails", () => {
  const quick = { config: [{ value: ConfigValue.TimeoutInitial, data: 300 }] };

  test("when nobody answers", async () => {
    const factory = factoryOf({ ...quick, port: 9 });
    const error = await clientOf(factory)
      .connect(factory.getConnectEndPoint())
      .catch((caught) => caught);
    expect(error).toMatchObject({ code: "ERR_CONNECT_FAILED", endReason: 5003 });
    expect(error.message).toMatch(/^GNS: connecting to .*:9 failed/);
  });

  test("for a link-local address with its zone, which GNS cannot hold; listening too", async () => {
    const factory = factoryOf({ host: "fe80::1%lo", bindHost: "fe80::1%lo", port: 9 });
    const unsupported = { name: "NetworkError", code: "ERR_NOT_SUPPORTED" };
    await expect(clientOf(factory).connect(factory.getConnectEndPoint())).rejects.toMatchObject(unsupported);
    await expect(clientOf(factory).socket.bind(factory.getBindEndPoint())).rejects.toMatchObject(unsupported);
  });

  test.each(["0.0.0.0", "::"])("not for %s, which is this machine", async (host) => {
    const { factory } = await listen({ host });
    await clientOf(factory).connect(factory.getConnectEndPoint());
  });

  test("for a name that leads nowhere", async () => {
    const factory = factoryOf({ host: "nobody.invalid", port: 9 });
    const failure = clientOf(factory).connect(factory.getConnectEndPoint());
    const message = expect.stringMatching(
      /^GNS: connecting to nobody\.invalid:9 failed after \d+ ms: The name has no add/,
    );
    await expect(failure).rejects.toMatchObject({ code: "ERR_NAME_NOT_FOUND", message });
  });

  test.each([
    ["nobody.invalid", "ERR_NAME_NOT_FOUND", /^GNS: listening on nobody\.invalid:0 failed: The name has.*ENOTFOUND/],
    ["192.0.2.1", "ERR_FAILED", /^GNS: listening on 192\.0\.2\.1:0 failed: This machine has no such.*EADDRNOTAVAIL/],
  ])("to listen on %s, in the words of all transports", async (bindHost, code, message) => {
    const factory = factoryOf({ bindHost, port: 0 });
    const bound = clientOf(factory).socket.bind(factory.getBindEndPoint());
    await expect(bound).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("not to listen on a name of this machine", async () => {
    const { factory } = await listen({ bindHost: "localhost" });
    await clientOf(factory).connect(factory.getConnectEndPoint("localhost"));
  });

  test("with the signal's reason when it aborts", async () => {
    const factory = factoryOf({ port: 9 });
    const controller = new AbortController();
    const failure = clientOf(factory).connect(factory.getConnectEndPoint(), controller.signal);
    setImmediate(() => controller.abort(new Error("changed my mind")));
    await expect(failure).rejects.toThrow("changed my mind");
  });

  test("when the socket is closed meanwhile", async () => {
    const factory = factoryOf({ port: 9 });
    const client = clientOf(factory);
    const failure = expect(client.connect(factory.getConnectEndPoint())).rejects.toMatchObject({ code: "ERR_CLOSED" });
    setImmediate(() => client.socket.close());
    await failure;
  });

  test("for an end point of another kind", async () => {
    await expect(clientOf(factoryOf()).connect({})).rejects.toThrow(TypeError);
  });
});

test("a port that is in use is reported", async () => {
  const { factory } = await listen();
  const second = new SocketUser(factory.createServerSocket());
  users.push(second);
  await expect(second.socket.bind(factory.getBindEndPoint())).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
});

describe("limits", () => {
  test("an unreliable packet of the largest size travels in one datagram, and a larger one is refused", async () => {
    const { server, factory } = await listen();
    const relay = new UdpRelay();
    factory.port = await relay.start(factory.port);
    const client = clientOf(factory);
    const handle = await client.connect(factory.getConnectEndPoint());
    const { maxPacketSize } = handle;
    client.send(handle, bytes(maxPacketSize), Delivery.Unreliable);
    await server.until(() => server.packets.length === 1);
    expect(relay.passed.filter(({ length }) => length > maxPacketSize)).toHaveLength(1);
    expect(server.packets[0]).toMatchObject({ data: bytes(maxPacketSize), delivery: Delivery.Unreliable });
    expect(() => client.send(handle, bytes(maxPacketSize + 1), Delivery.Unreliable)).toThrow(RangeError);
    relay.close();
  });

  test.each([
    [undefined, 1232],
    [1300, 1300],
    [600, 600],
  ])("with MTUPacketSize %s a datagram has %i bytes at most", async (data, mostBytes) => {
    const { server, factory } = await listen({ config: data ? [{ value: ConfigValue.MTUPacketSize, data }] : [] });
    const relay = new UdpRelay();
    factory.port = await relay.start(factory.port);
    const client = clientOf(factory);
    const toServer = await client.connect(factory.getConnectEndPoint());
    const toClient = await server.until(() => server.connected[0]);
    for (let count = 0; count < 20; count++) {
      client.send(toServer, bytes(1132), Delivery.Unreliable);
      server.send(toClient, bytes(1132), Delivery.Unreliable);
    }
    client.send(toServer, bytes(50_000));
    server.send(toClient, bytes(50_000));
    await server.until(() => server.packets.length === 21);
    await client.until(() => client.packets.length === 21);
    const largest = Math.max(...relay.passed.map(({ length }) => length));
    expect(largest).toBeGreaterThan(mostBytes - 50);
    expect(largest).toBeLessThanOrEqual(mostBytes);
    await toServer.disconnect({ code: 0, text: "" });
    relay.close();
  });

  test("a reliable packet of the largest size arrives, and a larger one is refused", async () => {
    const { server, client, toServer } = await pair({ sendRate: 104_857_600, sendQueueBytes: 65_536 });
    expect(client.send(toServer, bytes(524_288))).toBe(true);
    await server.until(() => server.packets.length === 1);
    expect(server.packets[0]?.data).toEqual(bytes(524_288));
    expect(() => client.send(toServer, bytes(524_289))).toThrow(RangeError);
  });

  test("what is no packet is refused", async () => {
    const { client, toServer } = await pair();
    const { socket } = client;
    const data = bytes(10);
    expect(() => socket.send(toServer, data, 11, Delivery.Reliable)).toThrow(RangeError);
    expect(() => socket.send(toServer, data, -1, Delivery.Reliable)).toThrow(RangeError);
    expect(() => socket.send(toServer, data, Number.NaN, Delivery.Reliable)).toThrow(RangeError);
    expect(() => socket.send(toServer, data, 10, Delivery.Reliable, 6)).toThrow(RangeError);
    expect(() => socket.send(toServer, data, 10, Delivery.Reliable, -1)).toThrow(RangeError);
  });

  test("only the first bytes of a buffer are sent, whatever their number", async () => {
    const { server, client, toServer } = await pair();
    const lengths = [1, 2, 100, 2048, 2049, 4999, 5000];
    for (const length of lengths) client.socket.send(toServer, bytes(5000), length, Delivery.Reliable);
    client.socket.flush();
    await server.until(() => server.packets.length === lengths.length);
    expect(server.packets.map(({ data }) => data)).toEqual(lengths.map((length) => bytes(5000).slice(0, length)));
  });
});

describe("a full connection", () => {
  const slow = { sendRate: 512 * 1024, sendQueueBytes: 65_536 };

  test("refuses, says when it takes packets again, and loses nothing", async () => {
    const { server, client, toServer } = await pair(slow);
    const total = 400;
    let sent = 0;
    let refusals = 0;
    const seen: number[] = [];
    server.onPacket = ({ buffer, offset }) => seen.push(numberOf(buffer, offset));
    const fill = () => {
      while (sent < total && client.socket.send(toServer, number(sent, 1000), 1000, Delivery.Reliable)) sent++;
      if (sent < total) refusals++;
      expect(toServer.bufferedBytes).toBeLessThan(slow.sendQueueBytes + 70_000); // with what is unacknowledged
    };
    fill();
    expect(sent).toBeGreaterThanOrEqual(64); // 65,536 bytes of 1000 and some more each, and what left meanwhile
    expect(sent).toBeLessThan(80);
    expect(toServer.bufferedBytes).toBeGreaterThan(60_000);
    let rounds = 0;
    while (sent < total) {
      const before = client.writable;
      await client.until(() => client.writable > before);
      rounds++;
      fill();
    }
    client.socket.flush();
    await server.until(() => seen.length === total);
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => index));
    // One wake-up for about half a buffer, and no spinning in between.
    expect(refusals).toBe(rounds + (sent === total ? 0 : 1));
    expect(rounds).toBeLessThan(30);
  });

  test("waits for room enough when the packet is nearly as large as the buffer", async () => {
    const { server, client, toServer } = await pair(slow);
    expect(client.send(toServer, bytes(60_000))).toBe(true);
    expect(client.send(toServer, bytes(60_000))).toBe(false);
    await client.until(() => client.writable === 1);
    expect(client.send(toServer, bytes(60_000))).toBe(true);
    await server.until(() => server.packets.length === 2);
    expect(client.writable).toBe(1);
  });

  test("of another kind than the others", async () => {
    const { server, factory } = await listen(slow);
    const [one, two] = [clientOf(factory), clientOf(factory)];
    await one.connect(factory.getConnectEndPoint());
    await two.connect(factory.getConnectEndPoint());
    await server.until(() => server.connected.length === 2);
    const [first, second] = server.connected as [IConnectionHandle, IConnectionHandle];
    while (server.socket.send(first, bytes(1000), 1000, Delivery.Reliable));
    expect(server.send(second, bytes(1000))).toBe(true);
  });

  test("that GNS finds full all the same ends, since a packet is missing", async () => {
    const { client, toServer } = await pair({ config: [{ value: ConfigValue.SendBufferSize, data: 4096 }] });
    expect(client.send(toServer, bytes(10_000))).toBe(true);
    await client.until(() => client.disconnected[0]);
    expect(client.disconnected[0]).toEqual({
      handle: toServer,
      reason: { code: DisconnectCode.ConnectionLost, text: "GNS refused a packet (LimitExceeded)" },
    });
    expect(client.send(toServer, bytes(1))).toBe(false);
  });
});

test("lanes go in their order: control first, then 0 to 3, then streams", async () => {
  const { server, client, toServer } = await pair({ sendRate: 131_072, sendQueueBytes: 1_048_576 });
  // The first packets leave at once, in the order of sending; behind them the rest waits.
  for (let index = 0; index < 20; index++) client.socket.send(toServer, bytes(1000), 1000, Delivery.Reliable, 4);
  const lanes = [4, 3, 2, 1, 0, 5];
  for (let round = 0; round < 5; round++) {
    for (const lane of lanes) client.socket.send(toServer, number(round, 1000), 1000, Delivery.Reliable, lane);
  }
  client.socket.flush();
  await server.until(() => server.packets.length === 50);
  const order = server.packets.map(({ lane }) => lane);
  // Where a lane is done, for each of them, in the order of priority.
  const ends = [5, 0, 1, 2, 3, 4].map((lane) => order.lastIndexOf(lane));
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
  for (const lane of lanes.slice(1)) {
    const rounds = server.packets.filter((packet) => packet.lane === lane).map(({ data }) => numberOf(data));
    expect(rounds).toEqual([0, 1, 2, 3, 4]);
  }
});

describe("graceful disconnect", () => {
  test("waits until everything has arrived", async () => {
    const { server, client, toServer } = await pair({ sendRate: 1_048_576, closeTimeoutMs: 20_000 });
    for (let index = 0; index < 400; index++)
      client.socket.send(toServer, number(index, 1000), 1000, Delivery.Reliable);
    await toServer.disconnect({ code: 1, text: "" });
    await server.until(() => server.disconnected.length === 1);
    expect(server.packets).toHaveLength(400);
  });

  test("a handle that has ended takes nothing, and has nothing buffered", async () => {
    const { client, toServer } = await pair();
    const ended = toServer.disconnect({ code: 1, text: "" });
    expect(client.send(toServer, bytes(10))).toBe(false);
    expect(toServer.bufferedBytes).toBe(0);
    await ended;
    expect(client.send(toServer, bytes(10))).toBe(false);
  });

  test("packets in the batch of a handle that ended meanwhile are dropped", async () => {
    const { server, client, toServer, toClient } = await pair();
    for (let index = 0; index < 10; index++) client.socket.send(toServer, number(index), 4, Delivery.Reliable);
    client.socket.flush();
    let count = 0;
    server.onPacket = () => {
      if (++count === 3) void toClient.disconnect({ code: 0, text: "" });
    };
    await client.until(() => client.disconnected[0]);
    expect(count).toBe(3);
  });
});

test("close may be called twice, and nothing works afterwards", async () => {
  const { server, client, toServer } = await pair();
  await Promise.all([client.socket.close(), client.socket.close()]);
  expect(client.socket.poll()).toBe(false);
  client.socket.tick();
  client.socket.flush();
  expect(client.send(toServer, bytes(1))).toBe(false);
  await expect(client.connect(factoryOf({ port: 9 }).getConnectEndPoint())).rejects.toMatchObject({
    code: "ERR_CLOSED",
  });
  await server.until(() => server.disconnected[0]);
});

test.each([
  { port: -1 },
  { sendRate: 1023 },
  { sendRate: 104_857_601 },
  { sendQueueBytes: 65_535 },
  { sendQueueBytes: 16_777_217 },
  { receiveQueueBytes: 1_048_575 },
])("options out of range are refused: %o", (options) => {
  expect(() => new GnsSocketFactory(options)).toThrow(RangeError);
});
