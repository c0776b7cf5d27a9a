import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, request } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import {
  Delivery,
  type DisconnectReason,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  type SocketEvents,
} from "../../../lib/socket/index.js";
import { closeCodeOf, reasonOfClose } from "../../../lib/socket/websocket/websocket-codes.js";
import { WebSocketFactory, type WebSocketFactoryOptions } from "../../../lib/socket/websocket-server.js";
import { createTlsIdentity } from "../../support/tls-identity.js";

const open: ISocket[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((socket) => socket.close()));
});

/** A server that ticks whenever it is told to. */
class Server implements SocketEvents {
  readonly socket: ISocket;
  readonly connected: IConnectionHandle[] = [];
  readonly ended: DisconnectReason[] = [];
  readonly incoming: IncomingConnection[] = [];
  answer: true | DisconnectReason = true;

  constructor(readonly factory: WebSocketFactory) {
    this.socket = factory.createServerSocket();
    this.socket.events = this;
    open.push(this.socket);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.socket.boundPort}${this.factory.path}`;
  }

  async bind(): Promise<this> {
    await this.socket.bind(this.factory.getBindEndPoint());
    return this;
  }

  connect(): Promise<IConnectionHandle> {
    const client = this.factory.createClientSocket();
    open.push(client);
    return client.connect(this.factory.getConnectEndPoint("127.0.0.1", this.socket.boundPort as number));
  }

  onReadable = () => this.socket.tick();
  onIncoming(incoming: IncomingConnection) {
    this.incoming.push(incoming);
    return this.answer;
  }
  onConnect = (handle: IConnectionHandle) => this.connected.push(handle);
  onDisconnect = (_: IConnectionHandle, reason: DisconnectReason) => this.ended.push(reason);
  onWritable() {}
}

const listen = (options: WebSocketFactoryOptions = {}) =>
  new Server(new WebSocketFactory({ port: 0, ...options })).bind();

/** What the server answers to the request of an upgrade. */
async function upgrade(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage & { text: string }> {
  const asked = request(url.replace("ws:", "http:"), {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
      ...headers,
    },
  });
  asked.end();
  const [response] = (await Promise.race([once(asked, "response"), once(asked, "upgrade")])) as [IncomingMessage];
  let text = "";
  if (response.statusCode === 101) response.socket.destroy();
  else for await (const chunk of response) text += chunk;
  return Object.assign(response, { text });
}

describe("close codes", () => {
  test.each([0, 1, 999, 1000, 1001, 1016, 1999])("carry the code %i", (code) => {
    const closeCode = closeCodeOf({ code, text: "" });
    expect(closeCode).toBe(code < 1000 ? 4000 + code : 2000 + code);
    expect(reasonOfClose(closeCode, "why")).toEqual({ code, text: "why" });
  });

  test.each([
    [1006, 1003],
    [1001, 1003],
    [1000, 1003],
    [1002, 1001],
    [1003, 1001],
    [1007, 1001],
    [1009, 1001],
  ])("WebSocket's own %i is the code %i", (closeCode, code) => {
    const text = closeCode === 1006 ? "The connection was broken off" : `WebSocket close code ${closeCode}`;
    expect(reasonOfClose(closeCode, "")).toEqual({ code, text });
  });
});

describe("a stranger", () => {
  test("is refused with HTTP 403, and with 503 by a full server, and the reason", async () => {
    const server = await listen();
    server.answer = { code: 12, text: "naïve" };
    const forbidden = await upgrade(server.url);
    expect([forbidden.statusCode, forbidden.headers["disconnect-code"], forbidden.text]).toEqual([403, "12", "naïve"]);
    server.answer = { code: 1010, text: "" };
    const full = await upgrade(server.url);
    expect([full.statusCode, full.headers["disconnect-code"], full.text]).toEqual([503, "1010", ""]);
    expect(server.connected).toEqual([]);
  });

  test("is refused on another path", async () => {
    const server = await listen({ path: "/game" });
    expect((await upgrade(server.url.replace("/game", "/other"))).statusCode).toBe(404);
    expect((await upgrade(`${server.url}?room=5`)).statusCode).toBe(101);
    expect(server.incoming).toMatchObject([{ path: "/game?room=5", security: "none" }]);
  });

  test("is refused from a page of another origin", async () => {
    const server = await listen({ origins: ["https://game.example"] });
    expect((await upgrade(server.url, { Origin: "https://evil.example" })).statusCode).toBe(403);
    expect(server.incoming).toEqual([]);
    expect((await upgrade(server.url, { Origin: "https://game.example" })).statusCode).toBe(101);
    expect((await upgrade(server.url)).statusCode).toBe(101);
    expect(server.incoming.map(({ origin }) => origin)).toEqual(["https://game.example", undefined]);
  });

  test("gets a hint without an upgrade, and harms nobody with nonsense", async () => {
    const server = await listen();
    const response = await fetch(server.url.replace("ws:", "http:"));
    expect(response.status).toBe(426);
    await response.text();
    const socket = connectTcp(server.socket.boundPort as number, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    await server.connect();
    await vi.waitUntil(() => server.connected.length === 1);
  });
});

describe("a connection ends", () => {
  test.each([
    ["a text frame", (client: WebSocket) => client.send("text"), 1001],
    ["an empty packet", (client: WebSocket) => client.send(new Uint8Array(0)), 1001],
    ["a packet too large", (client: WebSocket) => client.send(new Uint8Array(16_385)), 1001],
    ["a line that breaks", (client: WebSocket) => client.terminate(), 1003],
    ["a page that goes away", (client: WebSocket) => client.close(1001), 1003],
    ["a close without a code", (client: WebSocket) => client.close(), 1003],
  ])("by %s", async (_, act, code) => {
    const server = await listen();
    const client = new WebSocket(server.url);
    await once(client, "open");
    act(client);
    await vi.waitUntil(() => server.ended.length === 1);
    expect(server.ended[0]?.code).toBe(code);
    if (client.readyState !== WebSocket.CLOSED) await once(client, "close");
  });

  test("after a bounded wait when the other side does not answer the close", async () => {
    const server = await listen({ closeTimeoutMs: 50 });
    const client = new WebSocket(server.url);
    await once(client, "open");
    await vi.waitUntil(() => server.connected.length === 1);
    client.pause();
    await server.connected[0]?.disconnect({ code: 1, text: "" });
    client.resume();
    const [closeCode] = (await once(client, "close")) as [number];
    expect(closeCode).toBe(4001);
  });
});

describe("security", () => {
  const identity = createTlsIdentity();

  test.each([
    ["authenticated", { ca: identity.cert }],
    ["encrypted", { rejectUnauthorized: false }],
  ])("over wss is %s at a client that says %o", async (security, tls) => {
    const https = createTlsServer(identity).listen(0, "127.0.0.1");
    await once(https, "listening");
    const { port } = https.address() as AddressInfo;
    const server = await listen({ server: https, port, secure: true, tls });
    const handle = await server.connect();
    await vi.waitUntil(() => server.connected.length === 1);
    expect([handle.security, server.connected[0]?.security]).toEqual([security, "encrypted"]);
    https.close();
  });

  test("a certificate that is not trusted is no connection", async () => {
    const https = createTlsServer(identity).listen(0, "127.0.0.1");
    await once(https, "listening");
    const { port } = https.address() as AddressInfo;
    const server = await listen({ server: https, port, secure: true });
    await expect(server.connect()).rejects.toMatchObject({ code: "ERR_BAD_CERTIFICATE" });
    https.close();
  });

  test("behind a proxy that terminates TLS is encrypted", async () => {
    const server = await listen({ isBehindTls: true });
    const handle = await server.connect();
    await vi.waitUntil(() => server.connected.length === 1);
    expect([handle.security, server.connected[0]?.security]).toEqual(["none", "encrypted"]);
    expect([handle.isTls, server.connected[0]?.isTls]).toEqual([false, true]);
  });
});

test("shares the user's server with its pages and with other sockets, and leaves it open", async () => {
  const http = createHttpServer((_, response) => response.end("page")).listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const first = await listen({ server: http, path: "/first" });
  const second = await listen({ server: http, path: "/second" });
  await first.connect();
  await second.connect();
  await vi.waitUntil(() => first.connected.length === 1 && second.connected.length === 1);
  await first.socket.close();
  await second.socket.close();
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("page");
  http.close();
  http.closeAllConnections();
});

test("takes a whole URL for an address", async () => {
  const server = await listen({ path: "/game" });
  const client = new WebSocketFactory().createClientSocket();
  open.push(client);
  const handle = await client.connect(new WebSocketFactory().getConnectEndPoint(server.url));
  expect(handle.address).toBe(`127.0.0.1:${server.socket.boundPort}`);
  expect(handle).toMatchObject({ ordered: true, reliable: true, addressVerified: true });
});

test("a hostile refusal does not reach far", async () => {
  const http = createHttpServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  http.on("upgrade", (_, socket) => {
    socket.on("error", () => {});
    socket.end(`HTTP/1.1 403 No\r\nDisconnect-Code: 7\r\n\r\n${"x".repeat(1_000_000)}`);
  });
  const factory = new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port });
  const client = factory.createClientSocket();
  open.push(client);
  const error = await client.connect(factory.getConnectEndPoint()).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: "ERR_CONNECT_FAILED", reason: { code: 7, text: "HTTP 403 No" } });
  http.close();
});

test.each([
  ["502 Bad Gateway", "ERR_CONNECT_FAILED", /A proxy is there, and does not reach the server behind it/],
  ["400 Bad Request", "ERR_OTHER_PROTOCOL", /and whether it wants wss:\/\//],
])("an answer of HTTP %s says what to look at", async (status, code, advice) => {
  const http = createHttpServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  http.on("upgrade", (_, socket) => void socket.end(`HTTP/1.1 ${status}\r\n\r\n`));
  const factory = new WebSocketFactory({ host: "127.0.0.1", port });
  const client = factory.createClientSocket();
  open.push(client);
  const message = expect.stringMatching(advice);
  await expect(client.connect(factory.getConnectEndPoint())).rejects.toMatchObject({ code, message });
  http.close();
});

test("sends binary frames only, without compression", async () => {
  const server = await listen();
  const client = new WebSocket(server.url);
  await once(client, "open");
  await vi.waitUntil(() => server.connected.length === 1);
  expect(client.extensions).toBe("");
  server.socket.send(server.connected[0] as IConnectionHandle, Uint8Array.of(1, 2, 3), 2, Delivery.Unreliable);
  const [data, isBinary] = (await once(client, "message")) as [Uint8Array, boolean];
  expect([[...data], isBinary]).toEqual([[1, 2], true]);
  client.close();
});
