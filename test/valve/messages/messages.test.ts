import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ConnectionState,
  Library,
  MessageBatch,
  type NetworkingMessage,
  NetworkingSockets,
  OutgoingBatch,
  ReceiveSource,
  Result,
  SendFlags,
  SendType,
} from "../../../lib/index.js";
import { addressOf, connectPeers, drivers, type Link } from "../../support/peer.js";

const wrongType = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });

/** Bytes that tell where they belong. */
function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 7) & 0xff);
}

describe.each(drivers)("driver %s", (driver) => {
  let link: Link;
  beforeEach(async () => {
    expect(Library.initialize({ driver })).toBe(true);
    link = await connectPeers();
  });
  afterEach(() => Library.deinitialize());

  test.each([
    ["a listen socket", () => link.server.sockets.receiveMessagesOnListenSocket(link.socket, 100)],
    ["a connection", () => link.server.sockets.receiveMessagesOnConnection(link.toClient, 100)],
  ])("reliable messages of all sizes arrive once and in order from %s", async (_name, receive) => {
    const { server, client, toServer } = link;
    const sizes = [0, 1, 7, 8, 9, 1199, 1200, 1201, 65_480, 65_481, 65_535, 65_536, 200_000];
    server.receiveFrom = receive;
    for (const [index, size] of sizes.entries()) {
      const sent = client.sockets.sendMessageToConnection(toServer, pattern(size, index), SendType.Reliable);
      expect(sent).toBe(Result.OK);
    }
    await server.until(() => server.received.length === sizes.length);
    expect(server.received.map((data) => data.length)).toEqual(sizes);
    for (const [index, data] of server.received.entries()) {
      expect(Buffer.compare(data, pattern(data.length, index))).toBe(0);
    }
  });

  test("the largest message passes, one byte more does not", async () => {
    const { server, client, toServer } = link;
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(link.socket, 10);
    const data = pattern(Library.maxMessageSize, 3);
    client.sockets.sendMessageToConnection(toServer, data, SendType.Reliable);
    await server.until(() => server.received.length === 1);
    expect(Buffer.compare(server.received[0] as Uint8Array, data)).toBe(0);
    const tooLarge = new Uint8Array(Library.maxMessageSize + 1);
    expect(client.sockets.sendMessageToConnection(toServer, tooLarge, SendType.Reliable)).toBe(Result.InvalidParam);
  });

  test("a full send buffer gives LimitExceeded", () => {
    const { client, toServer } = link;
    const data = new Uint8Array(Library.maxMessageSize);
    expect(client.sockets.sendMessageToConnection(toServer, data, SendType.Reliable)).toBe(Result.OK);
    expect(client.sockets.sendMessageToConnection(toServer, data, SendType.Reliable)).toBe(Result.LimitExceeded);
    expect(client.sockets.getQuickConnectionStatus(toServer)?.pendingReliable).toBeGreaterThan(0);
  });

  test("what a message tells", async () => {
    const { server, client, toServer, toClient, socket } = link;
    server.sockets.setConnectionUserData(toClient, -5n);
    const before = Library.time;
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(1, 2, 3), SendType.Reliable | SendType.NoNagle);
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(4), SendType.NoNagle);
    const all: NetworkingMessage[] = [];
    await server.until(() => {
      all.push(...(server.sockets.receiveMessagesOnListenSocket(socket, 10) ?? []));
      return all.length === 2;
    });
    const [first, second] = all as [NetworkingMessage, NetworkingMessage];
    expect(first.connection).toBe(toClient);
    expect(first.length).toBe(3);
    expect(first.data).toEqual(Uint8Array.of(1, 2, 3));
    expect(first.messageNumber).toBe(1);
    expect(first.userData).toBe(-5n);
    expect(first.channel).toBe(-1);
    expect(first.lane).toBe(0);
    expect(first.isReliable).toBe(true);
    expect(first.timeReceived).toBeGreaterThanOrEqual(before);
    expect(first.timeReceived).toBeLessThanOrEqual(Library.time);
    expect(first.identity.equals(server.sockets.getConnectionInfo(toClient)?.identity as never)).toBe(true);
    expect(second.isReliable).toBe(false);
    expect(second.messageNumber).toBe(2);
    expect(second.identity.toString()).toBe(first.identity.toString());
  });

  test("a poll group collects what its connections receive", async () => {
    const { server, client, toServer, toClient, socket, address } = link;
    const other = client.sockets.connect(address);
    const { connection: otherClient } = await server.until(() =>
      server.events.find(
        (info) => info.connection !== toClient && info.connectionInfo.state === ConnectionState.Connected,
      ),
    );
    await client.event(ConnectionState.Connected, other);
    const group = server.sockets.createPollGroup();
    expect(group).toBeGreaterThan(0);
    expect(server.sockets.setConnectionPollGroup(group, otherClient)).toBe(true);
    client.sockets.sendMessageToConnection(other, Uint8Array.of(1), SendType.Reliable);
    server.receiveFrom = () => server.sockets.receiveMessagesOnPollGroup(group, 10);
    await server.until(() => server.received.length === 1);
    // What waits moves along with the connection, and stays where it is when it is moved there again.
    server.receiveFrom = () => null;
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(2), SendType.Reliable);
    const wakeUps = server.wakeUps;
    await server.until(() => server.wakeUps > wakeUps);
    expect(server.sockets.setConnectionPollGroup(group, toClient)).toBe(true);
    expect(server.sockets.setConnectionPollGroup(group, toClient)).toBe(true);
    expect(server.sockets.receiveMessagesOnListenSocket(socket, 10)).toEqual([]);
    server.receiveFrom = () => server.sockets.receiveMessagesOnPollGroup(group, 10);
    await server.until(() => server.received.length === 2);
    expect(server.received).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    // A connection that leaves is read through its listen socket again.
    expect(server.sockets.setConnectionPollGroup(0, toClient)).toBe(true);
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(3), SendType.Reliable);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    await server.until(() => server.received.length === 3);
    expect(server.sockets.destroyPollGroup(group)).toBe(true);
    expect(server.sockets.destroyPollGroup(group)).toBe(false);
    expect(server.sockets.receiveMessagesOnPollGroup(group, 1)).toBeNull();
    client.sockets.sendMessageToConnection(other, Uint8Array.of(4), SendType.Reliable);
    await server.until(() => server.received.length === 4);
    expect(server.sockets.setConnectionPollGroup(group, toClient)).toBe(false);
  });

  test("listen sockets are read apart", async () => {
    const { server, client, toServer, socket } = link;
    const second = server.listen();
    const toSecond = client.sockets.connect(second.address);
    await client.event(ConnectionState.Connected, toSecond);
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(1), SendType.Reliable);
    client.sockets.sendMessageToConnection(toSecond, Uint8Array.of(2), SendType.Reliable);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(second.socket, 10);
    await server.until(() => server.received.length === 1);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    await server.until(() => server.received.length === 2);
    expect(server.received).toEqual([Uint8Array.of(2), Uint8Array.of(1)]);
  });

  test("batches go out and come in without an object per message", async () => {
    const { server, client, toServer, toClient, socket } = link;
    const outgoing = new OutgoingBatch(4096);
    const count = 1000;
    for (let index = 0; index < count; index++) {
      outgoing.add(toServer, pattern(index % 50, index), SendFlags.Reliable);
    }
    const large = outgoing.reserve(toServer, 100_000, SendFlags.Reliable);
    outgoing.bytes.set(pattern(100_000, 99), large);
    expect(outgoing.count).toBe(count + 1);
    client.sockets.sendBatch(outgoing);
    expect(outgoing.count).toBe(0);
    expect(outgoing.sizeBytes).toBe(0);
    const numbers = Array.from({ length: count + 1 }, (_, index) => index + 1);
    expect(Array.from(outgoing.results.subarray(0, count + 1))).toEqual(numbers);

    const batch = new MessageBatch({ sizeBytes: 4096, maxMessages: 100 });
    const seen: number[] = [];
    await server.until(() => {
      while (server.sockets.receiveBatch(ReceiveSource.ListenSocket, socket, batch) > 0) {
        expect(batch.count).toBeLessThanOrEqual(100);
        while (batch.next()) {
          const index = seen.length;
          expect(batch.connection).toBe(toClient);
          expect(batch.messageNumber).toBe(index + 1);
          expect(batch.length).toBe(index < count ? index % 50 : 100_000);
          expect(Buffer.compare(batch.data, pattern(batch.length, index < count ? index : 99))).toBe(0);
          expect(batch.bytes[batch.offset]).toBe(batch.data[0] ?? batch.bytes[batch.offset]);
          expect(batch.copy()).toEqual(batch.data);
          expect(batch.isReliable).toBe(true);
          seen.push(batch.messageNumber);
        }
        expect(batch.next()).toBe(false);
      }
      return seen.length === count + 1;
    });
    expect(server.sockets.receiveBatch(ReceiveSource.ListenSocket, 1, batch)).toBe(-1);
    expect(batch.next()).toBe(false);
  });

  test("each message of a batch has its own result", () => {
    const { client, toServer } = link;
    const outgoing = new OutgoingBatch();
    outgoing.add(toServer, new Uint8Array(500_000), SendFlags.Reliable);
    outgoing.add(toServer, new Uint8Array(500_000), SendFlags.Reliable);
    outgoing.add(toServer, new Uint8Array(10), SendFlags.Reliable);
    outgoing.add(12345, new Uint8Array(1), SendFlags.Reliable);
    outgoing.add(toServer, new Uint8Array(1), SendFlags.Reliable, 5);
    outgoing.reserve(toServer, Library.maxMessageSize + 1, SendFlags.Reliable);
    client.sockets.sendBatch(outgoing);
    const [first, second, third, unknown, lane, large] = outgoing.results;
    expect(first).toBe(1);
    expect(second).toBe(-Result.LimitExceeded);
    expect(third).toBe(0);
    expect(unknown).toBe(-Result.InvalidParam);
    expect(lane).toBeLessThanOrEqual(0);
    expect(large).toBe(-Result.InvalidParam);
    client.sockets.sendBatch(outgoing);
  });
});

