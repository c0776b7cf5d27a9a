import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../lib/clock.js";
import { ConnectionGuard } from "../../../lib/guard/index.js";
import { WebSocketServerDoor } from "../../../lib/socket/websocket/websocket-server-door.js";
import { WebSocketServerListener } from "../../../lib/socket/websocket/websocket-server-listener.js";
import { TrustedProxies } from "../../../lib/socket/websocket/websocket-server-proxies.js";
import { WebSocketFactory, type WebSocketFactoryOptions } from "../../../lib/socket/websocket-server.js";
import { SocketUser } from "../../support/socket-user.js";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of clean.splice(0).reverse()) await end();
});

async function listen(options: WebSocketFactoryOptions) {
  const factory = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1", ...options });
  const user = new SocketUser(factory.createServerSocket());
  clean.push(() => user.socket.close());
  await user.socket.bind(factory.getBindEndPoint());
  return { user, port: user.socket.boundPort as number };
}

const upgrade = (headers = "") =>
  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`;

/** Sends the pieces one after the other. @returns the answer, "reset", or "" when it was closed without an answer */
async function ask(port: number, ...pieces: (string | Uint8Array)[]): Promise<string> {
  const socket = connectTcp({ port, host: "127.0.0.1", noDelay: true });
  clean.push(() => socket.destroy());
  let isReset = false;
  socket.on("error", () => {
    isReset = true;
  });
  let answer = "";
  const answered = new Promise<void>((resolve) => {
    socket.on("data", (bytes) => {
      answer += bytes;
      if (answer.includes("\r\n\r\n")) resolve();
    });
    socket.on("close", () => resolve());
  });
  await once(socket, "connect").catch(() => {});
  for (const piece of pieces) await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
  await answered;
  return isReset ? "reset" : answer;
}

const v2 = (host: number[], port: number) =>
  Uint8Array.from([
    ...[13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, 0, 12],
    ...[...host, 127, 0, 0, 1, port >> 8, port & 255, 0, 80],
  ]);

const behindProxy = (guard = new ConnectionGuard()) => ({ guard, trustedProxies: ["127.0.0.1"] });

test("a refused TCP connection is reset before a byte of it is read", async () => {
  const guard = new ConnectionGuard();
  const accept = vi.spyOn(guard, "accept").mockReturnValue({ refused: "throttled" });
  const { user, port } = await listen({ guard });
  expect(await ask(port)).toBe("reset");
  expect(accept.mock.calls).toEqual([["127.0.0.1"]]);
  expect(user.incoming).toEqual([]);
  expect(user.socket.pendingConnections?.count ?? 0).toBe(0);
});

test("behind a proxy the client of the upgrade is judged, not the proxy", async () => {
  const options = behindProxy();
  const { user, port } = await listen(options);
  options.guard.ban("192.0.2.7", 60_000);
  expect(await ask(port, upgrade("X-Forwarded-For: 192.0.2.7\r\n"))).toBe("");
  expect(await ask(port, upgrade("X-Forwarded-For: 192.0.2.8\r\n"))).toMatch(/^HTTP\/1.1 101 /);
  expect(user.incoming.map(({ address }) => address.split(":")[0])).toEqual(["192.0.2.8"]);
  expect(options.guard.counters).toMatchObject({ banned: 1, passed: 1, pending: 1 });
});

test("on the user's server an upgrade is judged, and requests for pages are not", async () => {
  const server = createServer((_, response) => response.end("a page"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  clean.push(() => new Promise((resolve) => server.close(resolve)));
  clean.push(() => server.closeAllConnections());
  const guard = new ConnectionGuard();
  vi.spyOn(guard, "accept").mockReturnValue({ refused: "banned" });
  await listen({ guard, server });
  const { port } = server.address() as AddressInfo;
  expect(await ask(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/^HTTP\/1.1 200 /);
  expect(guard.accept).not.toHaveBeenCalled();
  expect(await ask(port, upgrade())).toBe("");
});

/** Connects, sends and resets, all before this process accepts: it waits for another one meanwhile. */
function sendAndReset(port: number, text: string): void {
  const program = `const socket = require("node:net").connect(${port}, "127.0.0.1", () => {
      socket.write(${JSON.stringify(text)}, () => socket.resetAndDestroy());
    });`;
  expect(spawnSync(process.execPath, ["-e", program]).status).toBe(0);
}

describe("a client that has reset its connection, whose address is no longer known, is not taken for a proxy", () => {
  const options = () => ({ guard: new ConnectionGuard(), trustedProxies: ["10.0.0.1"] });
  const forged = upgrade("X-Forwarded-For: 192.0.2.66\r\n");
  test.each([
    ["by X-Forwarded-For", forged, {}],
    ["by the PROXY protocol", `PROXY TCP4 192.0.2.66 127.0.0.1 4000 80\r\n${upgrade()}`, { proxyProtocol: true }],
  ])("on a server of its own, %s", async (_, text, more) => {
    const { guard, ...rest } = options();
    const accept = vi.spyOn(guard, "accept");
    const { user, port } = await listen({ guard, ...rest, ...more });
    sendAndReset(port, text);
    expect(await ask(port, upgrade())).toMatch(/^HTTP\/1.1 101 /); // It comes after the other one.
    expect(accept.mock.calls).toEqual([["127.0.0.1"]]);
    expect(user.incoming).toHaveLength(1);
  });

  test.each(["that listens", "that another one gives its connections"])(
    "on a server of the user's %s",
    async (kind) => {
      const server = createServer();
      const listener =
        kind === "that listens" ? server : createTcpServer((socket) => server.emit("connection", socket));
      await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
      clean.push(() => new Promise((resolve) => listener.close(resolve)));
      const { guard, ...rest } = options();
      const accept = vi.spyOn(guard, "accept");
      const { user } = await listen({ guard, server, ...rest });
      const came = once(server, "upgrade");
      sendAndReset((listener.address() as AddressInfo).port, forged);
      await came;
      expect(accept).not.toHaveBeenCalled();
      expect(user.incoming).toEqual([]);
    },
  );

  test("over a Unix socket only a proxy comes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "socket-"));
    clean.push(() => rmSync(folder, { recursive: true }));
    const server = createServer();
    const path = join(folder, "s");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    clean.push(() => new Promise((resolve) => server.close(resolve)));
    clean.push(() => server.closeAllConnections());
    const { user } = await listen({ server, ...options() });
    const proxy = connectTcp(path);
    clean.push(() => proxy.destroy());
    proxy.write(forged);
    await user.until(() => user.incoming.length === 1);
    expect(user.incoming[0]?.address).toBe("192.0.2.66:0");
  });
});

test("a client with a malformed Forwarded, which would hide its address, is refused", async () => {
  const { user, port } = await listen({ ...behindProxy(), forwardedHeader: "forwarded" });
  expect(await ask(port, upgrade('Forwarded: for="_a\r\nForwarded: for=192.0.2.7\r\n'))).toMatch(/^HTTP\/1.1 400 /);
  expect(user.incoming).toEqual([]);
});

describe("the PROXY protocol", () => {
  const text = "PROXY TCP4 192.0.2.7 127.0.0.1 4000 80\r\n";
  test.each<[string, (string | Uint8Array)[]]>([
    ["version 1", [text, upgrade()]],
    ["version 1 with the request in one packet", [text + upgrade()]],
    [
      "version 1 in pieces",
      [text.slice(0, 3), text.slice(3, 20), text.slice(20) + upgrade().slice(0, 9), upgrade().slice(9)],
    ],
    ["version 2", [v2([192, 0, 2, 7], 4000), upgrade()]],
    ["version 2 over what the header says", [v2([192, 0, 2, 7], 4000), upgrade("X-Forwarded-For: 203.0.113.9\r\n")]],
  ])("names the client: %s", async (_, pieces) => {
    const options = behindProxy();
    const { user, port } = await listen({ ...options, proxyProtocol: true });
    expect(await ask(port, ...pieces)).toMatch(/^HTTP\/1.1 101 /);
    expect(user.incoming.map(({ address }) => address)).toEqual(["192.0.2.7:4000"]);
    expect(options.guard.counters).toMatchObject({ passed: 1, pending: 1 });
  });

  test.each([
    ["version 1", "PROXY UNKNOWN\r\n"],
    ["version 2", Uint8Array.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x20, 0, 0, 0])],
  ])("without a client it is the proxy, whatever a header of HTTP says: %s", async (_, header) => {
    const { user, port } = await listen({ ...behindProxy(), proxyProtocol: true });
    expect(await ask(port, header, upgrade("X-Forwarded-For: 203.0.113.9\r\n"))).toMatch(/^HTTP\/1.1 101 /);
    expect(user.incoming.map(({ address }) => address.split(":")[0])).toEqual(["127.0.0.1"]);
  });

  test("silent clients take places as without a proxy, and the most crowded one makes room", async () => {
    const { user, port } = await listen({ ...behindProxy(), proxyProtocol: true, maxPendingConnections: 3 });
    const silent = [4000, 4001, 4002].map((from) => ask(port, v2([192, 0, 2, 66], from)));
    await vi.waitUntil(() => user.socket.pendingConnections?.count === 3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ask(port, text, upgrade())).toMatch(/^HTTP\/1.1 101 /);
    expect(await silent[0]).toBe("reset");
    expect(user.socket.pendingConnections).toMatchObject({ count: 2, sources: 1, evicted: 1 });
  });

  test("HTTP hears of a connection when its client speaks", async () => {
    const door = new WebSocketServerDoor(systemClock, 10, 10_000);
    const listener = new WebSocketServerListener(door, new TrustedProxies(["127.0.0.1"]), true, null);
    await listener.listen("127.0.0.1", 0, new AbortController().signal);
    clean.push(() => listener.close());
    clean.push(() => door.close());
    let connections = 0;
    listener.http.on("connection", () => connections++);
    const proxy = connectTcp(listener.port as number, "127.0.0.1");
    proxy.write(text);
    await vi.waitUntil(() => door.metrics.count === 1);
    expect(connections).toBe(0);
    proxy.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(String((await once(proxy, "data"))[0])).toMatch(/^HTTP\/1.1 426 /);
    expect(connections).toBe(1);
  });

  test("a banned client is reset before its request is read", async () => {
    const options = behindProxy();
    const { user, port } = await listen({ ...options, proxyProtocol: true });
    options.guard.ban("192.0.2.7", 60_000);
    expect(await ask(port, text)).toBe("reset");
    expect(user.incoming).toEqual([]);
  });

  test.each([
    ["no header", upgrade()],
    ["a malformed one", "PROXY TCP4 a b c d\r\n"],
  ])("a proxy that sends %s is reset", async (_, bytes) => {
    const { user, port } = await listen({ ...behindProxy(), proxyProtocol: true });
    expect(await ask(port, bytes)).toBe("reset");
    expect(user.incoming).toEqual([]);
  });

  test("a proxy that does not finish its header ends in time", async () => {
    const { port } = await listen({ ...behindProxy(), proxyProtocol: true, handshakeTimeoutMs: 50 });
    expect(await ask(port, "PROXY TC")).toBe("");
  });

  test.each<[string, object, string]>([
    ["no proxies", {}, "needs trustedProxies"],
    ["an empty list", { trustedProxies: [] }, "needs trustedProxies"],
    ["a server", { trustedProxies: ["127.0.0.1"], server: createServer() }, "Leave out proxyProtocol"],
  ])("is refused where nobody's header would be read: %s", (_, options, text) => {
    const make = () => new WebSocketFactory({ ...options, proxyProtocol: true });
    expect(make).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE", message: expect.stringContaining(text) }));
  });

  test("nobody but a proxy may say who it is", async () => {
    const { user, port } = await listen({ ...behindProxy(), trustedProxies: ["192.0.2.1"], proxyProtocol: true });
    expect(await ask(port, text + upgrade())).toMatch(/^HTTP\/1.1 400 /);
    expect(user.incoming).toEqual([]);
  });
});
