import { expect, test } from "vitest";
import type { Clock } from "../../lib/clock.js";
import { Channel, type IConnection, Peer } from "../../lib/peer/index.js";
import { DisconnectCode, MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock } from "../../lib/testing/index.js";
import { PeerWorld } from "../support/peer-world.js";

/** A world whose Peers have timers like those of Node.js: in whole milliseconds, and up to one too early by `now`. */
async function connectedWithEarlyTimers() {
  let time = new FakeClock();
  const clock: Clock = {
    now: () => time.now(),
    setTimeout: (callback, ms) => time.setTimeout(callback, Math.max(Math.trunc(ms), 1)),
    clearTimeout: (timer) => time.clearTimeout(timer),
  };
  const world = new PeerWorld({ server: { clock }, client: { clock } });
  time = world.clock;
  await world.listen();
  const { connection, handler } = world.dial();
  await world.run(100);
  return { world, client: await connection, handler };
}

test("keeps sending Pings when timers fire too early", async () => {
  const { world, client } = await connectedWithEarlyTimers();
  const packets = client.metrics.packetsReceived;
  await world.run(20_000, 50);
  expect(client.reason).toBeNull();
  expect(client.metrics.packetsReceived - packets).toBeGreaterThan(8);
});

test("notices that the other side is gone when timers fire too early", async () => {
  const { world, handler } = await connectedWithEarlyTimers();
  world.isCut = true;
  await world.run(11_000, 50);
  expect(handler.disconnected.map(({ code }) => code)).toEqual([DisconnectCode.Timeout]);
});

test.each(["automatic", "manual"] as const)("a flood leaves turns to all others: %s", async (drive) => {
  const clock = new FakeClock();
  const factory = new MemorySocketFactory(new MemoryNetwork());
  const socket = factory.createServerSocket();
  const server = new Peer(socket, factory.maxPacketSize, { onMessage: () => {} }, { clock, drive });
  await server.bind(factory.getBindEndPoint());
  const stranger = await factory.createClientSocket().connect(factory.getConnectEndPoint());
  let waiting = Number.POSITIVE_INFINITY;
  socket.poll = () => waiting > 0;
  socket.receive = (packet) => {
    waiting--;
    Object.assign(packet, { handle: stranger, buffer: new Uint8Array(100), offset: 0, length: 100 });
  };
  const turn = drive === "manual" ? () => server.updateReceive() : () => clock.advance(0);
  if (drive === "automatic") socket.events?.onReadable();
  else turn();
  const { strayPackets } = server.metrics;
  expect(strayPackets).toBeGreaterThan(1000);
  // The rest is read without another event of the socket.
  waiting = strayPackets * 3;
  for (let turns = 0; turns < 4; turns++) turn();
  expect(waiting).toBe(0);
  expect(server.metrics.strayPackets).toBe(strayPackets * 4);
  await server.close();
});

test("a flood keeps timers waiting for 20 ms at most; a Peer that is driven by hand reads all", async () => {
  for (const drive of ["automatic", "manual"] as const) {
    const clock = new FakeClock();
    const factory = new MemorySocketFactory(new MemoryNetwork());
    const socket = factory.createServerSocket();
    const server = new Peer(socket, factory.maxPacketSize, { onMessage: () => {} }, { clock, drive });
    await server.bind(factory.getBindEndPoint());
    const stranger = await factory.createClientSocket().connect(factory.getConnectEndPoint());
    let waiting = 10_000;
    socket.poll = () => waiting > 0;
    socket.receive = (packet) => {
      waiting--;
      clock.suspend(0.1);
      Object.assign(packet, { handle: stranger, buffer: new Uint8Array(100), offset: 0, length: 100 });
    };
    const startMs = clock.now();
    let [lastMs, longestMs] = [startMs, 0];
    const beat = () => {
      longestMs = Math.max(longestMs, clock.now() - lastMs);
      lastMs = clock.now();
      if (waiting > 0) clock.setTimeout(beat, 5);
    };
    beat();
    if (drive === "manual") server.updateReceive();
    else socket.events?.onReadable();
    clock.advance(2000);
    expect(waiting).toBe(0);
    expect(server.metrics.strayPackets).toBe(10_000);
    if (drive === "manual") expect(longestMs).toBeGreaterThanOrEqual(1000);
    else expect(longestMs).toBeLessThan(40);
    await server.close();
  }
});

test("what is sent on waits for a few packets behind it, not for all that have come", async () => {
  const clock = new FakeClock();
  const factory = new MemorySocketFactory(new MemoryNetwork({ clock }));
  const socket = factory.createServerSocket();
  const leftMs: number[] = [];
  const send = socket.send.bind(socket);
  socket.send = (...packet) => {
    leftMs.push(clock.now());
    return send(...packet);
  };
  let sentOn = 0;
  const sendOn = (connection: IConnection) => {
    for (let listener = 0; listener < 64; listener++) {
      clock.suspend(0.05);
      if (connection.send(new Uint8Array(10), Channel.Unreliable)) sentOn++;
    }
  };
  const server = new Peer(socket, factory.maxPacketSize, { onMessage: sendOn }, { clock });
  await server.bind(factory.getBindEndPoint());
  const client = new Peer(factory.createClientSocket(), factory.maxPacketSize, { onMessage() {} }, { clock });
  const connecting = client.connect(factory.getConnectEndPoint());
  for (let turn = 0; turn < 100; turn++) {
    clock.advance(1);
    await Promise.resolve();
  }
  const connection = await connecting;
  for (let packet = 0; packet < 8; packet++) connection.send(new Uint8Array(1000), Channel.Unreliable);
  const startMs = clock.now();
  leftMs.length = 0;
  for (let turn = 0; turn < 100; turn++) {
    await Promise.resolve();
    clock.advance(1);
  }
  expect(sentOn).toBe(8 * 64);
  expect((leftMs[0] as number) - startMs).toBeLessThan(10); // 8 packets take 25 ms
});
