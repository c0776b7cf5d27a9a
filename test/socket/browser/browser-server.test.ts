import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { BrowserSocketFactory as PageSocketFactory } from "../../../lib/socket/browser.js";
import {
  BrowserSocketFactory,
  type BrowserSocketFactoryOptions,
  createDevelopmentCertificate,
  type TlsCertificate,
} from "../../../lib/socket/browser-server.js";
import type { IConnectionHandle } from "../../../lib/socket/index.js";
import { FakeWebTransport, fakeServers } from "../../support/fake-web-transport.js";

const { HASHES, given, certificates } = vi.hoisted(() => ({
  HASHES: ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"],
  /** What the factories of WebTransport were given. */
  given: [] as object[],
  certificates: [] as TlsCertificate[],
}));

vi.mock("../../../lib/socket/webtransport/node/web-transport-socket-factory.js", async () => {
  const { FakeWebTransportFactory } = await import("../../support/fake-web-transport.js");
  class WebTransportSocketFactory extends FakeWebTransportFactory {
    readonly certificateHashes = HASHES;

    constructor(options: { port?: number }) {
      super(options.port === undefined ? {} : { port: options.port });
      given.push(options);
    }

    setCertificate(tls: TlsCertificate): void {
      certificates.push(tls);
    }
  }
  return { WebTransportSocketFactory };
});

const open: { close(): unknown }[] = [];
beforeEach(() => {
  vi.stubGlobal("WebTransport", FakeWebTransport);
  vi.stubGlobal("WebSocket", WebSocket);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  fakeServers.clear();
  given.length = 0;
  certificates.length = 0;
  vi.unstubAllGlobals();
});

async function listen(options: BrowserSocketFactoryOptions = {}) {
  const factory = new BrowserSocketFactory({ host: "127.0.0.1", port: 0, ...options });
  const socket = factory.createServerSocket();
  open.push(socket);
  const connected: IConnectionHandle[] = [];
  socket.events = {
    onReadable: () => socket.tick(),
    onIncoming: () => true,
    onConnect: (handle) => void connected.push(handle),
    onDisconnect() {},
    onWritable() {},
  };
  await socket.bind(factory.getBindEndPoint());
  return { factory, socket, connected, port: socket.boundPort as number };
}

async function connect(factory: PageSocketFactory | BrowserSocketFactory, port: number) {
  const socket = factory.createClientSocket();
  open.push(socket);
  return socket.connect(factory.getConnectEndPoint("127.0.0.1", port));
}

test.each([
  ["page", () => new PageSocketFactory()],
  ["client in Node", () => new BrowserSocketFactory()],
])("a %s needs the TCP port only, and is on WebTransport", async (_name, newClient) => {
  const { socket, port, connected } = await listen();
  expect(socket.boundPorts).toEqual([port, port]);
  expect((await connect(newClient(), port)).transport).toBe("webtransport");
  await vi.waitUntil(() => connected.length === 1);
  expect(connected[0]?.transport).toBe("webtransport");
});

test("players of both are on one server", async () => {
  const { port, connected } = await listen();
  await connect(new PageSocketFactory(), port);
  await connect(new PageSocketFactory({ webTransport: false }), port);
  await vi.waitUntil(() => connected.length === 2);
  expect(connected.map(({ transport }) => transport).sort()).toEqual(["websocket", "webtransport"]);
});

test("both have the options of the factory, and each its own", async () => {
  const tls = createDevelopmentCertificate();
  const origins = ["https://example.com"];
  const webTransport = { port: 41_000, coalesceMs: 1 };
  const { socket } = await listen({ path: "/game", bindHost: "127.0.0.1", origins, tls, webTransport });
  expect(given).toEqual([
    {
      host: "127.0.0.1",
      path: "/game",
      bindHost: "127.0.0.1",
      origins,
      tls: { cert: tls.cert, key: tls.key },
      ...webTransport,
    },
  ]);
  expect(socket.boundPorts[1]).toBe(41_000);
});

test("one certificate serves both, and another one replaces both", async () => {
  const tls = createDevelopmentCertificate();
  const { factory, port } = await listen({ tls: { cert: tls.cert, key: tls.key } });
  const newClient = (ca: string) => new BrowserSocketFactory({ secure: true, tls: { ca } });
  expect((await connect(newClient(tls.cert), port)).transport).toBe("webtransport");
  const next = createDevelopmentCertificate();
  factory.setCertificate(next);
  expect(certificates).toEqual([next]);
  await expect(connect(newClient(tls.cert), port)).rejects.toMatchObject({ code: "ERR_BAD_CERTIFICATE" });
  expect((await connect(newClient(next.cert), port)).transport).toBe("webtransport");
});

test("without a certificate WebSocket is plain, and WebTransport has one of its own", async () => {
  const { factory } = await listen();
  expect(given).toEqual([{ host: "127.0.0.1" }]);
  expect(factory.certificateHashes).toEqual(HASHES);
  factory.setCertificate(createDevelopmentCertificate());
  expect(certificates.length).toBe(1);
});

test("either can be left out", async () => {
  const onlyWebSocket = await listen({ webTransport: false });
  expect(onlyWebSocket.socket.boundPorts.length).toBe(1);
  expect((await connect(new PageSocketFactory(), onlyWebSocket.port)).transport).toBe("websocket");
  const onlyWebTransport = await listen({ webSocket: false });
  const page = new PageSocketFactory({ webTransport: { certificateHashes: HASHES } });
  expect((await connect(page, onlyWebTransport.port)).transport).toBe("webtransport");
});

test("WebTransport has the port of the user's server, beside its pages", async () => {
  const http = createServer((_, response) => response.end("page")).listen(0, "127.0.0.1");
  open.push(http);
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const { socket } = await listen({ webSocket: { server: http } });
  expect(socket.boundPorts).toEqual([port, port]);
  expect((await connect(new PageSocketFactory(), port)).transport).toBe("webtransport");
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("page");
});

test.each([
  [{ bindHosts: "x" }, TypeError],
  [{ tls: { cert: "x" } }, TypeError],
  [{ webSocket: { origin: "x" } }, TypeError],
  [{ webTransport: 5 }, TypeError],
])("checks its options: %j", (options, type) => {
  expect(() => new BrowserSocketFactory(options as never)).toThrow(type);
});

test.each([
  [{ coalesceMs: 1 }, "write it into `webTransport`, as in webTransport: { coalesceMs: … }"],
  [{ trustedProxies: [] }, "write it into `webSocket`, as in webSocket: { trustedProxies: … }"],
  [
    { closeOnExit: false },
    "write it into `webTransport`, as in webTransport: { closeOnExit: … }, or write it into `webSocket`",
  ],
  [{ prot: 1 }, "did you mean port?"],
])("an option of one of its transports, %o, has its place named", (options, text) => {
  expect(() => new BrowserSocketFactory(options as never)).toThrow(text);
});
