import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ByteSegment, Channel, MAX_UNRELIABLE_MESSAGE_SIZE, PeerConnectionState } from "../../lib/peer/index.js";
import { DisconnectCode, type MemorySocketKind } from "../../lib/socket/index.js";
import { PeerWorld, text } from "../support/peer-world.js";

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];

describe.each(kinds)("over %s", (kind) => {
  test("connects, and both sides are told once", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ kind });
    expect(client.state).toBe(PeerConnectionState.Connected);
    expect(clientHandler.connected).toEqual([client]);
    expect(world.serverHandler.connected.length).toBe(1);
    expect(world.server.connections).toEqual(world.serverHandler.connected);
  });

  test("shows its session number in no log", async () => {
    const { client } = await PeerWorld.connected({ kind });
    const { session } = client as unknown as { session: number };
    expect(session).toBeTypeOf("number");
    expect(inspect(client, { depth: 5, showHidden: true })).not.toContain(String(session));
    expect(Object.keys(client)).not.toContain("session");
  });

  test("carries messages of all channels both ways", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ kind });
    world.serverHandler.reply = (connection, bytes) => connection.send(bytes, Channel.Unreliable);
    expect(client.send(text("reliable"), Channel.Reliable, 3)).toBe(true);
    expect(client.send(text("unreliable"), Channel.Unreliable)).toBe(true);
    const heard: string[] = [];
    client.sendNotify(text("notify"), { onDelivered: () => heard.push("delivered"), onLost: () => heard.push("lost") });
    await world.run(200);
    expect(world.serverHandler.messages.sort((a, b) => a.channel - b.channel)).toEqual([
      { text: "reliable", channel: Channel.Reliable, lane: 3 },
      { text: "unreliable", channel: Channel.Unreliable, lane: 0 },
      { text: "notify", channel: Channel.Notify, lane: 0 },
    ]);
    expect(clientHandler.texts.sort()).toEqual(["notify", "reliable", "unreliable"]);
    expect(heard).toEqual(["delivered"]);
  });

  test("keeps the order of each lane, and carries messages of every size", async () => {
    const { world, client } = await PeerWorld.connected({ kind, server: {} });
    const sizes = [0, 1, 63, 64, 1150, 1200, 5000, 16_383, 16_384, 20_000, 60_000];
    const expected: number[][] = [[], []];
    for (const size of [...sizes, ...sizes]) {
      for (const lane of [0, 1]) {
        expect(client.send(new Uint8Array(size).fill(size), Channel.Reliable, lane)).toBe(true);
        expected[lane]?.push(size);
      }
    }
    const received: number[][] = [[], []];
    world.serverHandler.onMessage = (_connection, message, _channel, lane) => {
      expect(message.copy().every((byte) => byte === message.length % 256)).toBe(true);
      received[lane]?.push(message.length);
    };
    await world.run(2000);
    expect(received).toEqual(expected);
  });

  test("tells the other side why it ends, after what was sent", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ kind });
    client.send(text("last words"));
    const closed = client.close({ code: 999, text: "grüße" });
    expect(clientHandler.disconnected).toEqual([{ code: 999, text: "grüße" }]);
    await world.run(500);
    expect(await closed).toEqual({ code: 999, text: "grüße" });
    expect(world.serverHandler.texts).toEqual(["last words"]);
    expect(world.serverHandler.disconnected).toEqual([{ code: 999, text: "grüße" }]);
    expect(client.send(text("too late"))).toBe(false);
    expect(world.server.connections).toEqual([]);
  });

  test("ends after timeoutMs when one side is silent", async () => {
    const { world, clientHandler } = await PeerWorld.connected({ kind });
    world.isCut = true;
    await world.run(9800, 50);
    expect(world.serverHandler.disconnected).toEqual([]);
    await world.run(400, 50);
    for (const { disconnected } of [world.serverHandler, clientHandler]) {
      expect(disconnected.map(({ code }) => code)).toEqual([DisconnectCode.Timeout]);
    }
  });

  test("stays connected for an hour without traffic of the application", async () => {
    const { world, client } = await PeerWorld.connected({ kind });
    await world.run(3_600_000, 500);
    expect(client.state).toBe(PeerConnectionState.Connected);
    expect(client.metrics.packetsSent).toBeLessThan(2 * 1900);
  });

  test("a process that stood still for a minute stays connected", async () => {
    const { world, client } = await PeerWorld.connected({ kind });
    world.clock.suspend(60_000);
    await world.run(15_000, 50);
    expect(client.state).toBe(PeerConnectionState.Connected);
    expect(world.serverHandler.disconnected).toEqual([]);
  });

  test("a hidden tab, whose timers fire once a minute, stays connected", async () => {
    const held: (() => void)[] = [];
    const world = new PeerWorld({ kind });
    await world.listen();
    let isHidden = false;
    const clock = {
      now: () => world.clock.now(),
      setTimeout: (callback: () => void, ms: number) =>
        world.clock.setTimeout(() => (isHidden ? held.push(callback) : callback()), ms),
      clearTimeout: (timer: unknown) => world.clock.clearTimeout(timer),
    };
    const { connection } = world.dial({ clock });
    await world.run(100);
    isHidden = true;
    for (let minute = 0; minute < 5; minute++) {
      await world.run(60_000, 100);
      for (const callback of held.splice(0)) callback();
    }
    expect((await connection).state).toBe(PeerConnectionState.Connected);
    expect(world.serverHandler.disconnected).toEqual([]);
  });

  test("refuses a message that is too large, and says what the limit is", async () => {
    const { client } = await PeerWorld.connected({ kind });
    const tooLarge = expect.objectContaining({
      code: "ERR_MESSAGE_SIZE",
      message: expect.stringMatching("60000.*maxReliableMessageSize"),
    });
    expect(() => client.send(new Uint8Array(60_001))).toThrow(tooLarge);
    const limit = new Uint8Array(MAX_UNRELIABLE_MESSAGE_SIZE + 1);
    expect(() => client.send(limit, Channel.Unreliable)).toThrow(expect.objectContaining({ code: "ERR_MESSAGE_SIZE" }));
    expect(() => client.send(text("x"), Channel.Reliable, 4)).toThrow(RangeError);
    expect(() => client.send(text("x"), Channel.Notify)).toThrow(RangeError);
    expect(() => client.send(text("x"), Channel.Reliable, 0, 1, 1)).toThrow(RangeError);
    expect(() => client.disconnect({ code: 1000, text: "" })).toThrow(RangeError);
    expect(client.send(new Uint8Array(MAX_UNRELIABLE_MESSAGE_SIZE), Channel.Unreliable)).toBe(true);
  });

  test("a full server refuses with ServerFull", async () => {
    const { world } = await PeerWorld.connected({ kind, server: { maxConnections: 1 } });
    const { connection } = world.dial();
    await world.run(500);
    await expect(connection).rejects.toMatchObject({ code: "ERR_SERVER_FULL" });
    expect(world.server.connections.length).toBe(1);
  });

  test("a client that leaves a full server, or is disconnected by it, makes room at once", async () => {
    const world = new PeerWorld({ kind, server: { maxConnections: 100, maxPendingConnections: 100 } });
    await world.listen();
    const clients = Array.from({ length: 100 }, () => world.dial());
    await world.run(100);
    expect(world.server.connections.length).toBe(100);
    (await clients[7]?.connection)?.disconnect();
    world.server.connections[50]?.disconnect();
    await world.run(20);
    const newcomers = [world.dial(), world.dial(), world.dial()];
    await world.run(100);
    const outcomes = await Promise.all(newcomers.map(({ connection }) => connection));
    // All three ask at once: the third hears when the others are connected.
    expect(outcomes.map(({ reason }) => reason?.code ?? "connected")).toEqual([
      ...["connected", "connected"],
      DisconnectCode.ServerFull,
    ]);
    expect(world.server.connections.length).toBe(100);
  });

  test("beforeAccept refuses with a reason of the application", async () => {
    const world = new PeerWorld({ kind });
    const asked: string[] = [];
    world.serverHandler.beforeAccept = ({ address }) => {
      asked.push(address);
      return { code: 42, text: "banned" };
    };
    await world.listen();
    const { connection } = world.dial();
    await world.run(500);
    await expect(connection).rejects.toMatchObject({ code: "ERR_REFUSED", reason: { code: 42, text: "banned" } });
    expect(asked.length).toBe(1);
    expect(world.serverHandler.connected).toEqual([]);
  });

  test("different fingerprints are a mismatch, unless the server accepts them", async () => {
    const fingerprint = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const strict = new PeerWorld({ kind, client: { fingerprint } });
    await strict.listen();
    const refused = strict.dial();
    await strict.run(500);
    await expect(refused.connection).rejects.toMatchObject({ code: "ERR_PROTOCOL_MISMATCH" });
    const { client, world } = await PeerWorld.connected({
      kind,
      client: { fingerprint },
      server: { onFingerprintMismatch: "accept" },
    });
    expect(client.fingerprintMatches).toBe(false);
    expect(world.serverHandler.connected[0]?.fingerprintMatches).toBe(false);
  });

  test("closing the Peer ends every connection with its reason", async () => {
    const { world, clientHandler } = await PeerWorld.connected({ kind });
    const second = world.dial();
    await world.run(100);
    const closed = world.server.close({ code: 7, text: "maintenance" });
    await world.run(500);
    await closed;
    for (const handler of [clientHandler, second.handler]) {
      expect(handler.disconnected).toEqual([{ code: 7, text: "maintenance" }]);
    }
  });

  test("a full queue refuses, and onDrain follows", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ kind, client: { maxQueuedBytes: 100_000 } });
    let sent = 0;
    while (client.send(new Uint8Array(10_000))) sent++;
    expect(sent).toBeGreaterThan(5);
    expect(clientHandler.drains).toBe(0);
    await world.run(2000);
    expect(clientHandler.drains).toBe(1);
    expect(world.serverHandler.messages.length).toBe(sent);
    expect(client.metrics.messagesRefused).toBe(1);
  });

  test("an exception of a handler is reported, and harms no connection", async () => {
    const { world, client } = await PeerWorld.connected({ kind });
    const seen: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => seen.push(error.message));
    try {
      world.serverHandler.reply = (_connection, bytes) => {
        if (bytes.length === 4) throw new Error("a bug");
      };
      for (const message of ["one", "boom", "two"]) client.send(text(message));
      await world.run(100);
      await new Promise((resolve) => setImmediate(resolve));
      expect(world.serverHandler.texts).toEqual(["one", "boom", "two"]);
      expect(seen).toEqual(["a bug"]);
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
  });

  test("driven manually, nothing happens in between", async () => {
    const manual = { drive: "manual" as const };
    const world = new PeerWorld({ kind, server: manual, client: manual });
    await world.listen();
    const { peer, connection, handler } = world.dial();
    for (let turn = 0; turn < 10; turn++) {
      await world.run(10);
      for (const each of [peer, world.server]) {
        each.updateReceive();
        each.updateSent();
      }
    }
    const client = await connection;
    client.send(text("hello"));
    await world.run(50);
    world.server.updateReceive();
    expect(world.serverHandler.texts).toEqual([]);
    peer.updateSent();
    await world.run(10);
    expect(world.serverHandler.texts).toEqual([]);
    world.server.updateReceive();
    expect(world.serverHandler.texts).toEqual(["hello"]);
    expect(handler.connected.length).toBe(1);
  });
});

test("a clock whose timers ring early, as those of Node.js do, misses no deadline", async () => {
  const world = new PeerWorld();
  await world.listen();
  const { now, setTimeout, clearTimeout } = world.clock;
  const clock = {
    now: now.bind(world.clock),
    setTimeout: (callback: () => void, ms: number) => setTimeout.call(world.clock, callback, ms > 2 ? ms - 2 : ms),
    clearTimeout: clearTimeout.bind(world.clock),
  };
  const { connection, handler } = world.dial({ clock });
  await world.run(100);
  expect((await connection).state).toBe(PeerConnectionState.Connected);
  world.isCut = true;
  await world.run(13_000, 50);
  expect(handler.disconnected).toMatchObject([{ code: DisconnectCode.Timeout }]);
});

test("a message can be kept, also when it lies in a Buffer, whose slices are views", () => {
  const memory = Buffer.from("kept");
  const kept = new ByteSegment().set(memory, 0, 4).copy();
  memory.fill(0);
  expect(Buffer.from(kept).toString()).toBe("kept");
});
