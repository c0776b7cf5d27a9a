import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type DisconnectReason, type IConnectionHandle, ReceivedPacket } from "../../../../lib/socket/index.js";
import { Delivery } from "../../../../lib/socket/socket.js";
import { WebTransportClientFactory } from "../../../../lib/socket/webtransport/browser/client-factory.js";
import type { WebTransportInit } from "../../../../lib/socket/webtransport/browser/platform.js";
import { FakeClock } from "../../../../lib/testing/index.js";
import { type FakeSession, FakeWebTransport, fakeServers } from "../../../support/fake-web-transport.js";

const PORT = 39_000;

beforeEach(() => void vi.stubGlobal("WebTransport", FakeWebTransport));
afterEach(() => {
  vi.unstubAllGlobals();
  fakeServers.clear();
});

const settle = () => new Promise(setImmediate);

/** A client, and the other end of its session, which the test drives by hand. */
async function connect(options = {}) {
  let session!: FakeSession;
  let asked!: { url: URL; init: WebTransportInit };
  fakeServers.set(PORT, async (far, url, init) => {
    session = far;
    asked = { url, init };
    return true;
  });
  const clock = new FakeClock();
  const factory = new WebTransportClientFactory({ host: "127.0.0.1", port: PORT, clock, ...options });
  const socket = factory.createClientSocket();
  const ended: DisconnectReason[] = [];
  const writable: IConnectionHandle[] = [];
  socket.events = {
    onReadable() {},
    onIncoming: () => true,
    onConnect() {},
    onDisconnect: (_, reason) => void ended.push(reason),
    onWritable: (handle) => void writable.push(handle),
  };
  const handle = await socket.connect(factory.getConnectEndPoint());
  clock.advance(0);
  const packet = new ReceivedPacket();
  const receive = () => {
    const packets: string[] = [];
    for (socket.tick(); socket.poll(); ) {
      socket.receive(packet);
      const { buffer, offset, length, lane, delivery } = packet;
      packets.push(
        `${Delivery[delivery]} ${lane} ${Buffer.from(buffer.subarray(offset, offset + length)).toString("hex")}`,
      );
    }
    socket.tick();
    return packets;
  };
  const send = (bytes: number[], delivery = Delivery.Reliable, lane = 0) => {
    const isTaken = socket.send(handle, Uint8Array.from(bytes), bytes.length, delivery, lane);
    socket.flush();
    return isTaken;
  };
  return { clock, socket, handle, session, asked, ended, writable, receive, send };
}

/** What the client's streams carry, so far. */
async function sentStreams(session: FakeSession): Promise<string[]> {
  const streams: string[] = [];
  const readOne = async (stream: AsyncIterable<Uint8Array>) => {
    const index = streams.push("") - 1;
    for await (const chunk of stream) streams[index] += Buffer.from(chunk).toString("hex");
    streams[index] += ", ended";
  };
  const readAll = async () => {
    for await (const stream of session.incomingUnidirectionalStreams) readOne(stream).catch(() => {});
  };
  readAll().catch(() => {}); // the session has ended
  await settle();
  return streams;
}

const HASH = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

test("asks the platform for low latency, datagrams, and a server with one of the hashes", async () => {
  const { asked, handle, session } = await connect({ certificateHashes: [HASH], path: "/game" });
  expect(asked.url.href).toBe(`https://127.0.0.1:${PORT}/game`);
  const { serverCertificateHashes = [], ...others } = asked.init;
  expect(others).toEqual({ congestionControl: "low-latency", requireUnreliable: true });
  expect(serverCertificateHashes.map(({ algorithm }) => algorithm)).toEqual(["sha-256"]);
  expect([...(serverCertificateHashes[0]?.value ?? [])]).toEqual(Array.from({ length: 32 }, (_, at) => at));
  const traits = { transport: "webtransport", isTls: true, security: "authenticated", reliable: true, ordered: false };
  expect(handle).toMatchObject({ ...traits, maxPacketSize: 1132, address: `127.0.0.1:${PORT}`, isStateful: true });
  expect((await connect()).asked.init.serverCertificateHashes).toBeUndefined();
  expect(session.remote.datagrams).toMatchObject({
    incomingHighWaterMark: 64,
    outgoingHighWaterMark: 64,
    outgoingMaxAge: 1000,
  });
});

