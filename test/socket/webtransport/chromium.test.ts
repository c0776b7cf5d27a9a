import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Delivery, type DisconnectReason, type IConnectionHandle, ReceivedPacket } from "../../../lib/socket/index.js";
import { createDevelopmentCertificate } from "../../../lib/socket/tls/development-certificate.js";
import { WebTransportSocketFactory } from "../../../lib/socket/webtransport-server.js";
import { launchBrowser, launchTrustingBrowser, servePage } from "../../support/browser-page.js";
import { startProgram } from "../../support/program.js";
import { createTlsIdentity } from "../../support/tls-identity.js";

// A page that uses the browser's factory: it sends packets, takes what comes back, and says how it ended.
const CODE = `
import { Delivery, ReceivedPacket } from "../../../lib/socket/socket.js";
import { WebTransportSocketFactory } from "../../../lib/socket/webtransport.js";
const sizes = { [Delivery.Unreliable]: [1, 64, 1132], [Delivery.Reliable]: [1, 64, 1132, 16384] };
globalThis.play = async ({ port, certificateHashes, path = "/game" }) => {
  const factory = new WebTransportSocketFactory({ host: "127.0.0.1", port, path, certificateHashes });
  const socket = factory.createClientSocket();
  const echoed = [];
  let ended;
  const end = new Promise((resolve) => { ended = resolve; });
  const packet = new ReceivedPacket();
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        echoed.push([packet.delivery, packet.lane, packet.length, packet.buffer[packet.offset]].join());
      }
      socket.flush();
    },
    onIncoming: () => true, onConnect() {}, onWritable() {},
    onDisconnect: (_, reason) => ended(reason),
  };
  const handle = await socket.connect(factory.getConnectEndPoint()).catch((error) => error.code);
  if (typeof handle === "string") return { failed: handle };
  for (const delivery of [Delivery.Unreliable, Delivery.Reliable]) {
    for (const size of sizes[delivery]) {
      for (const lane of delivery === Delivery.Reliable ? [0, 3, 5] : [0]) {
        socket.send(handle, new Uint8Array(size).fill(7), size, delivery, lane);
      }
    }
  }
  socket.flush();
  const reason = await end;
  await socket.close();
  return { echoed, reason };
};
if (globalThis.document === undefined) {
  globalThis.onmessage = async ({ data }) => postMessage(await globalThis.play(data));
  postMessage("ready");
} else {
  globalThis.playInWorker = (options) => new Promise((resolve, reject) => {
    const worker = new Worker("/stdin.js", { type: "module" });
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }) => data === "ready" ? worker.postMessage(options) : resolve(data);
  });
}
globalThis.join = async ({ port, certificateHashes, path = "/" }) => {
  const factory = new WebTransportSocketFactory({ host: "127.0.0.1", port, path, certificateHashes });
  const socket = factory.createClientSocket();
  globalThis.ended = new Promise((resolve) => {
    const onReadable = () => socket.tick();
    socket.events = { onReadable, onWritable() {}, onDisconnect: (_, reason) => resolve(reason) };
  });
  await socket.connect(factory.getConnectEndPoint());
};
globalThis.leave = async ({ port, certificateHashes }) => {
  const factory = new WebTransportSocketFactory({ host: "127.0.0.1", port, path: "/game", certificateHashes });
  const socket = factory.createClientSocket();
  const handle = await socket.connect(factory.getConnectEndPoint());
  await handle.disconnect({ code: 12, text: "I leave" });
};
`;

let browser: Browser;
let pages: Server;
let page: Page;
beforeAll(async () => {
  browser = await launchBrowser();
  pages = await servePage(CODE, import.meta.dirname);
  await new Promise<void>((resolve) => void pages.listen(0, "127.0.0.1", resolve));
  page = await browser.newPage();
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.play !== undefined");
}, 60_000);
afterAll(async () => {
  await browser?.close();
  pages?.close();
});

/** Echoes what comes; after as many packets as the page sends, or as are wanted, it ends the connection. */
async function listen(
  packets: number,
  onEnd: (reason: DisconnectReason) => void = () => {},
  { hash = "", ...tls }: { cert: string; key: string; hash?: string } = createDevelopmentCertificate(),
) {
  const factory = new WebTransportSocketFactory({ bindHost: "127.0.0.1", port: 0, path: "/game", tls });
  const socket = factory.createServerSocket();
  const received: string[] = [];
  const incoming: unknown[] = [];
  const packet = new ReceivedPacket();
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        const { handle, delivery, lane, length, offset } = packet;
        received.push([delivery, lane, length, packet.buffer[offset]].join());
        socket.send(handle, packet.buffer.slice(offset, offset + length), length, delivery, lane);
        if (received.length === packets) void handle.disconnect({ code: 42, text: "enough" });
      }
      socket.flush();
    },
    onIncoming: (one) => {
      incoming.push(one);
      return true;
    },
    onConnect(_: IConnectionHandle) {},
    onDisconnect: (_, reason) => onEnd(reason),
    onWritable() {},
  };
  await socket.bind(factory.getBindEndPoint());
  return { socket, factory, received, incoming, port: socket.boundPort as number, certificateHashes: [hash] };
}

const lanes = [0, 3, 5];
const expected = [
  ...[1, 64, 1132].map((size) => [Delivery.Unreliable, 0, size, 7].join()),
  ...[1, 64, 1132, 16384].flatMap((size) => lanes.map((lane) => [Delivery.Reliable, lane, size, 7].join())),
].sort();

