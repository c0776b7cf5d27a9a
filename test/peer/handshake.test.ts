import { describe, expect, test } from "vitest";
import { type PeerConfig, PeerConnectionState } from "../../lib/peer/index.js";
import {
  Delivery,
  DisconnectCode,
  type IConnectionHandle,
  type ISocket,
  ReceivedPacket,
} from "../../lib/socket/index.js";
import { PeerWorld, Recorder, seededBytes, text } from "../support/peer-world.js";

/** A client that sends what the test writes, byte by byte. */
class RawClient {
  readonly received: Uint8Array[] = [];
  readonly ends: string[] = [];
  #socket: ISocket;
  #handle!: IConnectionHandle;

  private constructor(socket: ISocket) {
    this.#socket = socket;
  }

  static async arrive(world: PeerWorld): Promise<RawClient> {
    const rawClient = new RawClient(world.factory.createClientSocket());
    const packet = new ReceivedPacket();
    const socket = rawClient.#socket;
    socket.events = {
      onReadable: () => {
        for (socket.tick(); socket.poll(); ) {
          socket.receive(packet);
          rawClient.received.push(packet.buffer.slice(packet.offset, packet.offset + packet.length));
        }
      },
      onIncoming: () => true,
      onConnect: () => {},
      onDisconnect: (_handle, { code }) => rawClient.ends.push(DisconnectCode[code] ?? `${code}`),
      onWritable: () => {},
    };
    const connecting = socket.connect(world.factory.getConnectEndPoint());
    await world.run(10);
    rawClient.#handle = (await connecting).copy();
    return rawClient;
  }

  send(packet: Uint8Array): void {
    this.#socket.send(this.#handle, packet, packet.length, Delivery.Reliable);
    this.#socket.flush();
  }
}

/** A ConnectRequest, by the table of docs/wire-format.md. */
function request(
  nonce: number,
  cookie: Uint8Array = new Uint8Array(0),
  { magic = 0x33325356, profile = 0 } = {},
): Uint8Array {
  const bytes = new Uint8Array(256);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  view.setUint32(1, magic, true);
  view.setUint32(5, nonce, true);
  bytes[13] = profile;
  view.setUint16(15, 1232, true);
  view.setUint32(17, 60_000, true);
  bytes[29] = cookie.length;
  bytes.set(cookie, 30);
  return bytes;
}

const cookieOf = (challenge: Uint8Array | undefined) => challenge?.slice(9) as Uint8Array;

const profiles = { datagram: 0, "reliable-lanes": 1, stream: 2 };

async function listening(
  server: Partial<PeerConfig> = {},
  kind: "datagram" | "reliable-lanes" | "stream" = "datagram",
) {
  const world = new PeerWorld({ kind, server });
  await world.listen();
  return world;
}

