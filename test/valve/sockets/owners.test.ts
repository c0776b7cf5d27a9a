import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectionState, Library, NetworkingSockets, Result, SendType, StringBuilder } from "../../../lib/index.js";
import { addressOf, connectPeers, drivers, Peer } from "../../support/peer.js";

describe.each(drivers)("driver %s", (driver) => {
  beforeEach(() => expect(Library.initialize({ driver })).toBe(true));
  afterEach(() => Library.deinitialize());

  test("handles of another owner, of another kind and forged ones are unknown, and harm nobody", async () => {
    const { server, client, socket, toServer, toClient } = await connectPeers();
    const group = client.sockets.createPollGroup();
    const stale = client.sockets.connect(addressOf("127.0.0.1", 9));
    client.sockets.closeConnection(stale);
    const { sockets } = client;
    const unknown: [string, number][] = [
      ["none", 0],
      ["of another owner", toClient],
      ["a listen socket of another owner", socket],
      ["a poll group", group],
      ["stale", stale],
      ["equal low 16 bits of my own", (toServer ^ 0x10000) >>> 0],
      ["equal low 16 bits of another's", (toClient ^ 0x80000000) >>> 0],
      ["the low 16 bits alone", toServer & 0xffff],
    ];
    for (const [name, handle] of unknown) {
      expect(sockets.getConnectionInfo(handle), name).toBeNull();
      expect(sockets.getQuickConnectionStatus(handle), name).toBeNull();
      expect(sockets.getDetailedConnectionStatus(handle), name).toBeNull();
      expect(sockets.getConnectionDebugText(handle), name).toBeNull();
      expect(sockets.getConnectionName(handle), name).toBeNull();
      expect(sockets.getConnectionUserData(handle), name).toBe(-1n);
      expect(sockets.setConnectionUserData(handle, 666n), name).toBe(false);
      expect(sockets.setConnectionName(handle, "mine"), name).toBe(false);
      expect(sockets.sendMessageToConnection(handle, Uint8Array.of(66), SendType.Reliable), name).toBe(
        Result.InvalidParam,
      );
      expect(sockets.flushMessagesOnConnection(handle), name).toBe(Result.InvalidParam);
      expect(sockets.acceptConnection(handle), name).toBe(Result.InvalidParam);
      expect(sockets.receiveMessagesOnConnection(handle, 1), name).toBeNull();
      expect(sockets.receiveMessagesOnListenSocket(handle, 1), name).toBeNull();
      expect(sockets.getListenSocketAddress(handle), name).toBeNull();
      expect(sockets.setConnectionPollGroup(group, handle), name).toBe(false);
      expect(sockets.closeListenSocket(handle), name).toBe(false);
      expect(sockets.closeConnection(handle, 1, "forged"), name).toBe(false);
      expect(sockets.ref(handle), name).toBe(false);
      expect(sockets.getDetailedConnectionStatus(handle, new StringBuilder(), 1024), name).toBe(-1);
      if (handle !== group) {
        expect(sockets.receiveMessagesOnPollGroup(handle, 1), name).toBeNull();
        expect(sockets.destroyPollGroup(handle), name).toBe(false);
        if (handle !== 0) expect(sockets.setConnectionPollGroup(handle, toServer), name).toBe(false);
      }
    }
    // The ones they were forged from are as before.
    expect(server.sockets.getConnectionUserData(toClient)).toBe(-1n);
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(1), SendType.Reliable);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    await server.until(() => server.received.length === 1);
    expect(server.received).toEqual([Uint8Array.of(1)]);
  });

  test("events go to their owner only", async () => {
    const { server, client, toServer, toClient } = await connectPeers();
    const other = new Peer();
    client.sockets.closeConnection(toServer);
    await server.event(ConnectionState.ClosedByPeer, toClient);
    expect(server.events.every((info) => info.connection === toClient)).toBe(true);
    expect(client.events.every((info) => info.connection === toServer)).toBe(true);
    other.look();
    expect(other.events).toEqual([]);
  });

  test("destroying an owner closes all it has and tells the others", async () => {
    const { server, client, toServer, address } = await connectPeers();
    server.sockets.destroy();
    server.sockets.destroy();
    const { connectionInfo } = await client.event(ConnectionState.ClosedByPeer, toServer);
    expect(connectionInfo.endReason).toBe(2999);
    const closed = expect.objectContaining({ name: "NetworkError", code: "ERR_CLOSED" });
    expect(() => server.sockets.createListenSocket(address)).toThrow(closed);
    expect(() => server.sockets.dispatchCallback(() => {})).toThrow(closed);
    expect(() => server.sockets.onReadable(null)).toThrow(closed);
    expect(client.sockets.closeConnection(toServer)).toBe(true);
    expect(Library.statistics).toMatchObject({ connections: 0, listenSockets: 0 });
  });
});

test.each([
  ["destroy", (sockets: NetworkingSockets) => sockets.destroy()],
  ["deinitialize", () => Library.deinitialize()],
])("%s inside a callback ends the dispatching", (_name, end) => {
  expect(Library.initialize()).toBe(true);
  const sockets = new NetworkingSockets();
  for (let index = 0; index < 3; index++) sockets.connect(addressOf("127.0.0.1", 9));
  expect(sockets.dispatchCallbacks(() => end(sockets))).toBe(1);
  Library.deinitialize();
});

describe("objects of an earlier life", () => {
  test("have nothing left after deinitialize, and work again after initialize", async () => {
    expect(Library.initialize()).toBe(true);
    const { server, client, toServer, socket } = await connectPeers();
    Library.deinitialize();
    const notInitialized = expect.objectContaining({
      name: "NetworkError",
      code: "ERR_NOT_INITIALIZED",
      message: "Library.deinitialize has been called: call Library.initialize() first",
    });
    expect(() => client.sockets.getConnectionInfo(toServer)).toThrow(notInitialized);
    expect(() => client.sockets.dispatchCallback(() => {})).toThrow(notInitialized);
    expect(() => new NetworkingSockets()).toThrow(notInitialized);
    expect(Library.initialize()).toBe(true);
    expect(client.sockets.getConnectionInfo(toServer)).toBeNull();
    expect(client.sockets.dispatchCallback(() => {})).toBe(false);
    expect(server.sockets.closeListenSocket(socket)).toBe(false);
    const { address } = server.listen();
    const again = client.sockets.connect(address);
    await client.event(ConnectionState.Connected, again);
    Library.deinitialize();
  });
});