test("each lane has a stream of its own from its first packet on, the urgent one before the others", async () => {
  const { send, session } = await connect();
  send([1], Delivery.Reliable, 3);
  send([2], Delivery.Reliable, 0);
  send([3], Delivery.Reliable, 3);
  await settle();
  expect(session.remote.sendOrders).toEqual([-3, -0]);
  expect(await sentStreams(session)).toEqual(["0301010103", "000102"]);
});

test("what arrives has the lane and the delivery with which it was sent", async () => {
  const { session, receive } = await connect();
  const writer = session.datagrams.writable.getWriter();
  await writer.write(Uint8Array.of(0xaa, 0xbb));
  const lane = (await session.createUnidirectionalStream()).getWriter();
  await lane.write(Uint8Array.of(4, 1, 0xcc));
  await lane.write(Uint8Array.of(2, 0xdd));
  await lane.write(Uint8Array.of(0xee));
  await settle();
  expect(receive()).toEqual(["Unreliable 0 aabb", "Reliable 4 cc", "Reliable 4 ddee"]);
});

test("datagrams that the network does not take are dropped and counted, and later ones leave again", async () => {
  const { socket, handle, session, send } = await connect();
  const { datagrams } = session.remote;
  datagrams.isStalled = true;
  const packet = new Array(1000).fill(7);
  for (let count = 0; count < 32; count++) send(packet, Delivery.Unreliable);
  expect([handle.isCongested, handle.bufferedBytes]).toEqual([false, 32_000]);
  for (let count = 0; count < 68; count++) expect(send(packet, Delivery.Unreliable)).toBe(true);
  await settle();
  expect(handle.isCongested).toBe(true);
  expect(handle.bufferedBytes).toBe(65_000);
  expect(socket.droppedPackets).toBe(35);
  expect(send([1], Delivery.Reliable)).toBe(true);
});

test("a full queue refuses until half has left, says so once, and takes any packet when it is empty", async () => {
  const { session, socket, send, writable } = await connect({ sendQueueBytes: 600_000 });
  const packet = new Array(16_384).fill(7);
  let sent = 0;
  while (send(packet)) sent++;
  expect(sent).toBe(36);
  // The streams take 196,608 bytes while nobody reads, which is not half.
  await settle();
  socket.tick();
  expect(writable.length).toBe(0);
  await sentStreams(session);
  for (let count = 0; count < 20; count++) await settle();
  socket.tick();
  expect(writable.length).toBe(1);
  const small = await connect({ sendQueueBytes: 100 });
  expect([small.send(new Array(200).fill(1)), small.send([1])]).toEqual([true, false]);
});

test("a thousand small datagrams wait, and not more", async () => {
  const { socket, session, send } = await connect();
  session.remote.datagrams.isStalled = true;
  for (let count = 0; count < 1500; count++) send([1], Delivery.Unreliable);
  expect(socket.droppedPackets).toBe(1500 - 1024);
});

test("datagrams that were taken do not count as waiting", async () => {
  const { handle, session, socket, send } = await connect();
  session.datagrams.incomingHighWaterMark = 100_000;
  for (let round = 0; round < 50; round++) {
    for (let count = 0; count < 30; count++) send(new Array(1000).fill(7), Delivery.Unreliable);
    await settle();
    expect(handle.bufferedBytes).toBe(0);
  }
  expect(socket.droppedPackets).toBe(0);
});

test("datagrams of no size are dropped and counted", async () => {
  const { session, receive, socket } = await connect();
  const writer = session.datagrams.writable.getWriter();
  for (const size of [0, 1133, 1132]) await writer.write(new Uint8Array(size));
  await settle();
  expect(receive().map((text) => text.length)).toEqual(["Unreliable 0 ".length + 2264]);
  expect(socket.droppedPackets).toBe(2);
});

test("a page that does not receive stops the reading, and all that was sent reliably comes later", async () => {
  const { session, receive } = await connect();
  const lane = (await session.createUnidirectionalStream()).getWriter();
  await lane.write(Uint8Array.of(0));
  let taken = 0;
  const write = async () => {
    for (; taken < 120; taken++) await lane.write(Uint8Array.of(0x80, 0, 0x40, 0, ...new Array(16_384).fill(taken)));
  };
  const writing = write();
  for (let count = 0; count < 50; count++) await settle();
  expect(taken).toBeGreaterThan(60);
  expect(taken).toBeLessThan(100);
  let received = 0;
  for (let count = 0; count < 50 && received < 120; count++) {
    received += receive().length;
    await settle();
  }
  await writing;
  expect(received).toBe(120);
});