describe("a client over datagrams that is not connected", () => {
  test("gets a challenge, shorter than its request, and leaves no trace", async () => {
    const world = await listening();
    for (let count = 0; count < 200; count++) {
      const rawClient = await RawClient.arrive(world);
      rawClient.send(request(count));
      await world.run(5);
      expect(rawClient.received.map(([kind]) => kind)).toEqual([2]);
      expect(rawClient.received[0]?.length).toBeLessThan(256);
    }
    expect(world.server.metrics).toMatchObject({ challengesSent: 200, connectionsOpened: 0 });
    expect(world.clock.timerCount).toBe(0);
  });

  test.each([0, 1, 2, 41, 255])("gets no answer to %i bytes", async (size) => {
    const world = await listening();
    const rawClient = await RawClient.arrive(world);
    rawClient.send(request(1).slice(0, Math.max(size, 1)));
    await world.run(5);
    expect(rawClient.received).toEqual([]);
    expect(world.server.metrics.strayPackets).toBe(1);
  });

  test("gets nowhere with a forged cookie, a borrowed one, or an old one", async () => {
    const world = await listening();
    const [one, other] = [await RawClient.arrive(world), await RawClient.arrive(world)];
    one.send(request(7));
    await world.run(5);
    const cookie = cookieOf(one.received[0]);
    const forged = cookie.slice();
    forged[5] = (forged[5] as number) ^ 1;
    one.send(request(7, forged));
    one.send(request(8, cookie));
    other.send(request(7, cookie));
    await world.run(61_000, 1000);
    one.send(request(7, cookie));
    await world.run(5);
    // Each is challenged again: it may be the client's address that has changed.
    const kinds = [one, other].map(({ received }) => received.map(([kind]) => kind));
    expect(kinds).toEqual([[2, 2, 2, 2], [2]]);
    expect(world.server.metrics).toMatchObject({ cookiesRefused: 4, challengesSent: 5, connectionsOpened: 0 });
  });

  test("is accepted with a cookie, once, and unknown to the user until its first packet", async () => {
    const world = await listening();
    const rawClient = await RawClient.arrive(world);
    rawClient.send(request(7));
    await world.run(5);
    const cookie = cookieOf(rawClient.received[0]);
    for (let count = 0; count < 3; count++) rawClient.send(request(7, cookie));
    await world.run(5);
    const accepts = rawClient.received.slice(1);
    expect(accepts.map(([kind]) => kind)).toEqual([3, 3, 3]);
    expect(new Set(accepts.map(String)).size).toBe(1);
    expect(world.serverHandler.connected).toEqual([]);
    await world.run(6000, 50);
    expect(world.serverHandler.disconnected).toEqual([]);
    rawClient.send(request(9));
    await world.run(5);
    expect(rawClient.received.at(-1)?.[0]).toBe(2);
  });

  test("has a place while its handshake lasts, which the oldest leaves for newcomers", async () => {
    const world = await listening({ maxPendingConnections: 3 });
    const rawClients = [];
    for (let count = 0; count < 5; count++) {
      const rawClient = await RawClient.arrive(world);
      rawClient.send(request(count));
      await world.run(5);
      rawClient.send(request(count, cookieOf(rawClient.received[0])));
      await world.run(5);
      rawClients.push(rawClient);
    }
    expect(rawClients.map(({ received }) => received[1]?.[0])).toEqual([3, 3, 3, 3, 3]);
    expect(world.server.pendingConnections).toMatchObject({ count: 3, evicted: 2, refused: 0 });
    await world.run(6000, 50);
    expect(world.server.pendingConnections.count).toBe(0);
    const { connection } = world.dial();
    await world.run(100);
    expect((await connection).state).toBe(PeerConnectionState.Connected);
  });

  test("costs the server little until its first packet", async () => {
    const world = await listening();
    const rawClients: RawClient[] = [];
    for (let count = 0; count < 300; count++) {
      const rawClient = await RawClient.arrive(world);
      rawClient.send(request(count));
      await world.run(5);
      rawClients.push(rawClient);
    }
    const bytes = () => {
      gc?.();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = bytes();
    for (const [index, rawClient] of rawClients.entries()) {
      rawClient.send(request(index, cookieOf(rawClient.received[0])));
      await world.run(5);
    }
    expect(world.server.pendingConnections.count).toBe(300);
    // Measured are 3,000; the queues of a connection alone take 20,000.
    expect((bytes() - before) / rawClients.length).toBeLessThan(10_000);
  });

  test("of another version, or with another profile, is told so", async () => {
    const world = await listening();
    const reject = async (packet: Uint8Array) => {
      const rawClient = await RawClient.arrive(world);
      rawClient.send(packet);
      await world.run(5);
      const cookie = cookieOf(rawClient.received[0]);
      rawClient.send(request(7, cookie, { profile: 1 }));
      await world.run(5);
      const answer = rawClient.received.find(([kind]) => kind === 4) as Uint8Array;
      expect(answer.length).toBeLessThan(256);
      return DisconnectCode[new DataView(answer.buffer).getUint16(9, true)];
    };
    expect(await reject(request(7, undefined, { magic: 0x31325356 }))).toBe("VersionMismatch");
    expect(await reject(request(7))).toBe("ProfileMismatch");
  });
});

describe("a connection over datagrams", () => {
  test("that has ended is kept to acknowledge Close, but no more than maxConnections are", async () => {
    const { world, client } = await PeerWorld.connected({ server: { maxConnections: 2 } });
    client.disconnect();
    const outcomes = [];
    for (let count = 0; count < 4; count++) {
      const { connection } = world.dial();
      await world.run(50);
      const dialed = await connection.catch(({ code }) => code);
      if (count < 3) dialed.disconnect();
      outcomes.push(dialed.state ?? dialed);
    }
    expect(outcomes).toEqual([
      PeerConnectionState.Disconnecting,
      PeerConnectionState.Disconnecting,
      PeerConnectionState.Disconnecting,
      "ERR_SERVER_FULL",
    ]);
    await world.run(2000, 20);
    const { connection } = world.dial();
    await world.run(50);
    expect((await connection).state).toBe(PeerConnectionState.Connected);
  });

  test("is not ended, disturbed or kept alive by packets without its session", async () => {
    const { world, client } = await PeerWorld.connected();
    const rawClient = await RawClient.arrive(world);
    const recorded: Uint8Array[] = [];
    world.tap = (packet) => {
      if (packet[0] === 16) recorded.push(packet.slice());
    };
    client.send(text("hello"));
    await world.run(100);
    world.tap = null;
    // From another address even its own packets are strays.
    for (const packet of recorded) rawClient.send(packet);
    const wrongSession = (recorded[0] as Uint8Array).slice();
    wrongSession[1] = (wrongSession[1] as number) ^ 1;
    world.inject(wrongSession);
    await world.run(100);
    expect(world.serverHandler.texts).toEqual(["hello"]);
    expect(client.state).toBe(PeerConnectionState.Connected);
    expect(world.server.metrics.strayPackets).toBe(recorded.length + 1);
  });

  test("from an address that is connected replaces the old one when it has authenticated", async () => {
    const { world, clientHandler } = await PeerWorld.connected();
    const answers: Uint8Array[] = [];
    world.tap = (packet) => void answers.push(packet.slice());
    world.inject(request(7));
    world.inject(request(7, cookieOf(answers.find(([kind]) => kind === 2))));
    world.tap = null;
    const accept = answers.find(([kind]) => kind === 3) as Uint8Array;
    await world.run(50);
    expect(world.serverHandler.disconnected).toEqual([]);
    const ping = new Uint8Array(14);
    ping.set([16, ...accept.slice(9, 13), 0, 0, 0, 0, 1]);
    world.inject(ping);
    await world.run(5);
    expect(world.serverHandler.disconnected.map(({ code }) => code)).toEqual([DisconnectCode.Replaced]);
    expect(world.serverHandler.connected.length).toBe(2);
    await world.run(100);
    expect(clientHandler.disconnected.map(({ code }) => code)).toEqual([DisconnectCode.Replaced]);
  });
});

describe("a client", () => {
  test("ignores answers to requests that are not its own", async () => {
    const world = new PeerWorld({ server: { maxConnections: 1 } });
    await world.listen();
    const handler = new Recorder();
    const socket = world.factory.createClientSocket();
    const receive = socket.receive.bind(socket);
    const forged = [4, 3, 2].map((kind) => Uint8Array.of(kind, 1, 2, 3, 4, 5, 6, 7, 8, 0xf2, 3, 0));
    const poll = socket.poll.bind(socket);
    socket.poll = () => poll();
    socket.receive = (packet) => {
      receive(packet);
      const fake = forged.pop();
      if (!fake) return;
      packet.buffer = fake;
      packet.offset = 0;
      packet.length = fake.length;
    };
    const peer = world.newPeer(socket, handler, { randomBytes: seededBytes(9) });
    const connection = peer.connect(world.factory.getConnectEndPoint());
    await world.run(2000);
    expect(forged).toEqual([]);
    expect((await connection).state).toBe(PeerConnectionState.Connected);
  });

  test("ignores an Accept for packets that no message fits, and takes the one that follows", async () => {
    const world = new PeerWorld();
    await world.listen();
    let accepts = 0;
    const socket = world.factory.createClientSocket();
    const receive = socket.receive.bind(socket);
    socket.receive = (packet) => {
      receive(packet);
      if (packet.buffer[packet.offset] !== 3 || accepts++ > 0) return;
      packet.buffer = packet.buffer.slice(packet.offset);
      packet.buffer.set([100, 0], 14);
      packet.offset = 0;
    };
    const connection = world.newPeer(socket, new Recorder()).connect(world.factory.getConnectEndPoint());
    await world.run(1000);
    expect((await connection).state).toBe(PeerConnectionState.Connected);
    expect(accepts).toBe(2);
  });

  test("gives up after handshakeTimeoutMs, with a request every connectIntervalMs", async () => {
    const world = new PeerWorld();
    let requests = 0;
    world.tap = (packet) => {
      if (packet[0] === 1) requests++;
    };
    const { connection } = world.dial({ handshakeTimeoutMs: 1000, connectIntervalMs: 200 });
    await world.run(1100);
    await expect(connection).rejects.toMatchObject({ code: "ERR_CONNECT_FAILED" });
    expect(requests).toBe(5);
    await world.run(1000);
    expect(requests).toBe(5);
  });

  test.each(["attempt that failed", "connection that ended"])("has nothing open after an %s", async (what) => {
    const world = new PeerWorld({ kind: "reliable-lanes", server: { maxConnections: 1 } });
    await world.listen();
    if (what.startsWith("attempt")) world.dial();
    await world.run(50);
    const socket = world.factory.createClientSocket();
    let closes = 0;
    const close = socket.close.bind(socket);
    socket.close = () => {
      closes++;
      return close();
    };
    const connecting = world.newPeer(socket, new Recorder()).connect(world.factory.getConnectEndPoint());
    connecting.then(
      (connection) => connection.disconnect(),
      () => {},
    );
    await world.run(500);
    expect(closes).toBe(1);
  });

  test("stops when its signal aborts, and when its Peer is closed", async () => {
    const world = new PeerWorld();
    const connect = (signal?: AbortSignal) => {
      const peer = world.newPeer(world.factory.createClientSocket(), new Recorder());
      return { peer, connection: peer.connect(world.factory.getConnectEndPoint(), signal ? { signal } : {}) };
    };
    const controller = new AbortController();
    const aborted = connect(controller.signal).connection;
    const { peer, connection } = connect();
    for (const promise of [aborted, connection]) promise.catch(() => {});
    await world.run(100);
    controller.abort(new Error("enough"));
    const closed = peer.close();
    await world.run(100);
    await closed;
    await expect(aborted).rejects.toThrow("enough");
    await expect(connection).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await expect(peer.bind(world.factory.getBindEndPoint())).rejects.toMatchObject({ code: "ERR_STATE" });
    await expect(peer.connect(world.factory.getConnectEndPoint())).rejects.toMatchObject({ code: "ERR_STATE" });
    await world.run(10_000, 100);
    expect(world.clock.timerCount).toBe(0);
  });
});

describe.each(["reliable-lanes", "stream"] as const)("a client over %s", (kind) => {
  test("that sends nothing is disconnected", async () => {
    const world = await listening({ maxPendingConnections: 2 }, kind);
    const rawClient = await RawClient.arrive(world);
    await world.run(4900, 50);
    expect(rawClient.ends).toEqual([]);
    await world.run(300, 50);
    expect(rawClient.ends).toEqual(["HandshakeTimeout"]);
    const crowd = [await RawClient.arrive(world), await RawClient.arrive(world), await RawClient.arrive(world)];
    await world.run(50);
    expect(crowd.map(({ ends }) => ends)).toEqual([["ServerBusy"], [], []]);
  });

  test("that sends nothing after its request is disconnected", async () => {
    const world = await listening({ maxPendingConnections: 2 }, kind);
    const rawClients = [await RawClient.arrive(world), await RawClient.arrive(world)];
    for (const rawClient of rawClients) rawClient.send(request(1, undefined, { profile: profiles[kind] }));
    await world.run(20);
    await RawClient.arrive(world);
    await world.run(6000, 50);
    expect(rawClients.map(({ ends }) => ends)).toEqual([["ServerBusy"], ["HandshakeTimeout"]]);
    await RawClient.arrive(world);
  });

  test("that repeats its request has one connection", async () => {
    const world = await listening({}, kind);
    const rawClient = await RawClient.arrive(world);
    for (let nonce = 0; nonce < 10; nonce++) rawClient.send(request(nonce, undefined, { profile: profiles[kind] }));
    await world.run(20);
    expect(rawClient.received.map(([kind]) => kind)).toEqual([3]);
  });

  test("that is refused makes room for the next one at once", async () => {
    const world = await listening({ maxPendingConnections: 1 }, kind);
    for (let count = 0; count < 3; count++) {
      const rawClient = await RawClient.arrive(world);
      rawClient.send(request(count, undefined, { magic: 7 }));
      await world.run(20);
      expect(rawClient.ends).toEqual(["VersionMismatch"]);
    }
  });

  test("that sends something else is disconnected at once", async () => {
    const world = await listening({}, kind);
    const rawClient = await RawClient.arrive(world);
    rawClient.send(text("GET / HTTP/1.1"));
    await world.run(100);
    expect(rawClient.ends).toEqual(["InvalidPacket"]);
    expect(world.serverHandler.connected).toEqual([]);
  });
});

describe.each(["datagram", "reliable-lanes", "stream"] as const)("beforeAccept over %s", (kind) => {
  const reason = { code: 7, text: "not you" };

  test("may answer later", async () => {
    const world = new PeerWorld({ kind });
    await world.listen();
    let asked = 0;
    for (const verdict of [true, reason] as const) {
      let settle: (answer: typeof verdict) => void = () => {};
      world.serverHandler.beforeAccept = () => {
        asked++;
        return new Promise((resolve) => {
          settle = resolve;
        });
      };
      const { connection } = world.dial();
      const outcome = connection.catch((error: unknown) => error);
      await world.run(1000, 10);
      settle(verdict);
      await world.run(1000, 10);
      expect(await outcome).toMatchObject(verdict === true ? { reason: null } : { code: "ERR_REFUSED", reason });
    }
    expect(asked).toBe(2);
    expect(world.server.connections.length).toBe(1);
  });
});

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s", (kind) => {
  test("beforeAccept has as long as a handshake", async () => {
    const world = new PeerWorld({ kind, server: { handshakeTimeoutMs: 3000 } });
    await world.listen();
    let asked = 0;
    let settle: (answer: true) => void = () => {};
    world.serverHandler.beforeAccept = () => {
      asked++;
      return new Promise((resolve) => {
        settle = resolve;
      });
    };
    const { connection } = world.dial({ handshakeTimeoutMs: 30_000 });
    const outcome = connection.catch((error: { code: string }) => error.code);
    await world.run(2900, 50);
    expect(world.server.pendingConnections.count).toBe(0);
    await world.run(300, 50);
    expect(await outcome).toBe("ERR_HANDSHAKE_TIMEOUT");
    settle(true);
    await world.run(1000, 10);
    expect([world.server.connections.length, world.server.pendingConnections.count, asked]).toEqual([0, 0, 1]);
  });

  test("a Peer that closes waits for no verdict", async () => {
    const world = new PeerWorld({ kind });
    await world.listen();
    world.serverHandler.beforeAccept = () => new Promise(() => {});
    const { connection } = world.dial();
    await world.run(300, 50);
    void world.server.close();
    await world.run(300, 50);
    await expect(connection).rejects.toBeInstanceOf(Error);
    expect(world.clock.timerCount).toBe(0);
  });
});
