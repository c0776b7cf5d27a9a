import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import {
  Channel,
  type IConnection,
  MAX_UNRELIABLE_MESSAGE_SIZE,
  type PeerConfig,
  SINGLE_PACKET_MESSAGE_SIZE,
} from "../../lib/peer/index.js";
import { MultiplexSocketFactory, type SocketFactory } from "../../lib/socket/index.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { text } from "../support/peer-world.js";
import { gns, type PeerPair, RealPeers, udp, webTransport } from "../support/real-peers.js";
import { createTlsIdentity } from "../support/tls-identity.js";

const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const otherKey = generateServerKey(primitives);
const keyed = { encryption: { primitives, serverKeys: [key.privateKey] } };
const pinned = { encryption: { primitives, serverKey: key.publicKey } };
const unpinned = { encryption: { primitives } };

const webSocket = () => new WebSocketFactory({ host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 });

const tls = createTlsIdentity();
let https: Server;

beforeAll(async () => {
  https = createServer(tls).listen(0, "127.0.0.1");
  await once(https, "listening");
});

afterAll(() => new Promise((resolve) => https.close(resolve)));

function secureWebSocket(): WebSocketFactory {
  const { port } = https.address() as AddressInfo;
  return new WebSocketFactory({
    host: "127.0.0.1",
    bindHost: "127.0.0.1",
    port,
    server: https,
    secure: true,
    tls: { ca: tls.cert },
  });
}

const transports: [name: string, createFactory: () => SocketFactory][] = [
  ["UDP, dgram, IPv4", () => udp({ implementation: "dgram" })],
  ["UDP, dgram, IPv6", () => udp({ implementation: "dgram", host: "::1", bindHost: "::1" })],
  ["UDP, batched, IPv4", () => udp({ implementation: "batched" })],
  ["UDP, batched, IPv6", () => udp({ implementation: "batched", host: "::1", bindHost: "::1" })],
  ["GNS", () => gns()],
  ["WebSocket", webSocket],
  ["WebSocket over TLS", secureWebSocket],
  ["WebTransport", webTransport],
];

const worlds: RealPeers[] = [];

async function listen(factory: SocketFactory, config: Partial<PeerConfig> = {}): Promise<RealPeers> {
  const world = new RealPeers(factory, config);
  worlds.push(world);
  await world.listen();
  return world;
}

afterEach(() => Promise.all(worlds.splice(0).map((world) => world.close())));

/** How a connection attempt ends. */
async function outcome(world: RealPeers, config: Partial<PeerConfig> = {}): Promise<string> {
  return world.dial(config).then(
    ([{ security }]) => security,
    ({ code }) => code,
  );
}

const filled = (size: number, seed: number) =>
  Uint8Array.from({ length: size }, (_, index) => (index * 7 + seed) & 255);

/** Sends messages of the largest sizes on each channel and lane, both ways, and compares what arrives. */
async function exchange({ client, server, clientUser, serverUser }: PeerPair): Promise<void> {
  const sides: [IConnection, typeof clientUser][] = [
    [client, serverUser],
    [server, clientUser],
  ];
  for (const [connection, receiver] of sides) {
    const from = receiver === serverUser ? server : client;
    const sizes = [0, 1, 60_000, 17];
    for (const [lane, size] of sizes.entries()) {
      for (const round of [0, 1, 2]) connection.send(filled(size, round), Channel.Reliable, lane);
    }
    connection.send(filled(MAX_UNRELIABLE_MESSAGE_SIZE, 3), Channel.Unreliable);
    connection.send(filled(MAX_UNRELIABLE_MESSAGE_SIZE, 5), Channel.Sequenced, 3);
    connection.send(filled(SINGLE_PACKET_MESSAGE_SIZE, 6), Channel.Sequenced, 2);
    const fate = new Promise((resolve) => {
      connection.sendNotify(filled(MAX_UNRELIABLE_MESSAGE_SIZE, 4), {
        onDelivered: () => resolve("delivered"),
        onLost: () => resolve("lost"),
      });
    });
    const mine = () => receiver.messages.filter((message) => message.connection === from);
    await receiver.until(() => mine().length === 16);
    for (const [lane, size] of sizes.entries()) {
      const onLane = mine().filter((message) => message.channel === Channel.Reliable && message.lane === lane);
      const expected = [0, 1, 2].map((round) => filled(size, round));
      expect(onLane.map(({ bytes }) => Buffer.from(bytes).equals(expected.shift() as Uint8Array))).toEqual([
        true,
        true,
        true,
      ]);
    }
    for (const [channel, seed] of [
      [Channel.Unreliable, 3],
      [Channel.Notify, 4],
    ] as const) {
      const [message] = mine().filter((one) => one.channel === channel);
      expect(message?.bytes).toEqual(filled(MAX_UNRELIABLE_MESSAGE_SIZE, seed));
    }
    const sequenced = mine().filter((one) => one.channel === Channel.Sequenced);
    expect(sequenced.map(({ lane, bytes }) => [lane, bytes.length, bytes[0]])).toEqual([
      [3, MAX_UNRELIABLE_MESSAGE_SIZE, 5],
      [2, SINGLE_PACKET_MESSAGE_SIZE, 6],
    ]);
    expect(await fate).toBe("delivered");
  }
}

