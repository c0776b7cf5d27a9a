import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import {
  Delivery,
  type DisconnectReason,
  type IConnectionHandle,
  ReceivedPacket,
  type SocketEvents,
} from "../../../lib/socket/index.js";
import { createDevelopmentCertificate } from "../../../lib/socket/tls/development-certificate.js";
import { type WebTransportOptions, WebTransportSocketFactory } from "../../../lib/socket/webtransport-server.js";
import { startProgram } from "../../support/program.js";
import { createTlsIdentity } from "../../support/tls-identity.js";

const { hash, ...tls } = createDevelopmentCertificate();
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) await socket.close();
});

/** Reads all packets, and calls `onPacket` with each. */
function eventsOf(socket: ReturnType<WebTransportSocketFactory["createServerSocket"]>, more: Partial<SocketEvents>) {
  const packet = new ReceivedPacket();
  const packets: Uint8Array[] = [];
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        packets.push(packet.buffer.slice(packet.offset, packet.offset + packet.length));
      }
    },
    onIncoming: () => true,
    onConnect() {},
    onDisconnect() {},
    onWritable() {},
    ...more,
  };
  return packets;
}

async function listen(options: WebTransportOptions = {}, more: Partial<SocketEvents> = {}) {
  const factory = new WebTransportSocketFactory({ port: 0, bindHost: "127.0.0.1", tls, path: "/game", ...options });
  const socket = factory.createServerSocket();
  open.push(socket);
  const handles: IConnectionHandle[] = [];
  const packets = eventsOf(socket, { onConnect: (handle) => void handles.push(handle), ...more });
  await socket.bind(factory.getBindEndPoint());
  return { socket, handles, packets, port: socket.boundPort as number };
}

async function connect(port: number, options: WebTransportOptions = {}) {
  const factory = new WebTransportSocketFactory({ certificateHashes: [hash], path: "/game", ...options });
  const socket = factory.createClientSocket();
  open.push(socket);
  const packets = eventsOf(socket, {});
  const handle = await socket.connect(factory.getConnectEndPoint("127.0.0.1", port));
  return { socket, handle, packets };
}

test("handles say what WebTransport is", async () => {
  const { handles, port } = await listen();
  const { handle } = await connect(port);
  await vi.waitUntil(() => handles.length === 1);
  for (const one of [handle, handles[0] as IConnectionHandle]) {
    expect(one).toMatchObject({ isTls: true, transport: "webtransport", reliable: true, ordered: false });
    expect(one).toMatchObject({ addressVerified: true, maxPacketSize: 1132 });
  }
  expect([handle.security, handles[0]?.security]).toEqual(["authenticated", "encrypted"]);
});

test("another path, a certificate that is not trusted, and a refusal are errors that say so", async () => {
  const reason = { code: 7, text: "not today" };
  const { port } = await listen({}, { onIncoming: () => reason });
  await expect(connect(port, { path: "/" })).rejects.toThrow("HTTP 404");
  await expect(connect(port)).rejects.toMatchObject({ code: "ERR_CONNECT_FAILED", reason });
  const certificateHashes = [createDevelopmentCertificate().hash];
  await expect(connect(port, { certificateHashes })).rejects.toMatchObject({ code: "ERR_BAD_CERTIFICATE" });
  const factory = new WebTransportSocketFactory({ path: "/game" });
  const socket = factory.createClientSocket();
  open.push(socket);
  const connecting = socket.connect(factory.getConnectEndPoint("127.0.0.1", port));
  await expect(connecting).rejects.toMatchObject({ code: "ERR_BAD_CERTIFICATE" });
});

test("a busy loop does not keep acknowledgements back: a thread sees to them", async () => {
  const { packets, port } = await listen();
  const { socket, handle } = await connect(port);
  socket.send(handle, new Uint8Array(16_384), 16_384, Delivery.Reliable);
  socket.flush();
  expect(handle.bufferedBytes).toBeGreaterThan(0);
  // Never a turn of the loop: both ends are on it.
  const end = performance.now() + 20_000;
  while (handle.bufferedBytes > 0 && performance.now() < end);
  expect(handle.bufferedBytes).toBe(0);
  expect(packets).toEqual([]);
  await vi.waitUntil(() => packets.length === 1);
});

