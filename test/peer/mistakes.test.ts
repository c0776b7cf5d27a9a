import { expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { Channel, type IConnection, Peer, PeerConnectionState } from "../../lib/peer/index.js";
import { describeServer } from "../../lib/peer/peer-error.js";
import { GnsPeer, NetworkingIdentity } from "../../lib/socket/gns.js";
import {
  LagSocketFactory,
  MemoryNetwork,
  MemorySocketFactory,
  type MemorySocketKind,
  WebSocketClientFactory,
} from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { PeerWorld, Recorder, text } from "../support/peer-world.js";

const wrong: [string, unknown][] = [
  ["a text", "hello"],
  ["a buffer", new ArrayBuffer(3)],
  ["an object", { length: 3 }],
  ["wide elements", new Uint16Array([1, 2])],
  ["nothing", undefined],
];

async function connected() {
  const world = new PeerWorld();
  await world.listen();
  const { connection } = world.dial();
  await world.run(500);
  return { world, client: await connection };
}

test.each(wrong)("what is sent has to be bytes, and %s takes nothing of the lane's place", async (_, value) => {
  const { world, client } = await connected();
  const isTypeError = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
  const tries: ((connection: IConnection) => void)[] = [
    (connection) => connection.send(value as Uint8Array, Channel.Reliable),
    (connection) => connection.send(value as Uint8Array, Channel.Unreliable),
    (connection) => connection.sendNotify(value as Uint8Array, { onDelivered() {}, onLost() {} }),
  ];
  if (value !== undefined) tries.push((connection) => connection.openStream(value as Uint8Array));
  for (const attempt of tries) expect(() => attempt(client)).toThrow(isTypeError);
  client.send(text("after"), Channel.Reliable);
  await world.run(200);
  expect(world.serverHandler.messages.map((message) => JSON.stringify(message)).join()).toContain("after");
});

const newPeer = (encryption: object) => {
  const factory = new MemorySocketFactory(new MemoryNetwork());
  const handler = new Recorder();
  return new Peer(factory.createClientSocket(), factory.maxPacketSize, handler, { encryption } as object);
};

test("a server key that is undefined is a mistake, and no client that trusts everybody", () => {
  const primitives = nodePrimitives();
  expect(() => newPeer({ primitives, serverKey: undefined })).toThrow("encryption.serverKey must be");
  expect(() => newPeer({ serverKey: generateServerKey(primitives).publicKey })).toThrow(
    "encryption needs the option primitives: primitives must be",
  );
  expect(() => newPeer({ primitives, serverkey: "" })).toThrow("did you mean serverKey");
  expect(() => newPeer({ primitives })).not.toThrow();
});

test.each([
  ["memory", new MemorySocketFactory(new MemoryNetwork())],
  ["UDP", new UdpSocketFactory({ port: 0 })],
  ["WebSocket", new WebSocketClientFactory()],
])("nobody connects to port 0: %s", (_, factory) => {
  expect(() => factory.getConnectEndPoint("127.0.0.1", 0)).toThrow(
    expect.objectContaining({ code: "ERR_OUT_OF_RANGE", message: "port must be a whole number from 1 to 65535" }),
  );
});

test.each([new Error("enough"), "enough", null])(
  "a connect rejects with the reason of its signal: %s",
  async (reason) => {
    const world = new PeerWorld();
    const peer = world.newPeer(world.factory.createClientSocket(), new Recorder());
    const controller = new AbortController();
    const connecting = peer.connect(world.factory.getConnectEndPoint(), { signal: controller.signal });
    connecting.catch(() => {});
    await world.run(100);
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
  },
);

test("Peer.connect refuses an option that it does not have", async () => {
  const world = new PeerWorld();
  const peer = world.newPeer(world.factory.createClientSocket(), new Recorder());
  const connecting = peer.connect(world.factory.getConnectEndPoint(), { sginal: null } as object);
  await expect(connecting).rejects.toThrow("did you mean signal");
});

test("a new object of lag conditions takes effect on sockets that exist", async () => {
  let lag: LagSocketFactory | null = null;
  const world = new PeerWorld({
    wrap: (plain, clock) => {
      lag = new LagSocketFactory(plain, { clock });
      return lag;
    },
  });
  await world.listen();
  const { connection } = world.dial();
  await world.run(500);
  const client = await connection;
  (lag as unknown as LagSocketFactory).conditions = { loss: 1 };
  client.send(text("lost"), Channel.Unreliable);
  await world.run(500);
  expect(world.serverHandler.messages).toEqual([]);
  expect(() => {
    (lag as unknown as LagSocketFactory).conditions = { los: 1 } as object;
  }).toThrow("did you mean loss");
});

test.each<MemorySocketKind>(["datagram", "reliable-lanes", "stream"])(
  "two ends of %s with another maxReliableMessageSize refuse each other, and say so",
  async (kind) => {
    const world = new PeerWorld({ kind, server: { maxReliableMessageSize: 1000 } });
    await world.listen();
    const { connection } = world.dial();
    await world.run(100);
    await expect(connection).rejects.toMatchObject({
      code: "ERR_PROTOCOL_MISMATCH",
      message: expect.stringContaining("maxReliableMessageSize has to be the same: server 1000, client 60000"),
    });
  },
);

/** A connection as JavaScript sees it. */
type Loose = Record<"send" | "openStream" | "disconnect", (...values: unknown[]) => unknown>;

test("wrong channels, lanes, places and reasons have the codes of other wrong values", async () => {
  const { client } = await connected();
  const bytes = text("hello");
  const range = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });
  const type = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
  const attempts: [(connection: Loose) => void, unknown][] = [
    [(connection) => connection.send(bytes, 9), range],
    [(connection) => connection.send(bytes, Channel.Notify), range],
    [(connection) => connection.send(bytes, "reliable"), type],
    [(connection) => connection.send(bytes, Channel.Reliable, 4), range],
    [(connection) => connection.send(bytes, Channel.Reliable, 0.5), range],
    [(connection) => connection.send(bytes, Channel.Reliable, "0"), type],
    [(connection) => connection.send(bytes, Channel.Reliable, 0, 3, 3), range],
    [(connection) => connection.openStream(new Uint8Array(1025)), range],
    [(connection) => connection.disconnect({ code: 1000, text: "" }), range],
    [(connection) => connection.disconnect({ code: "1", text: "" }), type],
    [(connection) => connection.disconnect({ code: 1, text: "x".repeat(121) }), range],
    [(connection) => connection.disconnect({ code: 1 }), type],
    [(connection) => connection.disconnect("bye"), type],
    [(connection) => connection.disconnect(null), type],
  ];
  for (const [attempt, error] of attempts) {
    expect(() => attempt(client as unknown as Loose)).toThrow(error as Error);
  }
  expect(client.state).toBe(PeerConnectionState.Connected);
});

