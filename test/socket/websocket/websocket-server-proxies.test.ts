import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { TrustedProxies } from "../../../lib/socket/websocket/websocket-server-proxies.js";
import { WebSocketFactory } from "../../../lib/socket/websocket-server.js";
import { SocketUser } from "../../support/socket-user.js";

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of clean.splice(0).reverse()) await end();
});

function clientOf(
  remoteAddress: string | undefined,
  headers: Record<string, string>,
  header?: "x-forwarded-for" | "forwarded",
): string {
  const proxies = new TrustedProxies(["10.0.0.0/8", "127.0.0.1", "2001:db8::/32"], header && { header });
  const socket = { remoteAddress, remotePort: 40_000 };
  const client = proxies.clientOf({ headers, socket } as Parameters<TrustedProxies["clientOf"]>[0]);
  return client ? `${client.host} ${client.port}` : "nobody";
}

describe("the client is", () => {
  test.each([
    ["nobody's word without a proxy", "192.0.2.7", { "x-forwarded-for": "198.51.100.1" }, "192.0.2.7 40000"],
    ["the proxy without a header", "10.1.2.3", {}, "10.1.2.3 40000"],
    ["whom the proxy saw", "10.1.2.3", { "x-forwarded-for": "198.51.100.1" }, "198.51.100.1 40000"],
    [
      "the last one, not what a client wrote",
      "10.1.2.3",
      { "x-forwarded-for": "1.1.1.1, 198.51.100.1" },
      "198.51.100.1 40000",
    ],
    ["behind two proxies", "10.1.2.3", { "x-forwarded-for": "1.1.1.1, 198.51.100.1, 10.9.9.9" }, "198.51.100.1 40000"],
    ["the first if all are proxies", "10.1.2.3", { "x-forwarded-for": "10.4.4.4, 10.5.5.5" }, "10.4.4.4 40000"],
    ["with its port", "10.1.2.3", { "x-forwarded-for": "198.51.100.1:567" }, "198.51.100.1 567"],
    ["an IPv6 address", "2001:db8::5", { "x-forwarded-for": "2001:470::1" }, "2001:470::1 40000"],
    ["an IPv4 address as such", "::ffff:10.1.2.3", { "x-forwarded-for": "::ffff:198.51.100.1" }, "198.51.100.1 40000"],
    ["behind a Unix socket", undefined, { "x-forwarded-for": "198.51.100.1" }, "198.51.100.1 40000"],
    ["the proxy for what cannot be read", "127.0.0.1", { "x-forwarded-for": "1.1.1.1, nonsense" }, "127.0.0.1 40000"],
    ["without a port that is none", "10.1.2.3", { "x-forwarded-for": "198.51.100.1:99999" }, "198.51.100.1 40000"],
    ["with the highest port", "10.1.2.3", { "x-forwarded-for": "198.51.100.1:65535" }, "198.51.100.1 65535"],
    [
      "whom the proxy saw, whatever Forwarded says",
      "127.0.0.1",
      { "x-forwarded-for": "198.51.100.1", forwarded: "for=1.1.1.1" },
      "198.51.100.1 40000",
    ],
    ["the proxy if only a client's Forwarded is there", "127.0.0.1", { forwarded: "for=1.1.1.1" }, "127.0.0.1 40000"],
  ])("%s", (_, remoteAddress, headers, expected) => {
    expect(clientOf(remoteAddress, headers as Record<string, string>)).toBe(expected);
  });
});

