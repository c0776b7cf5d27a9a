import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Announcement } from "../../../lib/socket/websocket/websocket-server-announcement.js";
import { WebSocketFactory, type WebSocketFactoryOptions } from "../../../lib/socket/websocket-server.js";

const announcement: Announcement = { port: 4433, hashes: ["hash"] };
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function listen(options: WebSocketFactoryOptions = {}, told: Announcement | null = announcement) {
  const factory = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1", ...options });
  const socket = factory.createAnnouncingSocket(() => told);
  open.push(socket);
  await socket.bind(factory.getBindEndPoint());
  return { socket, port: socket.boundPort as number };
}

async function ask(port: number, path: string, headers: Record<string, string> = {}, method = "GET") {
  const asked = request({ port, host: "127.0.0.1", path, headers, method });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

test("tells a page the port and the hashes", async () => {
  const { port } = await listen();
  const { status, headers, text } = await ask(port, "/.webtransport", { Origin: "https://example.com" });
  expect([status, JSON.parse(text)]).toEqual([200, announcement]);
  expect(headers).toMatchObject({
    "access-control-allow-origin": "*",
    "cache-control": "no-store",
    "content-type": "application/json",
    connection: "close",
  });
  expect((await ask(port, "/")).status).toBe(426);
});

test("tells those pages only that may connect", async () => {
  const { port } = await listen({ origins: ["https://example.com"], path: "/game/" });
  const of = (origin: string) => ask(port, "/game/.webtransport?x=1", { Origin: origin });
  const ours = await of("https://example.com");
  expect([ours.status, ours.headers["access-control-allow-origin"], ours.headers.vary]).toEqual([
    200,
    "https://example.com",
    "Origin",
  ]);
  const other = await of("https://example.org");
  expect([other.status, other.text, other.headers["access-control-allow-origin"]]).toEqual([403, "", undefined]);
  expect((await ask(port, "/game/.webtransport")).status).toBe(200);
});

test("404 says that there is no WebTransport, and 405 what may be asked", async () => {
  const { port } = await listen({}, null);
  expect(await ask(port, "/.webtransport", { Origin: "https://a.example" })).toMatchObject({ status: 404, text: "" });
  expect(await ask(port, "/.webtransport", {}, "POST")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
});

test("the user's server keeps its pages, whichever of several sockets closes first", async () => {
  const http = createServer((_, response) => response.end("page")).listen(0, "127.0.0.1");
  open.push(http);
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const [one, other] = [await listen({ server: http, path: "/one" }), await listen({ server: http, path: "/other" })];
  const texts = async () => {
    const paths = ["/", "/one/.webtransport", "/other/.webtransport"];
    return Promise.all(paths.map(async (path) => (await ask(port, path)).text));
  };
  const told = JSON.stringify(announcement);
  expect(await texts()).toEqual(["page", told, told]);
  await one.socket.close();
  expect(await texts()).toEqual(["page", "page", told]);
  await other.socket.close();
  expect(await texts()).toEqual(["page", "page", "page"]);
  const again = await listen({ server: http, path: "/one" });
  expect(await texts()).toEqual(["page", told, "page"]);
  await again.socket.close();
  expect(http.listenerCount("request")).toBe(1);
});