describe("flags", () => {
  beforeEach(() => expect(Library.initialize()).toBe(true));
  afterEach(() => Library.deinitialize());

  test("NoDelay is dropped while connecting, the others wait", () => {
    const sockets = new NetworkingSockets();
    const connection = sockets.connect(addressOf("127.0.0.1", 9));
    const data = new Uint8Array(1);
    expect(sockets.sendMessageToConnection(connection, data, SendType.NoDelay)).toBe(Result.Ignored);
    expect(sockets.sendMessageToConnection(connection, data, SendType.Reliable)).toBe(Result.OK);
    expect(sockets.sendMessageToConnection(connection, data)).toBe(Result.OK);
    expect(sockets.flushMessagesOnConnection(connection)).toBe(Result.Ignored);
    expect(sockets.flushMessagesOnConnection(connection + 1)).toBe(Result.InvalidParam);
    expect(sockets.sendMessageToConnection(connection + 1, data)).toBe(Result.InvalidParam);
  });

  test("a flush sends what Nagle's algorithm holds back", async () => {
    const { server, client, socket, toServer } = await connectPeers();
    const { sockets } = client;
    expect(sockets.sendMessageToConnection(toServer, Uint8Array.of(1), SendType.Reliable)).toBe(Result.OK);
    expect(sockets.flushMessagesOnConnection(toServer)).toBe(Result.OK);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    await server.until(() => server.received.length === 1);
  });

  test("a connection that the other side has ended takes no more", async () => {
    const { server, client, toServer, toClient } = await connectPeers();
    server.sockets.closeConnection(toClient);
    await client.event(ConnectionState.ClosedByPeer, toServer);
    const data = new Uint8Array(1);
    expect([Result.NoConnection, Result.InvalidState]).toContain(
      client.sockets.sendMessageToConnection(toServer, data, SendType.Reliable),
    );
    expect(client.sockets.flushMessagesOnConnection(toServer)).toBe(Result.NoConnection);
  });
});