describe("with Forwarded, the client is", () => {
  test.each([
    ["the one there", { forwarded: "for=198.51.100.1;proto=https" }, "198.51.100.1 40000"],
    ["in brackets", { forwarded: 'proto=http;For="[2001:470::1]:4711"' }, "2001:470::1 4711"],
    ["the last one", { forwarded: "for=1.1.1.1, for=198.51.100.1" }, "198.51.100.1 40000"],
    ["without a port that is none", { forwarded: 'for="198.51.100.1:99999"' }, "198.51.100.1 40000"],
    ["the proxy for somebody hidden", { forwarded: "for=_hidden" }, "127.0.0.1 40000"],
    [
      "not in a quoted string with commas",
      { forwarded: 'for=198.51.100.1;host="x,for=6.6.6.6;a=b"' },
      "198.51.100.1 40000",
    ],
    [
      "not in a quoted string with semicolons",
      { forwarded: 'host="a;for=6.6.6.6";for=198.51.100.1' },
      "198.51.100.1 40000",
    ],
    ["not behind an escape", { forwarded: 'host="a\\", for=6.6.6.6, \\"";for=198.51.100.1' }, "198.51.100.1 40000"],
    ["in a quoted string with escapes", { forwarded: 'for="\\198.51\\.100.1"' }, "198.51.100.1 40000"],
    ["there between spaces and empty elements", { forwarded: " , ;for=198.51.100.1 ; ,\t" }, "198.51.100.1 40000"],
    ["the last one, though the first is hidden", { forwarded: "for=_a,for=198.51.100.1" }, "198.51.100.1 40000"],
    ["nobody with a quote that does not end", { forwarded: 'for="6.6.6.6, for=198.51.100.1' }, "nobody"],
    ["nobody with two in one element", { forwarded: "for=6.6.6.6;For=198.51.100.1" }, "nobody"],
    ["nobody with text behind a quote", { forwarded: 'for="6.6.6.6"x, for=198.51.100.1' }, "nobody"],
    ["nobody with a space in a value", { forwarded: "for=6.6.6.6 for=198.51.100.1" }, "nobody"],
    ["nobody with a pair without a name", { forwarded: "=a;for=198.51.100.1" }, "nobody"],
    ["the proxy with nothing there", { forwarded: "" }, "127.0.0.1 40000"],
    ["the proxy without for", { forwarded: "proto=http" }, "127.0.0.1 40000"],
    [
      "the one there, whatever X-Forwarded-For says",
      { "x-forwarded-for": "1.1.1.1", forwarded: "for=198.51.100.1" },
      "198.51.100.1 40000",
    ],
    ["the proxy if only a client's X-Forwarded-For is there", { "x-forwarded-for": "1.1.1.1" }, "127.0.0.1 40000"],
  ])("%s", (_, headers, expected) => {
    expect(clientOf("127.0.0.1", headers as Record<string, string>, "forwarded")).toBe(expected);
  });
});

test.each(["10.0.0.0/33", "2001:db8::/129", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "example.com", "10.0.0.0/8/8", ""])(
  "%o is no proxy",
  (block) => {
    expect(() => new WebSocketFactory({ trustedProxies: [block] })).toThrow(RangeError);
  },
);

test("a server behind a proxy reports clients, and counts them one by one", async () => {
  const factory = new WebSocketFactory({
    ...{ port: 0, bindHost: "127.0.0.1", trustedProxies: ["127.0.0.1"], maxPendingConnections: 1 },
  });
  const user = new SocketUser(factory.createServerSocket());
  clean.push(() => user.socket.close());
  await user.socket.bind(factory.getBindEndPoint());
  // The connections of the proxy take no places.
  const waiting = connectTcp(user.socket.boundPort as number, "127.0.0.1");
  clean.push(() => waiting.destroy());
  const other = connectTcp({ port: user.socket.boundPort as number, host: "127.0.0.1", localAddress: "127.0.0.2" });
  clean.push(() => other.destroy());
  await vi.waitUntil(() => user.socket.pendingConnections?.count === 1);
  const headers = { "X-Forwarded-For": "203.0.113.9:1234" };
  const client = new WebSocket(`ws://127.0.0.1:${user.socket.boundPort}/`, { headers });
  clean.push(() => client.terminate());
  await once(client, "open");
  await user.until(() => user.connected.length === 1);
  expect([user.incoming[0]?.address, user.connected[0]?.address]).toEqual(["203.0.113.9:1234", "203.0.113.9:1234"]);
  expect([waiting.readableEnded, other.readableEnded]).toEqual([false, false]);
});
