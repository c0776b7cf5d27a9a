import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ConnectionGuard } from "../../../lib/guard/index.js";
import { WebSocketServerDoor } from "../../../lib/socket/websocket/websocket-server-door.js";
import { WebSocketFactory, type WebSocketFactoryOptions } from "../../../lib/socket/websocket-server.js";
import { FakeClock } from "../../../lib/testing/index.js";
import { SocketUser } from "../../support/socket-user.js";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of clean.splice(0).reverse()) await end();
});

async function listen(options: WebSocketFactoryOptions = {}) {
  const factory = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1", ...options });
  const user = new SocketUser(factory.createServerSocket());
  clean.push(() => user.socket.close());
  await user.socket.bind(factory.getBindEndPoint());
  return { user, factory, port: user.socket.boundPort as number };
}

/** A TCP connection that never closes its end by itself. */
async function stranger(port: number, text = "", localAddress = "127.0.0.1") {
  const socket = connectTcp({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
  clean.push(() => socket.destroy());
  socket.on("error", () => {});
  socket.resume();
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const stranger = { socket, hasEnded: false, closed, ended: closed };
  stranger.ended = new Promise<void>((resolve) => {
    for (const event of ["end", "close"]) socket.once(event, () => resolve());
  }).then(() => {
    stranger.hasEnded = true;
  });
  await once(socket, "connect");
  if (text !== "") socket.write(text);
  return stranger;
}

const upgrade = (path: string, headers = "") =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`;

const requests = {
  nothing: "",
  "half a request": "GET / HTTP/1.1\r\nHost: x\r\n",
  "a request for a page": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "an upgrade on another path": upgrade("/elsewhere"),
  "an upgrade from another origin": upgrade("/", "Origin: https://evil.example\r\n"),
  "an upgrade that is refused": upgrade("/"),
  "an upgrade that is none": upgrade("/").replace("Sec-WebSocket-Key", "X-Key"),
};

describe.each(Object.entries(requests))("somebody who sends %s and stays", (_, text) => {
  test("does not keep the server from closing", async () => {
    const { user, port } = await listen({ origins: ["https://good.example"], closeTimeoutMs: 20_000 });
    user.verdict = { code: 1, text: "no" };
    const { ended } = await stranger(port, text);
    await vi.waitUntil(() => user.incoming.length === 1 || text !== requests["an upgrade that is refused"]);
    await user.socket.close();
    await ended;
  });
});

test.each(Object.entries(requests).slice(2))("after %s the server's end is closed at once", async (_, text) => {
  // On this clock no time passes, so that no timer ends it.
  const { user, port } = await listen({ origins: ["https://good.example"], clock: new FakeClock() });
  user.verdict = { code: 1, text: "no" };
  const { socket, ended, closed } = await stranger(port, text);
  await ended;
  // A write to an end that is closed, and not only half, is answered with a reset.
  const timer = setInterval(() => socket.write("x"), 5);
  await closed;
  clearInterval(timer);
});

test("on the user's server, those who are refused do not stay either, on no path and of several sockets", async () => {
  const server = createServer((_, response) => response.end("page")).listen(0, "127.0.0.1");
  await once(server, "listening");
  clean.push(() => server.closeAllConnections() ?? server.close());
  await listen({ server, path: "/a", clock: new FakeClock() });
  await listen({ server, path: "/b", clock: new FakeClock() });
  const { ended } = await stranger((server.address() as AddressInfo).port, upgrade("/c"));
  await ended;
  const other = () => {};
  server.on("upgrade", other);
  // Here somebody else may answer.
  const waiting = await stranger((server.address() as AddressInfo).port, upgrade("/c"));
  await once(server, "upgrade");
  expect(waiting.hasEnded).toBe(false);
});

describe("places before the upgrade", () => {
  test("are given back in time by those who send nothing", async () => {
    const clock = new FakeClock();
    const { user, port } = await listen({ handshakeTimeoutMs: 3000, clock });
    const { ended } = await stranger(port);
    const pending = () => user.socket.pendingConnections?.count;
    await vi.waitUntil(() => pending() === 1);
    clock.advance(2999);
    expect(pending()).toBe(1);
    clock.advance(1);
    await ended;
    await vi.waitUntil(() => pending() === 0);
  });

  test("are kept for 10 s by default", async () => {
    const clock = new FakeClock();
    const { user, port } = await listen({ clock });
    const { ended } = await stranger(port);
    await vi.waitUntil(() => user.socket.pendingConnections?.count === 1);
    clock.advance(9999);
    expect(user.socket.pendingConnections?.count).toBe(1);
    clock.advance(1);
    await ended;
  });

  test("are shared by source, and taken from the most crowded one", async () => {
    const { user, factory, port } = await listen({ maxPendingConnections: 4 });
    const crowd = await Promise.all(Array.from({ length: 4 }, () => stranger(port)));
    await vi.waitUntil(() => user.socket.pendingConnections?.count === 4);
    await new Promise((resolve) => setImmediate(resolve));
    const other = await stranger(port, "", "127.0.0.2");
    await vi.waitUntil(() => crowd.filter(({ hasEnded }) => hasEnded).length === 1);
    expect(user.socket.pendingConnections).toMatchObject({ count: 4, sources: 2, evicted: 1 });
    const client = factory.createClientSocket();
    clean.push(() => client.close());
    await client.connect(factory.getConnectEndPoint("127.0.0.1", port));
    expect(other.hasEnded).toBe(false);
    expect(crowd.filter(({ hasEnded }) => hasEnded).length).toBe(2);
    await user.until(() => user.connected.length === 1);
    expect(user.socket.pendingConnections?.count).toBe(3);
  });

  test("nobody leaves before what it sent could be read", () => {
    const clock = new FakeClock();
    const door = new WebSocketServerDoor(clock, 1, 1000);
    const [first, second, third] = [createPretender(), createPretender(), createPretender()];
    door.enter(first.socket, "192.0.2.1");
    door.enter(second.socket, "192.0.2.2");
    expect([first.isDestroyed(), second.isDestroyed()]).toEqual([false, true]);
    clock.advance(0);
    door.enter(third.socket, "192.0.2.3");
    expect([first.isDestroyed(), third.isDestroyed()]).toEqual([true, false]);
    expect(door.metrics).toMatchObject({ evicted: 1, refused: 1 });
  });
});

test("what the guard has given goes with its connection", () => {
  const guard = new ConnectionGuard();
  const door = new WebSocketServerDoor(new FakeClock(), 10, 1000, guard);
  const socket = Object.assign(new EventEmitter(), { destroy() {} }) as unknown as Socket;
  door.enter(socket, "192.0.2.1");
  expect([door.passOf(socket)?.refused, guard.counters.pending]).toEqual([null, 1]);
  socket.emit("close", false);
  expect([door.passOf(socket), guard.counters.pending, door.metrics.count]).toEqual([null, 0, 0]);
});

/** A TCP socket as the door sees it. */
function createPretender() {
  let isDestroyed = false;
  const end = () => (isDestroyed = true);
  const socket = { on() {}, once() {}, destroy: end, resetAndDestroy: end };
  return { socket: socket as unknown as Socket, isDestroyed: () => isDestroyed };
}

test("an answer that nobody takes ends after a second", () => {
  const clock = new FakeClock();
  const door = new WebSocketServerDoor(clock, 1, 60_000);
  const { socket, isDestroyed } = createPretender();
  Object.assign(socket, { end() {} });
  door.enter(socket, "192.0.2.1");
  door.refuse(socket, 403, "Forbidden");
  clock.advance(999);
  expect(isDestroyed()).toBe(false);
  clock.advance(1);
  expect(isDestroyed()).toBe(true);
});

describe("a server that takes connections and says nothing", () => {
  test.each(["abort", "close"] as const)("%s frees the client's TCP socket", async (how) => {
    const accepted: Socket[] = [];
    const silent = createTcpServer({ allowHalfOpen: true }, (socket) => accepted.push(socket.on("error", () => {})));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    clean.push(() => silent.close());
    const factory = new WebSocketFactory();
    const client = factory.createClientSocket();
    clean.push(() => client.close());
    const controller = new AbortController();
    const endPoint = factory.getConnectEndPoint("127.0.0.1", (silent.address() as AddressInfo).port);
    const connecting = client.connect(endPoint, controller.signal).catch((error: unknown) => error);
    await vi.waitUntil(() => accepted.length === 1);
    const reason = new Error("enough");
    if (how === "abort") controller.abort(reason);
    else await client.close();
    expect(await connecting).toMatchObject(how === "abort" ? reason : { code: "ERR_CLOSED" });
    const [socket] = accepted as [Socket];
    socket.resume();
    if (!socket.readableEnded) await once(socket, "end");
    socket.destroy();
  });
});