describe.each(transports)("over %s", (_name, createFactory) => {
  test("every channel and lane carries every size both ways", async () => {
    const world = await listen(createFactory());
    await exchange(await world.pair());
  });

  const longest = "ü€".repeat(24);
  test.each([
    [0, ""],
    [1, "Good bye"],
    [998, "Auf Wiedersehen, bis übermorgen ☕"],
    [999, longest],
  ])("a reason arrives equal at either end: code %i, text %j", async (code, words) => {
    const world = await listen(createFactory());
    const reason = { code, text: words };
    const first = await world.pair();
    first.client.send(text("last words"));
    expect(await first.client.close(reason)).toEqual(reason);
    expect(await first.server.closed).toEqual(reason);
    expect(world.user.messages.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(["last words"]);

    const second = await world.pair();
    second.server.send(text("last words"));
    expect(await second.server.close(reason)).toEqual(reason);
    expect(await second.client.closed).toEqual(reason);
    expect(second.clientUser.messages.length).toBe(1);
    expect(world.user.ends).toEqual([reason, reason]);
  });

  test("a closing server tells its clients why, and a closing client the server", async () => {
    const world = await listen(createFactory());
    const { client } = await world.pair();
    await world.server.close({ code: 5, text: "Maintenance" });
    expect(await client.closed).toEqual({ code: 5, text: "Maintenance" });
  });

  test("a full server refuses clients until one leaves", async () => {
    const world = await listen(createFactory(), { maxConnections: 1 });
    const { client, server } = await world.pair();
    expect(await outcome(world)).toBe("ERR_SERVER_FULL");
    await client.close();
    await server.closed;
    expect(await outcome(world)).not.toMatch(/^ERR/);
  });

  test("a refusal of the application arrives with its code and text", async () => {
    const world = await listen(createFactory());
    const reason = { code: 42, text: "Nicht für dich" };
    world.user.beforeAccept = () => reason;
    await expect(world.dial()).rejects.toMatchObject({ code: "ERR_REFUSED", reason });
    expect(world.user.connected).toEqual([]);
  });

  test("another fingerprint is refused", async () => {
    const world = await listen(createFactory(), { fingerprint: filled(8, 1) });
    expect(await outcome(world, { fingerprint: filled(8, 2) })).toBe("ERR_PROTOCOL_MISMATCH");
    expect(await outcome(world, { fingerprint: filled(8, 1) })).not.toMatch(/^ERR/);
  });
});

describe.each(transports.slice(0, 5))("encryption of our own over %s", (name, createFactory) => {
  test.each([
    ["a pinned key", pinned, "authenticated"],
    ["no pinned key", unpinned, "encrypted"],
  ])("a client with %s", async (_name, config, security) => {
    const world = await listen(createFactory(), keyed);
    const pair = await world.pair(config);
    expect([pair.client.security, pair.server.security]).toEqual([security, security]);
    expect(pair.client.channelBinding).toHaveLength(32);
    expect(pair.server.channelBinding).toEqual(pair.client.channelBinding);
    await exchange(pair);
  });

  test("a client with the wrong key, or without encryption, is refused", async () => {
    const wrong = { encryption: { primitives, serverKey: otherKey.publicKey } };
    const world = await listen(createFactory(), keyed);
    expect(await outcome(world, wrong)).toBe("ERR_SERVER_KEY_MISMATCH");
    expect(await outcome(world)).toBe("ERR_ENCRYPTION_REQUIRED");
    const plain = await listen(createFactory());
    expect(await outcome(plain, pinned)).toBe("ERR_ENCRYPTION_UNSUPPORTED");
    expect(await outcome(plain)).toBe(name === "GNS" ? "encrypted" : "none");
    expect(world.user.connected).toEqual([]);
  });
});

test("a client with a pinned key accepts a WebSocket over TLS with a good certificate, and nothing less", async () => {
  expect(await outcome(await listen(secureWebSocket(), keyed), pinned)).toBe("authenticated");
  expect(await outcome(await listen(webSocket(), keyed), pinned)).toBe("ERR_ENCRYPTION_REQUIRED");
});

test("over WebTransport without Noise, TLS satisfies a pinned key and a server that requires encryption", async () => {
  const required = { encryption: { ...keyed.encryption, required: true } };
  for (const config of [pinned, unpinned, {}]) {
    const world = await listen(webTransport(), required);
    const { client, server } = await world.pair(config);
    expect([client.security, server.security]).toEqual(["authenticated", "encrypted"]);
    expect([client.channelBinding, server.channelBinding]).toEqual([null, null]);
  }
});

describe("one Peer for players of UDP, GNS, WebSocket and WebTransport at once", () => {
  test("knows the security of each, and serves each as its transport can", async () => {
    const factories = [udp(), gns(), webSocket(), webTransport()];
    const world = await listen(new MultiplexSocketFactory(...factories), {
      encryption: { ...keyed.encryption, required: false },
    });
    const { boundPorts } = world.serverSocket as unknown as { boundPorts: number[] };
    const expected = [
      [{}, "none", { isStateful: false, reliable: false }],
      [pinned, "authenticated", { isStateful: false, reliable: false }],
      [{}, "encrypted", { isStateful: true, reliable: true, ordered: false }],
      [{}, "none", { isStateful: true, reliable: true, ordered: true, transport: "websocket" }],
      [{}, "encrypted", { isStateful: true, reliable: true, ordered: false, isTls: true, transport: "webtransport" }],
    ] as const;
    const transport = [0, 0, 1, 2, 3];
    const pairs: PeerPair[] = [];
    for (const [index, [config]] of expected.entries()) {
      const at = transport[index] as number;
      const [client, clientUser] = await world.dial(config, boundPorts[at], factories[at]);
      const server = await world.user.until(() => world.user.connected[index]);
      pairs.push({ client, clientUser, server, serverUser: world.user });
    }
    for (const [index, [, security, handle]] of expected.entries()) {
      expect(pairs[index]?.server).toMatchObject({ security, handle });
    }
    await Promise.all(pairs.map(exchange));
    for (const [code, { client }] of pairs.entries()) await client.close({ code, text: `${code}` });
    const reasons = await Promise.all(pairs.map(({ server }) => server.closed));
    expect(reasons.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4]);
  });
});
