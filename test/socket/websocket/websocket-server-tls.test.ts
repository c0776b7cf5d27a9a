import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { IConnectionHandle, ISocket } from "../../../lib/socket/index.js";
import { createDevelopmentCertificate } from "../../../lib/socket/tls/development-certificate.js";
import { WebSocketFactory, type WebSocketFactoryOptions } from "../../../lib/socket/websocket-server.js";
import { FakeClock, socketConformance } from "../../../lib/testing/index.js";

const identity = createDevelopmentCertificate();
const secure = { host: "127.0.0.1", port: 0, secure: true, tls: { ...identity, ca: identity.cert } };

describe("WebSocket over wss, on a server of its own", () => {
  for (const { name, run } of socketConformance({ createFactory: () => new WebSocketFactory(secure) })) test(name, run);
});

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) await socket.close();
});

async function listen(options: WebSocketFactoryOptions = {}) {
  const factory = new WebSocketFactory({ ...secure, ...options });
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
  const port = socket.boundPort as number;
  const connect = async (by = factory) => {
    const client = by.createClientSocket();
    open.push(client);
    return client.connect(by.getConnectEndPoint("127.0.0.1", port));
  };
  return { factory, socket, port, connected, connect };
}

const places = ({ pendingConnections }: ISocket) => pendingConnections?.count;

test("a client has no place any more when it is a WebSocket, and its handle says that it is TLS", async () => {
  const { socket, connected, connect } = await listen();
  const handle = await connect();
  await vi.waitUntil(() => connected.length === 1);
  expect(places(socket)).toBe(0);
  expect([handle.isTls, connected[0]?.isTls]).toEqual([true, true]);
  expect([handle.security, connected[0]?.security]).toEqual(["authenticated", "encrypted"]);
  expect(connected[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/);
});

test("another certificate is for all who come from then on, and those who are there stay", async () => {
  const { factory, connected, connect } = await listen();
  await connect();
  const next = createDevelopmentCertificate();
  factory.setCertificate(next);
  await expect(connect()).rejects.toMatchObject({ code: "ERR_BAD_CERTIFICATE" });
  await connect(new WebSocketFactory({ ...secure, tls: { ca: next.cert } }));
  await vi.waitUntil(() => connected.length === 2);
  expect(connected.map((handle) => (handle as unknown as { hasEnded: boolean }).hasEnded)).toEqual([false, false]);
  expect(() => factory.setCertificate({ cert: next.cert, key: identity.key })).toThrow(RangeError);
  expect(() => new WebSocketFactory().setCertificate(next)).toThrow(
    expect.objectContaining({ code: "ERR_NOT_SUPPORTED" }),
  );
});

test("the guard is asked once about each client", async () => {
  const asked: string[] = [];
  const guard = {
    isBanned: () => false,
    accept(host: string) {
      asked.push(host);
      return { refused: null, proved() {}, ended() {} };
    },
  };
  const { connected, connect } = await listen({ guard: guard as never });
  await connect();
  await vi.waitUntil(() => connected.length === 1);
  expect(asked).toEqual(["::ffff:127.0.0.1"]);
});

test.each([
  ["no TLS", (socket: Socket) => socket.write("GET / HTTP/1.1\r\n\r\n")],
  ["half a handshake", (socket: Socket) => socket.end(Buffer.from("160301", "hex"))],
])("who speaks %s is gone, with its place", async (_name, speak) => {
  const { socket, port, connected, connect } = await listen();
  const client = connectTcp(port, "127.0.0.1").on("error", () => {});
  await once(client, "connect");
  await vi.waitUntil(() => places(socket) === 1);
  speak(client);
  client.resume();
  await once(client, "close");
  await vi.waitUntil(() => places(socket) === 0);
  await connect();
  await vi.waitUntil(() => connected.length === 1);
});

test("a TLS handshake that does not go on, and TLS without a request, end in time", async () => {
  const clock = new FakeClock();
  const { socket, port } = await listen({ clock, handshakeTimeoutMs: 5000 });
  const slow = connectTcp(port, "127.0.0.1").on("error", () => {});
  slow.write(Buffer.from("1603010200", "hex"));
  const silent: TLSSocket = connectTls({ port, host: "127.0.0.1", ca: identity.cert, servername: "localhost" });
  silent.on("error", () => {});
  await once(silent, "secureConnect");
  await vi.waitUntil(() => places(socket) === 2);
  const ended = [slow, silent].map((one) => once(one.resume(), "close"));
  clock.advance(5000);
  await Promise.all(ended);
  await vi.waitUntil(() => places(socket) === 0);
});

test.each([
  [{ cert: identity.cert }, TypeError],
  [{ cert: "no", key: "no" }, RangeError],
  [{ cert: identity.cert, key: createDevelopmentCertificate().key }, RangeError],
])("refuses a certificate without its key: %#", (tls, type) => {
  expect(() => new WebSocketFactory({ tls })).toThrow(type);
});
