import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectionInfo, ConnectionState, Library, NetworkingSockets, Result, SendType } from "../../../lib/index.js";
import { addressOf, connectPeers, drivers, type Link } from "../../support/peer.js";

const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });
const wrongType = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });

test.each([
  [0, null],
  [999, null],
  [1000, 0],
  [1042, 42],
  [1999, 999],
  [2000, null],
  [5003, null],
])("end reason %d is application reason %s", (endReason, expected) => {
  const info = new ConnectionInfo();
  info.endReason = endReason;
  expect(info.applicationReason).toBe(expected);
});

describe.each(drivers)("driver %s", (driver) => {
  let link: Link;
  beforeEach(async () => {
    expect(Library.initialize({ driver })).toBe(true);
    link = await connectPeers();
  });
  afterEach(() => Library.deinitialize());

  test.each([
    [0, 1000, 0],
    [1, 1001, 1],
    [998, 1998, 998],
    [999, 1999, 999],
    [1000, 1000, 0],
    [1234, 1234, 234],
    [2000, 2000, null],
    [2999, 2999, null],
  ])("reason %d arrives as %d", async (reason, endReason, applicationReason) => {
    const { server, client, toServer, toClient } = link;
    expect(client.sockets.closeConnection(toServer, reason, "why")).toBe(true);
    const { connectionInfo } = await server.event(ConnectionState.ClosedByPeer, toClient);
    expect(connectionInfo.endReason).toBe(endReason);
    expect(connectionInfo.applicationReason).toBe(applicationReason);
    expect(connectionInfo.endDebug).toBe("why");
    expect(client.sockets.closeConnection(toServer)).toBe(false);
    expect(client.sockets.getConnectionInfo(toServer)).toBeNull();
    // The other side still has to close its end.
    expect(server.sockets.getConnectionInfo(toClient)?.state).toBe(ConnectionState.ClosedByPeer);
    expect(server.sockets.closeConnection(toClient)).toBe(true);
    expect(server.sockets.closeConnection(toClient)).toBe(false);
  });

  test("a close on this side is reported, with state None", async () => {
    const { client, toServer } = link;
    client.sockets.closeConnection(toServer);
    const { oldState } = await client.event(ConnectionState.None, toServer);
    expect(oldState).toBe(ConnectionState.Connected);
  });

  test.each([-1, 3000, 1.5, Number.NaN, 2 ** 32])("reason %d is refused", (reason) => {
    const { client, server, socket, toServer } = link;
    expect(() => client.sockets.closeConnection(toServer, reason)).toThrow(outOfRange);
    expect(() => server.sockets.closeListenSocket(socket, reason)).toThrow(outOfRange);
    expect(client.sockets.getConnectionInfo(toServer)?.state).toBe(ConnectionState.Connected);
  });

  test("texts that are refused", () => {
    const { client, toServer } = link;
    expect(() => client.sockets.closeConnection(toServer, 0, "a\0b")).toThrow(outOfRange);
    expect(() => client.sockets.closeConnection(toServer, 0, 5 as never)).toThrow(wrongType);
    expect(() => client.sockets.closeConnection(toServer, "0" as never)).toThrow(wrongType);
    expect(() => client.sockets.closeConnection(toServer, 0, "", 1 as never)).toThrow(wrongType);
  });

  test.each([
    ["x".repeat(300), "x".repeat(127)],
    ["é".repeat(100), "é".repeat(63)],
    [`${"x".repeat(125)}😀`, "x".repeat(125)],
    [`${"x".repeat(123)}😀`, `${"x".repeat(123)}😀`],
  ])("a long text is cut between characters", async (debug, expected) => {
    const { server, client, toServer, toClient } = link;
    client.sockets.closeConnection(toServer, 5, debug);
    const { connectionInfo } = await server.event(ConnectionState.ClosedByPeer, toClient);
    expect(connectionInfo.endDebug).toBe(expected);
  });

  test("without linger what waits is lost, with linger it arrives first", async () => {
    const { server, client, socket, toServer, toClient } = link;
    for (let index = 0; index < 5; index++) {
      client.sockets.sendMessageToConnection(toServer, new Uint8Array(100_000).fill(index), SendType.Reliable);
    }
    expect(client.sockets.closeConnection(toServer, 3, "done", true)).toBe(true);
    expect(client.sockets.closeConnection(toServer)).toBe(false);
    expect(client.sockets.sendMessageToConnection(toServer, new Uint8Array(1))).toBe(Result.InvalidParam);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    const { connectionInfo } = await server.event(ConnectionState.ClosedByPeer, toClient);
    expect(connectionInfo.applicationReason).toBe(3);
    await server.until(() => server.received.length === 5);
    expect(server.received.map((data) => data[99_999])).toEqual([0, 1, 2, 3, 4]);
  });

  test("a closed connection's messages can be read until it is closed here", async () => {
    const { server, client, toServer, toClient } = link;
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(7), SendType.Reliable);
    client.sockets.closeConnection(toServer, 0, "", true);
    await server.event(ConnectionState.ClosedByPeer, toClient);
    const messages = server.sockets.receiveMessagesOnConnection(toClient, 5);
    expect(messages?.map((message) => message.data[0])).toEqual([7]);
    expect(server.sockets.closeConnection(toClient)).toBe(true);
    expect(server.sockets.receiveMessagesOnConnection(toClient, 5)).toBeNull();
  });

  test("closing a listen socket tells every child", async () => {
    const { server, client, socket, address, toServer } = link;
    const more = [1, 2].map(() => client.sockets.connect(address));
    for (const connection of more) await client.event(ConnectionState.Connected, connection);
    expect(server.sockets.closeListenSocket(socket, "maintenance")).toBe(true);
    for (const connection of [toServer, ...more]) {
      const { connectionInfo } = await client.event(ConnectionState.ClosedByPeer, connection);
      expect(connectionInfo.endReason).toBe(1000);
      expect(connectionInfo.applicationReason).toBe(0);
      expect(connectionInfo.endDebug).toBe("maintenance");
    }
    expect(server.sockets.closeListenSocket(socket)).toBe(false);
    expect(server.sockets.receiveMessagesOnListenSocket(socket, 1)).toBeNull();
    expect(Library.statistics).toMatchObject({ listenSockets: 0 });
  });

  test("with a reason too", async () => {
    const { server, client, socket, toServer } = link;
    expect(server.sockets.closeListenSocket(socket, 44, "night")).toBe(true);
    const { connectionInfo } = await client.event(ConnectionState.ClosedByPeer, toServer);
    expect(connectionInfo.applicationReason).toBe(44);
    expect(connectionInfo.endDebug).toBe("night");
  });

  test("a port can be listened on again, in the same turn and many times", () => {
    const { server, address, socket } = link;
    let current = socket;
    for (let round = 0; round < 50; round++) {
      expect(server.sockets.closeListenSocket(current)).toBe(true);
      current = server.sockets.createListenSocket(address);
      expect(current, Library.lastError?.message).not.toBe(0);
    }
  });
});

test("closing what never connected", () => {
  expect(Library.initialize()).toBe(true);
  const sockets = new NetworkingSockets();
  const connection = sockets.connect(addressOf("127.0.0.1", 9));
  expect(sockets.closeConnection(connection, 0, "", true)).toBe(true);
  expect(sockets.closeConnection(connection)).toBe(false);
  Library.deinitialize();
});
