import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { BrowserSocketFactory, type BrowserSocketFactoryOptions } from "../../../lib/socket/browser.js";
import type { DisconnectReason, IConnectionHandle, SocketFactory } from "../../../lib/socket/index.js";
import type { Announcement } from "../../../lib/socket/websocket/websocket-server-announcement.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { FakeClock, socketConformance } from "../../../lib/testing/index.js";
import {
  type FakeSession,
  FakeWebTransport,
  FakeWebTransportFactory,
  fakeServers,
} from "../../support/fake-web-transport.js";

const UDP_PORT = 38_000;
const HASHES = ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"];
const open: { close(): unknown }[] = [];

beforeEach(() => {
  vi.stubGlobal("WebTransport", FakeWebTransport);
  vi.stubGlobal("WebSocket", WebSocket);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  fakeServers.clear();
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A WebSocket server that announces WebTransport, and what comes to both. */
async function serve(announcement: Announcement | null = { port: UDP_PORT, hashes: HASHES }) {
  const factory = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1", path: "/game" });
  const socket = factory.createAnnouncingSocket(() => announcement);
  open.push(socket);
  const connected: IConnectionHandle[] = [];
  const ended: DisconnectReason[] = [];
  socket.events = {
    onReadable: () => socket.tick(),
    onIncoming: () => true,
    onConnect: (handle) => void connected.push(handle),
    onDisconnect: (_, reason) => void ended.push(reason),
    onWritable() {},
  };
  await socket.bind(factory.getBindEndPoint());
  return { port: socket.boundPort as number, connected, ended };
}

/** What WebTransport does with those who come: `true` accepts, `false` refuses, never otherwise. */
function listen(answer: () => boolean | Promise<boolean> = () => true) {
  const asked: { url: string; hashes: number }[] = [];
  const sessions: FakeSession[] = [];
  fakeServers.set(UDP_PORT, async (session, { href }, { serverCertificateHashes = [] }) => {
    asked.push({ url: href, hashes: serverCertificateHashes.length });
    sessions.push(session);
    return answer();
  });
  return { asked, sessions };
}

function newFactory(port: number, options: BrowserSocketFactoryOptions = {}) {
  const clock = new FakeClock();
  const reasons: DisconnectReason[] = [];
  const onFallback = (reason: DisconnectReason) => reasons.push(reason);
  const factory = new BrowserSocketFactory({ host: "127.0.0.1", port, path: "/game", clock, onFallback, ...options });
  const connect = (signal?: AbortSignal) => {
    const socket = factory.createClientSocket();
    open.push(socket);
    return { socket, connecting: socket.connect(factory.getConnectEndPoint(), signal) };
  };
  return { clock, factory, reasons, connect };
}

test.each([
  ["https:", "wss://game.example:443/"],
  ["http:", "ws://game.example:80/"],
])("where the address of a page from %s names no port, it is the scheme's", (protocol, url) => {
  vi.stubGlobal("location", { protocol });
  const factory = new BrowserSocketFactory({ host: "game.example", port: Number("") });
  expect(factory.getConnectEndPoint().webSocket).toEqual({ url });
});

describe("a client of a server with both", () => {
  test("is on WebTransport, where the server says that it is", async () => {
    const { port, connected } = await serve();
    const { asked } = listen();
    const { clock, connect, reasons } = newFactory(port);
    const handle = await connect().connecting;
    expect(handle.transport).toBe("webtransport");
    expect(asked).toEqual([{ url: `https://127.0.0.1:${UDP_PORT}/game`, hashes: 1 }]);
    clock.advance(10_000);
    expect([connected.length, reasons.length]).toEqual([0, 0]);
  });

  test("takes WebSocket after a second of silence, and the session that comes late is closed", async () => {
    const { port, connected } = await serve();
    let accept!: (isAccepted: boolean) => void;
    const { asked, sessions } = listen(() => new Promise((resolve) => (accept = resolve)));
    const { clock, connect, reasons } = newFactory(port);
    const { connecting } = connect();
    await vi.waitUntil(() => asked.length === 1);
    clock.advance(999);
    expect(connected.length).toBe(0);
    clock.advance(1);
    const handle = await connecting;
    expect(handle.transport).toBe("websocket");
    expect(reasons).toEqual([{ code: 1004, text: "WebTransport took longer than 1000 ms" }]);
    accept(true);
    await (sessions[0] as FakeSession).closed.catch(() => {});
  });

  test("stays with WebTransport if that connects before WebSocket does", async () => {
    const tcp = createTcpServer().listen(0, "127.0.0.1");
    open.push(tcp);
    await vi.waitUntil(() => tcp.listening);
    let accept!: (isAccepted: boolean) => void;
    const { asked } = listen(() => new Promise((resolve) => (accept = resolve)));
    const { port } = tcp.address() as AddressInfo;
    const { clock, connect, reasons } = newFactory(port, { webTransport: { port: UDP_PORT } });
    const { connecting } = connect();
    await vi.waitUntil(() => asked.length === 1);
    const closed = new Promise<void>((resolve) => {
      tcp.once("connection", (socket) => {
        socket
          .resume()
          .on("error", () => {})
          .once("close", () => resolve());
        accept(true);
      });
    });
    clock.advance(1000);
    expect((await connecting).transport).toBe("webtransport");
    await closed;
    expect(reasons).toEqual([]);
  });

  test("takes WebSocket at once when WebTransport refuses", async () => {
    const { port } = await serve();
    listen(() => false);
    const { clock, connect, reasons } = newFactory(port);
    expect((await connect().connecting).transport).toBe("websocket");
    expect(reasons).toMatchObject([{ code: 1003, text: expect.stringContaining("WebTransport: connecting to") }]);
    clock.advance(0);
    expect(clock.timerCount).toBe(0);
  });

  test("begins both at once for ten minutes after that", async () => {
    const { port, connected } = await serve();
    const { asked } = listen(() => false);
    const { clock, connect } = newFactory(port);
    await connect().connecting;
    listen(() => new Promise(() => {}));
    clock.advance(599_999);
    expect((await connect().connecting).transport).toBe("websocket");
    expect(connected.length).toBe(2);
    clock.advance(600_000);
    const { connecting } = connect();
    listen(() => true);
    expect((await connecting).transport).toBe("webtransport");
    expect(asked.length).toBe(1);
  });

  test("hears all that WebSocket hears, from the beginning", async () => {
    const { port, connected, ended } = await serve();
    const { connect } = newFactory(port, { webTransport: { port: 1 } });
    const { socket, connecting } = connect();
    const handle = await connecting;
    await vi.waitUntil(() => connected.length === 1);
    await handle.disconnect({ code: 4, text: "bye" });
    await vi.waitUntil(() => ended.length === 1);
    expect(ended).toEqual([{ code: 4, text: "bye" }]);
    expect([socket.droppedPackets, socket.poll()]).toEqual([0, false]);
  });
});

test.each([
  ["no announcement", 404, "", "WebTransport: The server has none"],
  ["an error", 500, "", "WebTransport: http"],
  ["no JSON", 200, "<html>", "is no answer of a BrowserSocketFactory"],
  ["another JSON", 200, "null", "is no answer of a BrowserSocketFactory"],
  ["a wrong port", 200, '{"port":0,"hashes":[]}', "is no answer of a BrowserSocketFactory"],
  ["a wrong hash", 200, '{"port":1,"hashes":["x"]}', "is no answer of a BrowserSocketFactory"],
  ["too much", 200, " ".repeat(5000), "does not answer"],
])("a server that answers %s has no WebTransport", async (_name, status, text, why) => {
  const http = createServer((_, response) => response.writeHead(status).end(text)).listen(0, "127.0.0.1");
  open.push(http);
  await vi.waitUntil(() => http.listening);
  const factory = new WebSocketFactory({ server: http, path: "/game" });
  const socket = factory.createServerSocket();
  open.push(socket);
  await socket.bind(factory.getBindEndPoint());
  const { connect, reasons } = newFactory((http.address() as AddressInfo).port);
  expect((await connect().connecting).transport).toBe("websocket");
  expect(reasons).toMatchObject([{ code: 1003, text: expect.stringContaining(why) }]);
});

test("a page without WebTransport asks for nothing", async () => {
  vi.stubGlobal("WebTransport", undefined);
  const fetched = vi.fn();
  vi.stubGlobal("fetch", fetched);
  const { port } = await serve();
  const { connect, reasons } = newFactory(port);
  expect((await connect().connecting).transport).toBe("websocket");
  expect(reasons).toMatchObject([{ text: expect.stringContaining("This browser has no WebTransport") }]);
  expect(fetched).not.toHaveBeenCalled();
});

test("either can be left out", async () => {
  const { port, connected } = await serve();
  listen();
  const onlyWebSocket = newFactory(port, { webTransport: false });
  expect((await onlyWebSocket.connect().connecting).transport).toBe("websocket");
  expect(onlyWebSocket.reasons).toEqual([]);
  expect((await newFactory(port, { webSocket: false }).connect().connecting).transport).toBe("webtransport");
  fakeServers.clear();
  await expect(newFactory(port, { webSocket: false }).connect().connecting).rejects.toMatchObject({
    code: "ERR_CONNECT_FAILED",
  });
  expect(connected.length).toBe(1);
  expect(() => newFactory(port, { webTransport: false, webSocket: false })).toThrow(RangeError);
});

test("when both fail, the error says why, of both", async () => {
  const { connect, reasons } = newFactory(1);
  await expect(connect().connecting).rejects.toMatchObject({
    code: "ERR_CONNECT_FAILED",
    message: expect.stringMatching(/^WebTransport: http:.* does not answer\. WebSocket: connecting to 127\.0\.0\.1:1 /),
  });
  expect(reasons).toEqual([]);
});

test("an abort ends both, and a close too", async () => {
  const { port, connected } = await serve();
  const { asked, sessions } = listen(() => new Promise(() => {}));
  const controller = new AbortController();
  const { connect } = newFactory(port);
  const aborted = connect(controller.signal).connecting;
  await vi.waitUntil(() => asked.length === 1);
  controller.abort(new Error("changed my mind"));
  await expect(aborted).rejects.toThrow("changed my mind");
  const { socket, connecting } = connect();
  await vi.waitUntil(() => asked.length === 2);
  const failed = expect(connecting).rejects.toMatchObject({ code: "ERR_CLOSED" });
  await socket.close();
  await failed;
  for (const { closed } of sessions) await closed.catch(() => {});
  expect(connected.length).toBe(0);
});

test("an onFallback that throws stops nobody", async () => {
  const { port } = await serve(null);
  const uncaught: unknown[] = [];
  const handlers = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").once("uncaughtException", (error) => uncaught.push(error));
  const failure = new Error("a mistake");
  const onFallback = () => {
    throw failure;
  };
  expect((await newFactory(port, { onFallback }).connect().connecting).transport).toBe("websocket");
  await vi.waitUntil(() => uncaught.length === 1);
  for (const handler of handlers) process.on("uncaughtException", handler);
  expect(uncaught).toEqual([failure]);
});

test.each([
  [{ hosts: "x" }, TypeError],
  [{ webTransport: { certificateHashes: ["x"] } }, RangeError],
  [{ webSocket: { secure: true } }, null],
  [{ fallbackAfterMs: -1 }, RangeError],
  [{ onFallback: 5 }, TypeError],
])("checks its options: %j", (options, type) => {
  const make = () => new BrowserSocketFactory(options as never);
  if (type) expect(make).toThrow(type);
  else expect(make).not.toThrow();
});

/** Servers of `inner`, with clients of a factory for browsers. */
function conformance(inner: () => SocketFactory, options: BrowserSocketFactoryOptions) {
  const cases = socketConformance({
    createFactory: inner,
    createClientFactory: () => new BrowserSocketFactory({ host: "127.0.0.1", ...options }) as SocketFactory,
  });
  // A page does not see why a server refused it.
  const unseen = ["onIncoming refuses connections", "onIncoming may answer later"];
  return cases.filter(({ name }) => !unseen.includes(name));
}

describe("a client that has fallen back to WebSocket", () => {
  const cases = conformance(() => new WebSocketFactory({ port: 0 }), {});
  for (const { name, run } of cases) test(name, run);
});

describe("a client on WebTransport", () => {
  const cases = conformance(() => new FakeWebTransportFactory(), {
    webSocket: false,
    webTransport: { sendQueueBytes: 2 ** 20, certificateHashes: HASHES },
  });
  // The platform does not say why it has not connected.
  const untold = "a name without an address is told, and another try is allowed";
  for (const { name, run } of cases.filter(({ name }) => name !== untold)) test(name, run);
});