test("more than the addon takes at a time goes in parts, and the queue says once that it has room", async () => {
  const { packets, port } = await listen();
  const { socket, handle } = await connect(port);
  const writable: IConnectionHandle[] = [];
  eventsOf(socket, { onWritable: (one) => void writable.push(one) });
  // All in one turn of the loop, without a flush: 1 MiB, of which the addon takes 256 KiB at a time.
  let sent = 0;
  while (socket.send(handle, new Uint8Array(16_384).fill(sent), 16_384, Delivery.Reliable)) sent++;
  expect(sent).toBe(64);
  socket.flush();
  await vi.waitUntil(() => packets.length === sent && writable.length > 0);
  expect(packets.every((packet, number) => packet.length === 16_384 && packet.every((byte) => byte === number))).toBe(
    true,
  );
  expect(writable).toEqual([handle]);
});

test.skipIf(process.platform !== "linux")(
  "all sockets of a process share one thread that looks after busy loops",
  async () => {
    const threads = () => Number(/^Threads:\s(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
    const { port } = await listen();
    await connect(port);
    const before = threads();
    for (let count = 0; count < 10; count++) await connect(port);
    expect(threads()).toBeLessThan(before + 10);
  },
);

test("workers that are terminated in mid-traffic harm nobody: the others go on, and hear of their end", async () => {
  const { code, signal, lines, errors } = await startProgram("web-transport-workers", ["10"]).end();
  expect({ code, signal, lines, errors }).toEqual({ code: 0, signal: null, lines: ["terminated 10"], errors: "" });
}, 120_000);

test("a server that closes, and waits for a client, takes nobody in", async () => {
  const incoming: unknown[] = [];
  const onIncoming = (one: unknown): true => {
    incoming.push(one);
    return true;
  };
  const sendQueueBytes = 4 * 2 ** 20;
  const { socket, handles, port } = await listen({ closeTimeoutMs: 500, sendQueueBytes }, { onIncoming });
  const { socket: client } = await connect(port);
  // It reads nothing any more: 1 MiB waits in it, and the rest here.
  client.events = null;
  await vi.waitUntil(() => handles.length === 1);
  for (let count = 0; count < 192; count++) {
    socket.send(handles[0] as IConnectionHandle, new Uint8Array(16_384), 16_384, Delivery.Reliable);
  }
  const closing = socket.close();
  await expect(connect(port)).rejects.toThrow("HTTP 503");
  await closing;
  expect(incoming.length).toBe(1);
});

test.each(["server", "client"])(
  "a text that has to be cut has 120 bytes at most, never half a character: %s",
  async (side) => {
    const ends: DisconnectReason[] = [];
    const onDisconnect = (_: IConnectionHandle, reason: DisconnectReason) => void ends.push(reason);
    const { handles, port } = await listen({}, { onDisconnect });
    const { socket, handle } = await connect(port);
    await vi.waitUntil(() => handles.length === 1);
    eventsOf(socket, { onDisconnect });
    const rocket = "\u{1f680}";
    await (side === "server" ? handles[0] : handle)?.disconnect({ code: 1, text: `aa${rocket.repeat(30)}` });
    await vi.waitUntil(() => ends.length === 1);
    expect(ends).toEqual([{ code: 1, text: `aa${rocket.repeat(29)}` }]);
  },
);

test("who waits for the verdict of a server that closes is refused", async () => {
  const incoming: unknown[] = [];
  const onIncoming = (one: unknown) => {
    incoming.push(one);
    return new Promise<never>(() => {});
  };
  const { socket, port } = await listen({}, { onIncoming });
  const refused = expect(connect(port)).rejects.toThrow("HTTP 503");
  await vi.waitUntil(() => incoming.length === 1);
  await socket.close();
  await refused;
});

test("a certificate that WebTransport does not take changes nothing", async () => {
  // Its curve is known to Node, and not to ring.
  const unknown = createTlsIdentity({ curveName: "secp521r1" });
  const factory = new WebTransportSocketFactory({ port: 0, bindHost: "127.0.0.1", tls, path: "/game" });
  const socket = factory.createServerSocket();
  open.push(socket);
  eventsOf(socket, {});
  await socket.bind(factory.getBindEndPoint());
  expect(() => factory.setCertificate(unknown)).toThrow("WebTransport does not take the certificate");
  expect(factory.certificateHashes).toEqual([hash]);
  await connect(socket.boundPort as number);
});

test("with coalesceMs everything arrives as without it", async () => {
  const { packets, port } = await listen({ coalesceMs: 2 });
  const { socket, handle } = await connect(port, { coalesceMs: 2 });
  for (let number = 0; number < 50; number++) socket.send(handle, Uint8Array.of(number), 1, Delivery.Reliable);
  socket.flush();
  await vi.waitUntil(() => packets.length === 50);
  expect(packets.map(([number]) => number)).toEqual([...new Array(50).keys()]);
});
