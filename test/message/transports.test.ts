import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import {
  type DisconnectReason,
  defineMessage,
  defineProtocol,
  NetworkClient,
  NetworkServer,
} from "../../lib/message/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { GnsSocketFactory } from "../../lib/socket/gns.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { webTransport } from "../support/real-peers.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "transports", version: 1, messages: [Note] });

test("a server and a client meet over real UDP", async () => {
  const server = new NetworkServer({ protocol: newProtocol(), socketFactory: new UdpSocketFactory({ port: 0 }) });
  await server.start();
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory: new UdpSocketFactory() });
  await client.connect({ host: "127.0.0.1", port: server.boundPort as number });
  const heard = server.messageHandler.waitFor(Note);
  client.send(Note, 7);
  expect(await heard).toBe(7);
  const left = new Promise((resolve) => client.on("disconnected", resolve));
  await server.stop({ code: 3, text: "bye" });
  expect(await left).toEqual({ code: 3, text: "bye" });
});

const transports = {
  GNS: () => new GnsSocketFactory({ port: 0 }),
  "GNS, thread": () => new GnsSocketFactory({ port: 0, driver: "thread" }),
  "UDP, batched": () => new UdpSocketFactory({ port: 0, implementation: "batched" }),
  "UDP, dgram": () => new UdpSocketFactory({ port: 0, implementation: "dgram" }),
  WebSocket: () => new WebSocketFactory({ port: 0 }),
  WebTransport: () => webTransport(),
};

test.each(Object.entries(transports))(
  "%s: what a client says at its end is heard before its disconnect resolves",
  async (_, make) => {
    const server = new NetworkServer({ protocol: newProtocol(), socketFactory: make() });
    await server.start();
    const client = new NetworkClient({ protocol: newProtocol(), socketFactory: make() });
    await client.connect({ host: "127.0.0.1", port: server.boundPort as number });
    const reasons: DisconnectReason[] = [];
    server.on("disconnected", (_player, reason) => void reasons.push(reason));
    await client.disconnect({ code: 7, text: "bye" });
    await server.stop();
    expect(reasons).toEqual([{ code: 7, text: "bye" }]);
  },
);

test.each(Object.entries(transports))(
  "%s: between two ticks a client leaves and the server stops: the client's reason counts",
  async (_, make) => {
    const server = new NetworkServer({ protocol: newProtocol(), socketFactory: make(), tickRate: 10 });
    await server.start();
    const client = new NetworkClient({ protocol: newProtocol(), socketFactory: make() });
    await client.connect({ host: "127.0.0.1", port: server.boundPort as number });
    const reasons: DisconnectReason[] = [];
    server.on("disconnected", (_player, reason) => void reasons.push(reason));
    await client.disconnect({ code: 7, text: "bye" });
    await server.stop();
    expect(reasons).toEqual([{ code: 7, text: "bye" }]);
  },
);

test("a handler that stops the server while it stops", async () => {
  const server = new NetworkServer({
    protocol: newProtocol(),
    socketFactory: new WebSocketFactory({ port: 0 }),
    tickRate: 10,
  });
  let stopped = 0;
  server.on("disconnected", () => void server.stop());
  server.on("stopped", () => void stopped++);
  await server.start();
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory: new WebSocketFactory() });
  await client.connect({ host: "127.0.0.1", port: server.boundPort as number });
  await client.disconnect();
  await server.stop();
  expect([stopped, server.active]).toEqual([1, false]);
});

test("in Node.js the default is UDP", () => {
  const program = `
    import { defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
    const protocol = defineProtocol({ name: "default", version: 1, messages: [] });
    const server = new NetworkServer({ protocol });
    await server.start();
    const client = new NetworkClient({ protocol });
    const player = await client.connect();
    console.log(server.boundPort, player.connection.handle.constructor.name);
    await client.disconnect();
    await server.stop();
  `;
  // Inside its folder the package can be imported by its own name.
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: root });
  expect(printed.toString()).toMatch(/^7777 \w*Udp\w*\n$/);
});

test("a browser loads no code of Node.js, and its default is WebSocket", async () => {
  const { outputFiles } = await build({
    entryPoints: [`${root}dist/message/index.js`],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: "unused",
    // The paths of this repository are not those of an installed package.
    tsconfigRaw: "{}",
    write: false,
  });
  const text = outputFiles.map((file) => file.text).join("\n");
  expect(text).toContain("WebSocketClientFactory");
  // A message may name it.
  expect(text).not.toMatch(/class UdpSocketFactory|UdpSocketFactory = class/);
  expect(text).not.toMatch(/["']node:/);
});
