import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { BrowserSocketFactory, createDevelopmentCertificate } from "../../../lib/socket/browser-server.js";
import {
  type DisconnectReason,
  type IConnectionHandle,
  type ISocket,
  ReceivedPacket,
} from "../../../lib/socket/index.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { launchBrowser, servePage } from "../../support/browser-page.js";

/** Puts a client into the page that answers to calls of the test. */
const PROGRAM = `
  import { ReceivedPacket } from "./index.js";
  import { BrowserSocketFactory } from "./browser.js";
  globalThis.create = (port, options = {}) => {
    const reasons = [];
    const onFallback = (reason) => reasons.push(reason);
    const factory = new BrowserSocketFactory({ host: "127.0.0.1", port, onFallback, ...options });
    const connect = async () => {
      const socket = factory.createClientSocket();
      const client = { packets: [], ended: [], events: [] };
      const packet = new ReceivedPacket();
      socket.events = {
        onReadable() {
          socket.tick();
          for (; socket.poll(); socket.tick()) {
            socket.receive(packet);
            client.packets.push([packet.delivery, packet.lane, packet.length].join());
          }
        },
        onIncoming: () => true,
        onConnect() {},
        onDisconnect: (_, reason) => client.ended.push(reason),
        onWritable() {},
      };
      const handle = await socket.connect(factory.getConnectEndPoint());
      client.transport = handle.transport;
      client.send = (size, delivery, lane) => {
        socket.send(handle, new Uint8Array(size), size, delivery, lane);
        socket.flush();
      };
      client.close = () => socket.close();
      return client;
    };
    return { connect, reasons };
  };
`;

let browser: Browser;
let pages: Server;
let page: Page;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  pages = await servePage(PROGRAM, new URL("../../../lib/socket", import.meta.url).pathname);
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`);
  await page.waitForFunction("globalThis.create !== undefined");
}, 60_000);

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
});

/** Sends back what comes, as it came. */
function echo(socket: ISocket) {
  const packet = new ReceivedPacket();
  const connected: IConnectionHandle[] = [];
  const ended: DisconnectReason[] = [];
  socket.events = {
    onReadable() {
      socket.tick();
      for (; socket.poll(); socket.tick()) {
        socket.receive(packet);
        const { handle, buffer, offset, length, delivery, lane } = packet;
        socket.send(handle, new Uint8Array(buffer.subarray(offset, offset + length)), length, delivery, lane);
      }
      socket.flush();
    },
    onIncoming: () => true,
    onConnect: (handle) => void connected.push(handle),
    onDisconnect: (_, reason) => void ended.push(reason),
    onWritable() {},
  };
  return { connected, ended };
}

async function listen(port = 0) {
  const factory = new BrowserSocketFactory({ port, bindHost: "127.0.0.1" });
  const socket = factory.createServerSocket();
  open.push(socket);
  const seen = echo(socket as ISocket);
  await socket.bind(factory.getBindEndPoint());
  return { socket, port: socket.boundPort as number, hashes: factory.certificateHashes, ...seen };
}

const run = <Result>(program: string) => page.evaluate(program) as Promise<Result>;

test("a page that knows the TCP port is on WebTransport, with both kinds of packets", async () => {
  const { port, connected } = await listen();
  const transport = await run(`(async () => {
    globalThis.client = await create(${port}).connect();
    for (const size of [1, 1132]) client.send(size, 0, 0);
    for (const size of [1, 1132, 16384]) client.send(size, 1, 4);
    return client.transport;
  })()`);
  expect(transport).toBe("webtransport");
  await page.waitForFunction("client.packets.length === 5");
  expect((await run<string[]>("client.packets")).sort()).toEqual([
    "0,0,1",
    "0,0,1132",
    "1,4,1",
    "1,4,1132",
    "1,4,16384",
  ]);
  expect(connected.map(({ transport, isTls }) => [transport, isTls])).toEqual([["webtransport", true]]);
});

test("a server that was started again has another certificate, and its pages come back", async () => {
  const first = await listen();
  await run(`(async () => {
    globalThis.factory = create(${first.port});
    globalThis.client = await factory.connect();
  })()`);
  await first.socket.close();
  await page.waitForFunction("client.ended.length === 1");
  const second = await listen(first.port);
  expect(second.hashes).not.toEqual(first.hashes);
  expect(await run("factory.connect().then(({ transport }) => transport)")).toBe("webtransport");
  expect(await run("factory.reasons")).toEqual([]);
});

test("a certificate with another hash is none: the page is on WebSocket", async () => {
  const { port } = await listen();
  const other = createDevelopmentCertificate().hash;
  const webTransport = JSON.stringify({ certificateHashes: [other] });
  expect(
    await run(`(async () => {
      const factory = create(${port}, { webTransport: ${webTransport} });
      const { transport } = await factory.connect();
      return [transport, factory.reasons.map(({ code }) => code)];
    })()`),
  ).toEqual(["websocket", [1003]]);
});

test("where no UDP comes through, the page is on WebSocket after a second, and at once the next time", async () => {
  const silent = createSocket("udp4").bind(0, "127.0.0.1");
  await once(silent, "listening");
  open.push({ close: () => silent.close() });
  let asked = 0;
  silent.on("message", () => asked++);
  const webSockets = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1" });
  const hashes = [createDevelopmentCertificate().hash];
  const server = webSockets.createAnnouncingSocket(() => ({ port: silent.address().port, hashes }));
  open.push(server);
  const { connected } = echo(server as ISocket);
  await server.bind(webSockets.getBindEndPoint());
  expect(
    await run(`(async () => {
      globalThis.factory = create(${server.boundPort});
      globalThis.client = await factory.connect();
      return [client.transport, factory.reasons];
    })()`),
  ).toEqual(["websocket", [{ code: 1004, text: "WebTransport took longer than 1000 ms" }]]);
  expect(asked).toBeGreaterThan(0);
  await run("client.send(5, 1, 0)");
  await page.waitForFunction("client.packets.length === 1");
  const again = await run("factory.connect().then(({ transport }) => [transport, factory.reasons[1].text])");
  expect(again).toEqual(["websocket", "WebSocket was quicker"]);
  await vi.waitUntil(() => connected.length === 2);
});

test("pages of an origin that may not connect are told nothing, on either transport", async () => {
  const http = createServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  open.push(http);
  const factory = new BrowserSocketFactory({ webSocket: { server: http }, origins: ["https://example.com"] });
  const socket = factory.createServerSocket();
  open.push(socket);
  const { connected } = echo(socket as ISocket);
  await socket.bind(factory.getBindEndPoint());
  const failed = (options: object) =>
    run(`create(${socket.boundPort}, ${JSON.stringify(options)}).connect().then(() => "in", ({ code }) => code)`);
  expect(await failed({})).toBe("ERR_CONNECT_FAILED");
  const webTransport = { certificateHashes: factory.certificateHashes };
  expect(await failed({ webTransport })).toBe("ERR_CONNECT_FAILED");
  expect(connected).toEqual([]);
});