test("packets of a page come and go over datagrams and lanes, and a reason reaches it behind them", async () => {
  const { socket, received, incoming, port, certificateHashes } = await listen(expected.length);
  const result = await page.evaluate(`play(${JSON.stringify({ port, certificateHashes })})`);
  const { echoed, reason } = result as { echoed: string[]; reason: DisconnectReason };
  expect(received.sort()).toEqual(expected);
  expect(reason).toEqual({ code: 42, text: "enough" });
  const reliable = (list: string[]) => list.filter((text) => text.startsWith(`${Delivery.Reliable}`)).sort();
  expect(reliable(echoed)).toEqual(reliable(expected));
  expect(echoed.length).toBe(expected.length);
  const origin = `http://localhost:${(pages.address() as AddressInfo).port}`;
  expect(incoming).toEqual([expect.objectContaining({ path: "/game", origin, security: "encrypted" })]);
  await socket.close();
}, 60_000);

test("a page's worker plays as the page does", async () => {
  const { socket, received, port, certificateHashes } = await listen(expected.length);
  const result = await page.evaluate(`playInWorker(${JSON.stringify({ port, certificateHashes })})`);
  expect(result).toHaveProperty("reason", { code: 42, text: "enough" });
  expect(received.sort()).toEqual(expected);
  await socket.close();
}, 60_000);

test.each(["exit", "SIGTERM"])(
  "a page hears the reason of a server whose process ends: %s",
  async (how) => {
    const certificate = createDevelopmentCertificate();
    for (let round = 0; round < 10; round++) {
      const server = startProgram("farewell", ["webtransport", "0", "true", JSON.stringify(certificate)]);
      const port = Number(await server.line("ready"));
      await page.evaluate(`join(${JSON.stringify({ port, certificateHashes: [certificate.hash] })})`);
      if (how === "exit") server.child.stdin?.write("exit");
      else server.child.kill("SIGTERM");
      expect(await page.evaluate("ended")).toEqual({ code: 1025, text: "The process ended" });
      await server.end();
    }
  },
  60_000,
);

test("a browser that stands still while the server gives it up still hears why", async () => {
  const { socket, port, certificateHashes } = await listen(Number.POSITIVE_INFINITY);
  let joined: (handle: IConnectionHandle) => void = () => {};
  const join = new Promise<IConnectionHandle>((resolve) => {
    joined = resolve;
  });
  Object.assign(socket.events as object, { onConnect: joined });
  await page.evaluate(`join(${JSON.stringify({ port, certificateHashes, path: "/game" })})`);
  const handle = await join;
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const { id = 0 } = processInfo.find(({ type }) => type.includes("NetworkService")) ?? {};
  expect(id).toBeGreaterThan(0);
  process.kill(id, "SIGSTOP");
  try {
    await handle.disconnect({ code: 42, text: "enough" });
  } finally {
    process.kill(id, "SIGCONT");
  }
  expect(await page.evaluate("ended")).toEqual({ code: 42, text: "enough" });
  await socket.close();
}, 60_000);

test("a page that leaves says why, and one with another certificate or path fails", async () => {
  let ended: (reason: DisconnectReason) => void = () => {};
  const end = new Promise<DisconnectReason>((resolve) => {
    ended = resolve;
  });
  const { socket, port, certificateHashes } = await listen(1, ended);
  await page.evaluate(`leave(${JSON.stringify({ port, certificateHashes })})`);
  expect(await end).toEqual({ code: 12, text: "I leave" });
  const other = [createDevelopmentCertificate().hash];
  const failed = { failed: "ERR_CONNECT_FAILED" };
  expect(await page.evaluate(`play(${JSON.stringify({ port, certificateHashes: other })})`)).toEqual(failed);
  expect(await page.evaluate(`play(${JSON.stringify({ port, certificateHashes, path: "/other" })})`)).toEqual(failed);
  await socket.close();
}, 60_000);

test("a certificate that replaces another one is that of the next connections", async () => {
  const { socket, factory, port, certificateHashes } = await listen(expected.length);
  const { hash, ...tls } = createDevelopmentCertificate();
  factory.setCertificate(tls);
  expect(await page.evaluate(`play(${JSON.stringify({ port, certificateHashes })})`)).toHaveProperty("failed");
  const played = await page.evaluate(`play(${JSON.stringify({ port, certificateHashes: [hash] })})`);
  expect(played).toHaveProperty("reason", { code: 42, text: "enough" });
  await socket.close();
}, 60_000);

test("a certificate of an authority needs no hash, and one of a stranger is refused", async () => {
  const authority = createTlsIdentity();
  // Without this switch Chromium asks for an authority that the whole web knows.
  const trusting = await launchTrustingBrowser(authority.cert, ["--webtransport-developer-mode"]);
  try {
    const other = await trusting.newPage();
    await other.goto(page.url());
    await other.waitForFunction("globalThis.play !== undefined");
    const { socket, port } = await listen(
      expected.length,
      undefined,
      createTlsIdentity({ issuer: authority, days: 90 }),
    );
    expect(await other.evaluate(`play({ port: ${port} })`)).toHaveProperty("reason", { code: 42, text: "enough" });
    await socket.close();
    const stranger = createTlsIdentity({ issuer: createTlsIdentity() });
    const { socket: refused, port: refusedPort } = await listen(1, undefined, stranger);
    expect(await other.evaluate(`play({ port: ${refusedPort} })`)).toEqual({ failed: "ERR_CONNECT_FAILED" });
    await refused.close();
  } finally {
    await trusting.close();
  }
}, 60_000);