test("a page that does not receive stops the reading of datagrams too", async () => {
  const { session, receive } = await connect();
  const writer = session.datagrams.writable.getWriter();
  for (let count = 0; count < 400; count++) await writer.write(new Uint8Array(1000));
  for (let count = 0; count < 5; count++) await settle();
  // 256 KiB here, and those that wait in the browser follow.
  expect(receive().length).toBeLessThan(270);
  for (let count = 0; count < 5; count++) await settle();
  expect(receive().length).toBeGreaterThan(50);
});

test("a page that leaves before it has received all reads to the ends of the lanes", async () => {
  const { clock, session, handle, send } = await connect();
  send([1], Delivery.Reliable, 2);
  await sentStreams(session);
  const lane = (await session.createUnidirectionalStream()).getWriter();
  await lane.write(Uint8Array.of(2));
  for (let taken = 0; taken < 120; taken++) {
    void lane.write(Uint8Array.of(0x80, 0, 0x40, 0, ...new Array(16_384).fill(taken)));
  }
  void lane.close();
  for (let count = 0; count < 50; count++) await settle();
  const closing = handle.disconnect({ code: 5, text: "leaving" });
  for (let count = 0; count < 50; count++) await settle();
  await closing;
  expect(clock.timerCount).toBe(0);
  expect(await session.closed).toEqual({ closeCode: 5, reason: "leaving" });
});

test.each([
  ["a lane that does not exist", [[6]]],
  [
    "a second stream for a lane",
    [
      [1, 1, 7],
      [1, 1, 7],
    ],
  ],
  ["an empty packet", [[0, 0]]],
])("%s ends the session, and both sides hear why", async (_name, streams) => {
  const { session, ended, receive } = await connect();
  for (const bytes of streams) {
    const lane = (await session.createUnidirectionalStream()).getWriter();
    await lane.write(Uint8Array.from(bytes));
  }
  await settle();
  receive();
  const reason = { code: 1001, text: "The stream of a lane is malformed" };
  expect(ended).toEqual([reason]);
  expect(await session.closed).toEqual({ closeCode: 1001, reason: reason.text });
});

test("so does a stream that ends inside of a packet", async () => {
  const { session, ended, receive } = await connect();
  const lane = (await session.createUnidirectionalStream()).getWriter();
  await lane.write(Uint8Array.of(0, 5, 1, 2));
  await lane.close();
  await settle();
  receive();
  expect(ended).toMatchObject([{ code: 1001 }]);
});

test.each([
  [
    { closeCode: 7, reason: "bye" },
    { code: 7, text: "bye" },
  ],
  [
    { closeCode: 1998, reason: "" },
    { code: 1998, text: "" },
  ],
  [
    { closeCode: 1999, reason: "x" },
    { code: 1003, text: "The WebTransport session was lost" },
  ],
  [
    { closeCode: 1, reason: "\u{1f680}".repeat(100) },
    { code: 1, text: "\u{1f680}".repeat(30) },
  ],
])("a close with %j", async (info, reason) => {
  const { session, ended, receive } = await connect();
  session.close(info);
  await settle();
  await settle();
  receive();
  expect(ended).toEqual([reason]);
});

test("a session that is lost ends with what came before", async () => {
  const { session, ended, receive, handle, send } = await connect();
  const lane = (await session.createUnidirectionalStream()).getWriter();
  await lane.write(Uint8Array.of(0, 1, 7));
  await settle();
  session.lose();
  await settle();
  expect(receive()).toEqual(["Reliable 0 07"]);
  expect(ended).toMatchObject([{ code: 1003 }]);
  expect(send([1])).toBe(false);
  await handle.disconnect({ code: 0, text: "" });
});

test("the end of a lane is answered by the end of the same lane, when all of it has been taken", async () => {
  const { session, receive } = await connect();
  const lane = (await session.createUnidirectionalStream()).getWriter();
  await lane.write(Uint8Array.of(3));
  const packets = 70;
  for (let count = 0; count < packets; count++) {
    void lane.write(Uint8Array.of(0x80, 0, 0x40, 0, ...new Array(16_384).fill(1)));
  }
  void lane.close();
  const streams = await sentStreams(session);
  for (let count = 0; count < 50; count++) await settle();
  expect(streams).toEqual([]);
  let received = 0;
  for (let count = 0; count < 50; count++) {
    received += receive().length;
    await settle();
  }
  expect([received, streams]).toEqual([packets, ["03, ended"]]);
});

