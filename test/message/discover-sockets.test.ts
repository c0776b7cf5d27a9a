import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { askServer, defineProtocol, discover, NetworkServer } from "../../lib/message/index.js";
import { GnsSocketFactory } from "../../lib/socket/gns.js";
import { LagSocketFactory, MultiplexSocketFactory, type SocketFactory } from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { addresses, NetworkWorld, whyNoNamespaces } from "../support/network-world.js";

const protocol = defineProtocol({ name: "real", version: 1, messages: [] });

async function serve(socketFactory: SocketFactory) {
  const server = new NetworkServer({ protocol, socketFactory, info: { name: "a server", players: 2 } });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

const transports = {
  GNS: () => new GnsSocketFactory({ port: 0 }),
  "UDP, batched": () => new UdpSocketFactory({ port: 0, implementation: "batched" }),
  "UDP, dgram": () => new UdpSocketFactory({ port: 0, implementation: "dgram" }),
  WebSocket: () => new WebSocketFactory({ port: 0 }),
  "UDP with lag": () => new LagSocketFactory(new UdpSocketFactory({ port: 0 })),
};

test.each(Object.entries(transports))(
  "over %s a server tells about itself, by askServer and a list",
  async (name, make) => {
    const server = await serve(make());
    const port = server.boundPort as number;
    const expected = { host: "127.0.0.1", port, name: "a server", players: 2, places: 1000, isSameProtocol: true };
    const socketFactory = make();
    const info = await askServer({ socketFactory, protocol, host: "127.0.0.1", port, timeoutMs: 10_000 });
    expect(info).toMatchObject(expected);
    expect(info.roundTripMs).toBeGreaterThan(0);
    const servers = [
      { host: "127.0.0.1", port },
      { host: "localhost", port },
    ];
    const found = [];
    for await (const one of discover({ socketFactory, protocol, broadcast: false, servers, timeoutMs: 10_000 })) {
      found.push(one);
    }
    // A proxy may have many servers behind one address: over connections each name is one.
    const names = name.startsWith("UDP") ? [expect.any(String)] : ["127.0.0.1", "localhost"];
    found.sort((a, b) => (a.host < b.host ? -1 : 1));
    expect(found).toMatchObject(names.map((host) => ({ ...expected, host })));
    expect(server.players).toEqual([]);
  },
);

test("a server on several transports tells the same on each", async () => {
  const udp = new UdpSocketFactory({ port: 0 });
  const webSocket = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1" });
  const factory = new MultiplexSocketFactory(udp, webSocket);
  const server = await serve(new LagSocketFactory(factory, {}));
  const [udpPort, webSocketPort] = server.boundPorts as [number, number];
  expect(server.boundPort).toBe(udpPort);
  const overUdp = await askServer({ socketFactory: udp, host: "127.0.0.1", port: udpPort });
  const overWebSocket = await askServer({ socketFactory: webSocket, host: "127.0.0.1", port: webSocketPort });
  expect([overUdp.name, overWebSocket.name]).toEqual(["a server", "a server"]);
});

test.skipIf(whyNoNamespaces)(
  "a broadcast finds the servers of the local network, over either UDP, and none beyond its router",
  async () => {
    const world = new NetworkWorld();
    onTestFinished(() => world.remove());
    const start = (...given: Parameters<NetworkWorld["start"]>) => once(world.start(...given), "message");
    await Promise.all([
      start("a2", "discovery-host.mjs", ["server", "batched", "first", "second"]),
      start("routerA", "discovery-host.mjs", ["server", "dgram", "third"]),
      start("b", "discovery-host.mjs", ["server", "batched", "elsewhere"]),
      start("a", "discovery-host.mjs", ["server", "batched", "on this machine"]),
    ]);
    const [found] = await start("a", "discovery-host.mjs", ["client", "batched"]);
    const isSameProtocol = true;
    const place = (host: string, port: number, name: string) => ({ host, port, name, isSameProtocol });
    expect(found).toHaveLength(4);
    expect(found).toEqual(
      expect.arrayContaining([
        place(addresses.a2, 7777, "first"),
        place(addresses.a2, 7778, "second"),
        place("192.168.1.1", 7777, "third"),
        { ...place("", 7777, "on this machine"), host: expect.stringMatching(/^(127\.0\.0\.1|192\.168\.1\.2)$/) },
      ]),
    );
  },
);
if (whyNoNamespaces) console.warn(`Broadcasts are not tested: ${whyNoNamespaces}`);
