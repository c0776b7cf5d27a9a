import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Delivery,
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
  import { WebSocketFactory } from "./websocket.js";
  globalThis.connect = async (port) => {
    const factory = new WebSocketFactory({ host: "127.0.0.1", port });
    const socket = factory.createClientSocket();
    const client = { packets: [], reasons: [] };
    const packet = new ReceivedPacket();
    socket.events = {
      onReadable() {
        socket.tick();
        while (socket.poll()) {
          socket.receive(packet);
          client.packets.push([...packet.buffer.subarray(packet.offset, packet.offset + packet.length)]);
        }
      },
      onIncoming: () => true,
      onConnect() {},
      onDisconnect: (_, reason) => client.reasons.push(reason),
      onWritable() {},
    };
    const handle = await socket.connect(factory.getConnectEndPoint());
    client.send = (bytes) => socket.send(handle, Uint8Array.from(bytes), bytes.length, 1);
    client.disconnect = (reason) => handle.disconnect(reason);
    client.security = handle.security;
    return client;
  };
`;

let browser: Browser;
let pages: Server;
let page: Page;
let server: ISocket;
const handles: IConnectionHandle[] = [];
const reasons: DisconnectReason[] = [];
const origins: (string | undefined)[] = [];

beforeAll(async () => {
  pages = await servePage(PROGRAM, new URL("../../../lib/socket", import.meta.url).pathname);
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;

  const factory = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1", origins: [origin] });
  server = factory.createServerSocket();
  const packet = new ReceivedPacket();
  server.events = {
    onReadable() {
      server.tick();
      while (server.poll()) {
        server.receive(packet);
        server.send(packet.handle, packet.buffer.subarray(packet.offset), packet.length, Delivery.Reliable);
      }
    },
    onIncoming({ origin }) {
      origins.push(origin);
      return true;
    },
    onConnect: (handle) => handles.push(handle),
    onDisconnect: (_, reason) => reasons.push(reason),
    onWritable() {},
  };
  await server.bind(factory.getBindEndPoint());

  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(origin);
  await page.waitForFunction("globalThis.connect !== undefined");
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  pages?.close();
});

const connect = (name: string) =>
  page.evaluate(`connect(${server.boundPort}).then((client) => { globalThis.${name} = client; })`);

test("a browser gets its packets back", async () => {
  await connect("echo");
  expect(await page.evaluate("echo.send([1, 2, 255]) && echo.send(new Array(16384).fill(7))")).toBe(true);
  await page.waitForFunction("echo.packets.length === 2");
  expect(await page.evaluate("echo.packets[0]")).toEqual([1, 2, 255]);
  expect(await page.evaluate("echo.packets[1].length")).toBe(16_384);
  expect(origins).toEqual([new URL(page.url()).origin]);
});

test("a server's reason arrives in the browser", async () => {
  await connect("told");
  const reason = { code: 999, text: "\u{1f680}".repeat(30) };
  await handles.at(-1)?.disconnect(reason);
  await page.waitForFunction("told.reasons.length === 1");
  expect(await page.evaluate("told.reasons")).toEqual([reason]);
});

test("a browser's reason arrives at the server", async () => {
  await connect("leaving");
  await page.evaluate('leaving.disconnect({ code: 0, text: "bye" })');
  await expect.poll(() => reasons).toEqual([{ code: 0, text: "bye" }]);
});

test("a page that is closed is a connection lost", async () => {
  await connect("lost");
  const before = reasons.length;
  await page.goto("about:blank");
  await expect.poll(() => reasons.length).toBeGreaterThan(before);
  expect(reasons.at(-1)?.code).toBe(1003);
});