test("a close waits until the server has read the lanes, and says so by ending its own", async () => {
  const { clock, session, handle, send } = await connect();
  let hasClosed = false;
  void session.closed.then(() => {
    hasClosed = true;
  });
  send([1], Delivery.Reliable, 2);
  send([1], Delivery.Reliable, 5);
  const streams = await sentStreams(session);
  const closing = handle.disconnect({ code: 5, text: "leaving" });
  await settle();
  expect(streams).toEqual(["020101, ended", "050101, ended"]);
  for (const lane of [2, 5]) {
    expect(hasClosed).toBe(false);
    const writer = (await session.createUnidirectionalStream()).getWriter();
    await writer.write(Uint8Array.of(lane));
    await writer.close();
    await settle();
  }
  await closing;
  expect(await session.closed).toEqual({ closeCode: 5, reason: "leaving" });
  expect(clock.timerCount).toBe(0);
});

test("a close that waits ends when the server has closed the session", async () => {
  const { clock, session, handle, send } = await connect();
  send([1]);
  const closing = handle.disconnect({ code: 5, text: "leaving" });
  await settle();
  session.close({ closeCode: 1, reason: "" });
  await closing;
  await settle();
  expect(clock.timerCount).toBe(0);
});

test("a close does not wait for a server that reads nothing", async () => {
  const { clock, session, handle, send } = await connect({ closeTimeoutMs: 500, sendQueueBytes: 2 ** 22 });
  for (let count = 0; count < 40; count++) send(new Array(16_384).fill(1));
  await settle();
  let isClosed = false;
  const closing = handle.disconnect({ code: 5, text: "leaving" }).then(() => {
    isClosed = true;
  });
  await settle();
  clock.advance(499);
  await settle();
  expect(isClosed).toBe(false);
  clock.advance(1);
  await closing;
  expect(await session.closed).toEqual({ closeCode: 5, reason: "leaving" });
  expect(clock.timerCount).toBe(0);
});

test.each([0, 1, 2, 3, 4, 5, 6])(
  "a socket that is closed %i steps after its session was ready leaves no session behind",
  async (steps) => {
    const factory = new WebTransportClientFactory({ host: "127.0.0.1", port: PORT });
    const socket = factory.createClientSocket();
    const ready = new Promise<FakeSession>((resolve) => {
      fakeServers.set(PORT, async (far) => {
        far.remote.ready.then(() => resolve(far), resolve);
        return true;
      });
    });
    const connecting = socket.connect(factory.getConnectEndPoint()).catch(() => null);
    const session = await ready;
    for (let step = 0; step < steps; step++) await null;
    await socket.close();
    await connecting;
    await expect(session.closed).resolves.toBeDefined();
  },
);

test("without the platform's WebTransport there is none", async () => {
  vi.stubGlobal("WebTransport", undefined);
  const factory = new WebTransportClientFactory();
  expect(factory.isSupported).toBe(false);
  const connecting = factory.createClientSocket().connect(factory.getConnectEndPoint());
  await expect(connecting).rejects.toMatchObject({ code: "ERR_NOT_SUPPORTED" });
});

test("a failure names the server, the time and what to look at", async () => {
  const factory = new WebTransportClientFactory({ host: "127.0.0.1", port: PORT });
  const connecting = factory.createClientSocket().connect(factory.getConnectEndPoint());
  await expect(connecting).rejects.toMatchObject({
    code: "ERR_CONNECT_FAILED",
    message: expect.stringMatching(
      /^WebTransport: connecting to 127\.0\.0\.1:39000 failed after \d+ ms: No WebTransport/,
    ),
  });
});

test.each([
  [{ certificateHashes: ["short"] }, RangeError],
  [{ certificateHashes: HASH }, TypeError],
  [{ host: "wss://localhost" }, RangeError],
  [{ port: 65_536 }, RangeError],
  [{ certificateHash: [HASH] }, TypeError],
])("refuses the options %j", (options, type) => {
  expect(() => new WebTransportClientFactory(options as never)).toThrow(type);
});

test("connects to a whole URL, and to addresses with colons", () => {
  const factory = new WebTransportClientFactory({ path: "/game" });
  expect(factory.getConnectEndPoint("https://example.com:4433/other").url).toBe("https://example.com:4433/other");
  expect(factory.getConnectEndPoint("::1", 5).url).toBe("https://[::1]:5/game");
  expect(() => factory.getConnectEndPoint("a b", 5)).toThrow(RangeError);
});
