import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Endpoint, Library } from "../../lib/index.js";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  NetworkClient,
  type NetworkError,
  NetworkServer,
  type NetworkServerOptions,
  RequestRefusedError,
} from "../../lib/message/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { GnsSocketFactory } from "../../lib/socket/gns.js";
import { MemoryNetwork, MemorySocketFactory, type SocketFactory } from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";

/** Breaks its line, clears the screen, turns the order round, hides characters. */
const TEXT = "no\n\u001b[2J\u202egpj\u2066\u200b\u009b\u2028x";
const SHOWN = "no\\u{a}\\u{1b}[2J\\u{202e}gpj\\u{2066}\\u{200b}\\u{9b}\\u{2028}x";
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const Note = defineMessage("note", u8);
const Ask = defineRequest("ask", u8, u8);
const newProtocol = () => defineProtocol({ name: "texts", version: 1, messages: [Note, Ask] });

const memory = new MemorySocketFactory(new MemoryNetwork());
const transports: Record<string, () => SocketFactory> = {
  memory: () => memory,
  GNS: () => new GnsSocketFactory({ port: 0 }),
  "UDP, batched": () => new UdpSocketFactory({ port: 0, implementation: "batched" }),
  "UDP, dgram": () => new UdpSocketFactory({ port: 0, implementation: "dgram" }),
  WebSocket: () => new WebSocketFactory({ port: 0 }),
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function start(make: () => SocketFactory, options: Partial<NetworkServerOptions> = {}) {
  const server = new NetworkServer({ protocol: newProtocol(), socketFactory: make(), ...options });
  await server.start();
  cleanups.push(() => server.stop());
  const lines: string[] = [];
  const warnings: string[] = [];
  const client = new NetworkClient({
    protocol: newProtocol(),
    socketFactory: make(),
    trace: (line) => void lines.push(line),
    logger: { warn: (text) => void warnings.push(text) },
  });
  cleanups.push(() => client.disconnect());
  const connect = () => client.connect({ host: "127.0.0.1", port: server.boundPort ?? 1 });
  return { server, client, lines, warnings, connect };
}

const failureOf = (promise: Promise<unknown>): Promise<NetworkError> =>
  promise.then(
    () => expect.unreachable("it did not fail"),
    (error) => error,
  );

describe.each(Object.entries(transports))("%s", (_name, make) => {
  test("the refusal of a hostile server stays in one line of the error, and raw in reason", async () => {
    const { connect, lines } = await start(make, { beforeAccept: () => ({ code: 7, text: TEXT }) });
    const error = await failureOf(connect());
    expect(error).toMatchObject({ code: "ERR_REFUSED", reason: { code: 7, text: TEXT } });
    expect(error.message).toContain(SHOWN);
    expect(error.message).not.toMatch(UNSAFE);
    expect(lines.join("")).not.toMatch(UNSAFE);
  });

  test("what a hostile server says later is raw in the event, and escaped in errors and the trace", async () => {
    const { client, connect, lines, server } = await start(make);
    server.messageHandler.registerRequest(Ask, () => {
      throw new RequestRefusedError(TEXT);
    });
    const player = await connect();
    const refusal = await failureOf(player.request(Ask, 1));
    expect(refusal).toMatchObject({ code: "ERR_REQUEST_REFUSED", message: SHOWN, reason: { code: 0, text: TEXT } });
    const left = new Promise((resolve) => client.on("disconnected", resolve));
    for (const one of server.players) one.disconnect({ code: 8, text: TEXT });
    expect(await left).toMatchObject({ code: 8, text: TEXT });
    expect(lines.filter((line) => line.includes("connection_closed"))).toHaveLength(1);
    expect(lines.map((line) => JSON.parse(line)).at(-1)).toMatchObject({ data: { code: 8, reason: TEXT } });
    expect(lines.join("")).not.toMatch(UNSAFE);
  });

  test("what a hostile client says when it leaves is raw in the event and escaped in the trace", async () => {
    const lines: string[] = [];
    const { client, connect, server } = await start(make, { trace: (line) => void lines.push(line) });
    await connect();
    const left = new Promise((resolve) => server.on("disconnected", (_player, reason) => resolve(reason)));
    await client.disconnect({ code: 9, text: TEXT });
    expect(await left).toMatchObject({ code: 9, text: TEXT });
    expect(lines.map((line) => JSON.parse(line)).at(-1)).toMatchObject({ data: { code: 9, reason: TEXT } });
    expect(lines.join("")).not.toMatch(UNSAFE);
  });
});

test("an Endpoint's error shows the text of a hostile listener in one line", async () => {
  Library.initialize();
  const server = new Endpoint();
  cleanups.push(() => server.destroy());
  const { port } = server.listen({ host: "127.0.0.1", beforeAccept: () => ({ code: 7, text: TEXT }) });
  const client = new Endpoint();
  cleanups.push(() => client.destroy());
  const error = await failureOf(client.connect({ host: "127.0.0.1", port }));
  expect(error).toMatchObject({ code: "ERR_REFUSED", reason: { code: 7, text: TEXT } });
  expect(error.message).toContain(`the server refused: ${SHOWN}`);
  expect(error.message).not.toMatch(UNSAFE);
});

const answers: [string, string, string][] = [
  ["a status line", "HTTP/1.1 403 \u009b31m\u0085red\r\n\r\n", "HTTP 403"],
  ["a status line of 10,000 characters", `HTTP/1.1 403 ${"x".repeat(10_000)}\r\n\r\n`, "HTTP 403 xxx"],
  ["a code that no transport carries", "HTTP/1.1 403 No\r\nDisconnect-Code: 70000\r\n\r\n", "HTTP 403 No"],
  ["a body", `HTTP/1.1 403 No\r\nDisconnect-Code: 7\r\nConnection: close\r\n\r\n${TEXT}`, SHOWN],
  ["a body of 1 MB", `HTTP/1.1 403 No\r\nDisconnect-Code: 7\r\n\r\n${TEXT.repeat(50_000)}`, "HTTP 403 No"],
];
test.each(answers)("%s of a hostile web server is shown in one short line", async (_what, answer, shown) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.from(answer, answer.includes("\u009b31m") ? "latin1" : "utf8")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => server.close());
  const { port } = server.address() as { port: number };
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory: new WebSocketFactory() });
  const error = await failureOf(client.connect({ host: "127.0.0.1", port }));
  expect(error.message).toContain(shown);
  expect(error.message).not.toMatch(UNSAFE);
  expect(error.message.length).toBeLessThan(1000);
});