test("a callback of a handler that is misspelt, or no function, throws", () => {
  const factory = new MemorySocketFactory(new MemoryNetwork());
  const create = (handler: object) => () =>
    new Peer(factory.createClientSocket(), factory.maxPacketSize, handler as Recorder);
  const onMessage = () => {};
  const unknown = (name: string) => expect.objectContaining({ code: "ERR_UNKNOWN_OPTION", message: name });
  expect(create({ onMessage, onDisconnect() {} })).toThrow(
    unknown("handler has no option onDisconnect; did you mean onDisconnected?"),
  );
  expect(create({ onMessage, extra: 1 })).toThrow(/no option extra/);
  expect(create({ onMessage, onDrain: true })).toThrow(/handler\.onDrain must be a function/);
  class Game extends Recorder {
    onDisconnect() {}
  }
  expect(create(new Game())).toThrow(/did you mean onDisconnected/);
  expect(create({ onMessage, onError: undefined })).not.toThrow();
  expect(create(new Recorder())).not.toThrow();
});

test("an error names the peer of a connection by signaling", () => {
  const signaling = { send: () => {}, onSignal: () => () => {} };
  const bob = new GnsPeer({ identity: NetworkingIdentity.parse("str:bob"), signaling });
  expect(describeServer({}, bob)).toBe("The peer str:bob (GNS, by signaling)");
  expect(describeServer({}, new GnsPeer({ signaling }))).toBe("The peer (GNS, by signaling)");
});