describe("memory of messages", () => {
  let sockets: NetworkingSockets;
  let from: number;
  let to: number;
  beforeEach(() => {
    expect(Library.initialize()).toBe(true);
    sockets = new NetworkingSockets();
    const pair = sockets.createSocketPair();
    from = pair?.connectionOne ?? 0;
    to = pair?.connectionTwo ?? 0;
  });
  afterEach(() => {
    Library.poisonDestroyedMessages = false;
    Library.deinitialize();
  });

  function receive(...payloads: Uint8Array[]): NetworkingMessage[] {
    for (const data of payloads) expect(sockets.sendMessageToConnection(from, data, SendType.Reliable)).toBe(Result.OK);
    const messages = sockets.receiveMessagesOnConnection(to, payloads.length) ?? [];
    expect(messages).toHaveLength(payloads.length);
    return messages;
  }

  test("the caller's array is filled from 0 on, and the rest of it stays", () => {
    const kept = {} as NetworkingMessage;
    const messages = [kept, kept, kept];
    sockets.sendMessageToConnection(from, Uint8Array.of(1), SendType.Reliable);
    sockets.sendMessageToConnection(from, Uint8Array.of(2), SendType.Reliable);
    sockets.sendMessageToConnection(from, Uint8Array.of(3), SendType.Reliable);
    expect(sockets.receiveMessagesOnConnection(to, messages, 2)).toBe(2);
    expect(messages.slice(0, 2).map((message) => message.data[0])).toEqual([1, 2]);
    expect(messages[2]).toBe(kept);
    expect(sockets.receiveMessagesOnConnection(to, messages, 0)).toBe(0);
    expect(sockets.receiveMessagesOnConnection(to, messages, 5)).toBe(1);
    expect(sockets.receiveMessagesOnConnection(to, messages, 5)).toBe(0);
    expect(sockets.receiveMessagesOnConnection(1, messages, 5)).toBe(-1);
    expect(sockets.receiveMessagesOnConnection(1, 5)).toBeNull();
    expect(sockets.receiveMessagesOnListenSocket(to, messages, 5)).toBe(-1);
    expect(sockets.receiveMessagesOnPollGroup(to, messages, 5)).toBe(-1);
  });

  test("copyTo", () => {
    const [message] = receive(Uint8Array.of(1, 2, 3)) as [NetworkingMessage];
    const destination = new Uint8Array(5);
    message.copyTo(destination);
    expect(destination).toEqual(Uint8Array.of(1, 2, 3, 0, 0));
    expect(() => message.copyTo(new Uint8Array(2))).toThrow(outOfRange);
    expect(() => message.copyTo([1, 2, 3] as never)).toThrow(wrongType);
  });

  test("a destroyed message says so, however often it is destroyed", () => {
    const [message, other] = receive(Uint8Array.of(1), Uint8Array.of(2)) as [NetworkingMessage, NetworkingMessage];
    message.destroy();
    message.destroy();
    message[Symbol.dispose]();
    const destroyed = expect.objectContaining({ name: "NetworkError", code: "ERR_MESSAGE_DESTROYED" });
    const reads: (() => unknown)[] = [
      () => message.data,
      () => message.length,
      () => message.connection,
      () => message.identity,
      () => message.userData,
      () => message.messageNumber,
      () => message.timeReceived,
      () => message.channel,
      () => message.lane,
      () => message.isReliable,
      () => message.copyTo(new Uint8Array(9)),
    ];
    for (const read of reads) expect(read).toThrow(destroyed);
    expect(other.data).toEqual(Uint8Array.of(2));
  });

  test("memory is used again after destroy, and never before", () => {
    // More than any slab holds: what follows goes into an empty one.
    for (let index = 0; index < 20; index++) for (const large of receive(new Uint8Array(66_000))) large.destroy();
    const [first] = receive(Uint8Array.of(1)) as [NetworkingMessage];
    const buffer = first.data.buffer;
    const [second] = receive(Uint8Array.of(2)) as [NetworkingMessage];
    expect(second.data.buffer).toBe(buffer);
    expect(second.data.byteOffset).toBeGreaterThan(first.data.byteOffset);
    expect(first.data).toEqual(Uint8Array.of(1));
    const start = first.data.byteOffset;
    first.destroy();
    second.destroy();
    const [third] = receive(Uint8Array.of(3)) as [NetworkingMessage];
    expect(third.data.buffer).toBe(buffer);
    expect(third.data.byteOffset).toBe(start);
  });

  test("messages that are kept stay as they are under traffic of all sizes", () => {
    const kept: [NetworkingMessage, Uint8Array][] = [];
    for (let round = 0; round < 300; round++) {
      const payloads = [pattern(round * 13, round), pattern((round * 997) % 70_000, round + 1)];
      const messages = receive(...payloads);
      for (const [index, message] of messages.entries()) {
        if ((round + index) % 3 === 0) kept.push([message, payloads[index] as Uint8Array]);
        else message.destroy();
      }
      if (round % 7 === 6) for (const [message] of kept.splice(0, 3)) message.destroy();
    }
    expect(kept.length).toBeGreaterThan(50);
    for (const [message, payload] of kept) expect(Buffer.compare(message.data, payload)).toBe(0);
  });

  test("messages that nobody destroys are collected", () => {
    const collect = globalThis.gc as () => void;
    const payload = new Uint8Array(60_000);
    const rounds = (count: number) => {
      for (let round = 0; round < count; round++) receive(payload);
      collect();
      collect(); // V8 frees buffers beside the program; the next collection waits for it.
      return process.memoryUsage().arrayBuffers;
    };
    const before = rounds(50);
    expect(rounds(2000) - before).toBeLessThan(20_000_000);
  });

  test("the debug switch shows what is read after destroy", () => {
    Library.poisonDestroyedMessages = true;
    const [message] = receive(Uint8Array.of(1, 2, 3)) as [NetworkingMessage];
    const data = message.data;
    message.destroy();
    expect(data).toEqual(Uint8Array.of(0xdd, 0xdd, 0xdd));
  });

  test("any view is a payload", () => {
    const buffer = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7).buffer;
    const shared = new SharedArrayBuffer(2);
    new Uint8Array(shared).set([8, 9]);
    const messages = receive(
      new Uint8Array(buffer, 2, 3),
      new DataView(buffer, 1, 2) as never,
      new Uint16Array(buffer, 4, 1) as never,
      Buffer.from("hi"),
      new Uint8Array(shared),
      new Uint8Array(0),
    );
    expect(messages.map((message) => Array.from(message.data))).toEqual([
      [2, 3, 4],
      [1, 2],
      [4, 5],
      [104, 105],
      [8, 9],
      [],
    ]);
    for (const data of ["text", [1], buffer, null, undefined, 5, {}]) {
      expect(() => sockets.sendMessageToConnection(from, data as never)).toThrow(wrongType);
    }
  });
});

test("a peer that reads late loses nothing reliable", async () => {
  expect(Library.initialize()).toBe(true);
  const { server, client, socket, toServer } = await connectPeers();
  let sent = 0;
  const payload = new Uint8Array(10_000);
  const send = () => {
    for (;;) {
      new DataView(payload.buffer).setUint32(0, sent);
      if (client.sockets.sendMessageToConnection(toServer, payload, SendType.Reliable) !== Result.OK) return;
      sent++;
    }
  };
  send();
  const first = sent;
  server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 1000);
  await server.until(() => server.received.length >= first);
  send();
  await server.until(() => server.received.length === sent);
  expect(server.received.map((data) => new DataView(data.buffer).getUint32(0))).toEqual(
    Array.from({ length: sent }, (_, index) => index),
  );
  Library.deinitialize();
});
