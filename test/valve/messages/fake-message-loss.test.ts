import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ConfigurationValue,
  Library,
  MessageBatch,
  type NetworkingMessage,
  NetworkingSockets,
  OutgoingBatch,
  ReceiveSource,
  Result,
  SendFlags,
  SendType,
  type SocketPair,
} from "../../../lib/index.js";
import { connectPeers } from "../../support/peer.js";

/** 0.00, 0.01 … 0.99, and again: every hundred numbers lose exactly their percentage. */
function everyPercent(): () => number {
  let next = 0;
  return () => (next++ % 100) / 100;
}

let sockets: NetworkingSockets;
let pair: SocketPair;
beforeEach(() => {
  expect(Library.initialize()).toBe(true);
  sockets = new NetworkingSockets({ random: everyPercent() });
  pair = sockets.createSocketPair() as SocketPair;
});
afterEach(() => Library.deinitialize());

function receiveAll(): NetworkingMessage[] {
  const all: NetworkingMessage[] = [];
  for (;;) {
    const messages = sockets.receiveMessagesOnConnection(pair.connectionTwo, 50) ?? [];
    all.push(...messages);
    if (messages.length < 50) return all;
  }
}

describe.each([0, 30, 50, 100])("at %d percent", (percent) => {
  test("sending", () => {
    sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossSend, percent);
    for (let index = 0; index < 200; index++) {
      expect(sockets.sendMessageToConnection(pair.connectionOne, Uint8Array.of(index))).toBe(Result.OK);
      expect(sockets.sendMessageToConnection(pair.connectionOne, new Uint8Array(2), SendType.Reliable)).toBe(Result.OK);
    }
    const received = receiveAll();
    expect(received.filter((message) => message.length === 1)).toHaveLength(200 - 2 * percent);
    expect(received.filter((message) => message.length === 2)).toHaveLength(200);
  });

  test("sending in batches", () => {
    sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossSend, percent);
    const batch = new OutgoingBatch();
    for (let index = 0; index < 100; index++) {
      batch.add(pair.connectionOne, new Uint8Array(index + 1), SendFlags.Unreliable);
      batch.add(pair.connectionOne, new Uint8Array(500), SendFlags.Reliable);
    }
    sockets.sendBatch(batch);
    const results = Array.from(batch.results.subarray(0, 200));
    expect(results.filter((result) => result === 0)).toHaveLength(percent);
    expect(results.every((result) => result >= 0)).toBe(true);
    const lengths = receiveAll().map((message) => message.length);
    const left = Array.from({ length: 100 - percent }, (_, index) => percent + index + 1);
    expect(lengths.filter((length) => length !== 500)).toEqual(left);
    expect(lengths.filter((length) => length === 500)).toHaveLength(100);
  });

  test("receiving, also in batches", () => {
    sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossRecv, percent);
    const send = () => {
      for (let index = 0; index < 100; index++) {
        sockets.sendMessage(pair.connectionOne, new Uint8Array(1), SendFlags.Unreliable);
        sockets.sendMessage(pair.connectionOne, new Uint8Array(2), SendFlags.Reliable);
      }
    };
    send();
    const received = receiveAll();
    expect(received.filter((message) => message.length === 1)).toHaveLength(100 - percent);
    expect(received.filter((message) => message.length === 2)).toHaveLength(100);
    for (const message of received) message.destroy();
    send();
    const batch = new MessageBatch();
    const lengths: number[] = [];
    while (sockets.receiveBatch(ReceiveSource.Connection, pair.connectionTwo, batch) > 0) {
      while (batch.next()) lengths.push(batch.length);
    }
    expect(lengths.filter((length) => length === 1)).toHaveLength(100 - percent);
    expect(lengths.filter((length) => length === 2)).toHaveLength(100);
  });
});

test("receiving loses nothing more than it should when many are asked for", () => {
  sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossRecv, 50);
  for (let index = 0; index < 100; index++) sockets.sendMessageToConnection(pair.connectionOne, Uint8Array.of(index));
  const messages = sockets.receiveMessagesOnConnection(pair.connectionTwo, 40) ?? [];
  expect(messages).toHaveLength(40);
  expect(messages.map((message) => message.data[0])).toEqual(Array.from({ length: 40 }, (_, index) => 50 + index));
});

test("it applies to listen sockets and poll groups", async () => {
  const { server, client, socket, toServer, toClient } = await connectPeers();
  const group = server.sockets.createPollGroup();
  sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossRecv, 100);
  for (const poll of [false, true]) {
    server.received.length = 0;
    if (poll) server.sockets.setConnectionPollGroup(group, toClient);
    server.receiveFrom = () =>
      poll
        ? server.sockets.receiveMessagesOnPollGroup(group, 10)
        : server.sockets.receiveMessagesOnListenSocket(socket, 10);
    for (let index = 0; index < 10; index++) {
      client.sockets.sendMessageToConnection(toServer, new Uint8Array(1), SendType.NoNagle);
    }
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(1, 2), SendType.Reliable | SendType.NoNagle);
    await server.until(() => server.received.length > 0);
    expect(server.received).toEqual([Uint8Array.of(1, 2)]);
  }
});

test("what could not be sent is no loss", () => {
  sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossSend, 100);
  // In memory a pair takes messages of any size.
  const { connectionOne } = sockets.createSocketPair(true) as SocketPair;
  expect(sockets.sendMessageToConnection(connectionOne + 1, new Uint8Array(1))).toBe(Result.InvalidParam);
  expect(sockets.sendMessageToConnection(connectionOne, new Uint8Array(524_289))).toBe(Result.InvalidParam);
  expect(() => sockets.sendMessageToConnection(connectionOne, "x" as never)).toThrow(TypeError);
});
