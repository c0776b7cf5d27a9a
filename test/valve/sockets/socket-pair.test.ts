import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectionState, Library, NetworkingIdentity, Result, SendType, SocketPair } from "../../../lib/index.js";
import { drivers, Peer } from "../../support/peer.js";

describe.each(drivers)("driver %s", (driver) => {
  beforeEach(() => expect(Library.initialize({ driver })).toBe(true));
  afterEach(() => Library.deinitialize());

  describe.each([false, true])("through the network: %s", (useNetworkLoopback) => {
    test("both ends are connected, without events, and talk", async () => {
      const peer = new Peer();
      const pair = new SocketPair();
      expect(peer.sockets.createSocketPair(pair, useNetworkLoopback)).toBe(true);
      const { connectionOne, connectionTwo } = pair;
      expect(connectionOne).not.toBe(connectionTwo);
      for (const connection of [connectionOne, connectionTwo]) {
        const info = peer.sockets.getConnectionInfo(connection);
        expect(info?.state).toBe(ConnectionState.Connected);
        expect(info?.listenSocket).toBe(0);
        expect(info?.userData).toBe(-1n);
      }
      expect(peer.sockets.sendMessageToConnection(connectionOne, Uint8Array.of(1), SendType.Reliable)).toBe(Result.OK);
      peer.receiveFrom = () => peer.sockets.receiveMessagesOnConnection(connectionTwo, 9);
      await peer.until(() => peer.received.length === 1);
      expect(peer.received).toEqual([Uint8Array.of(1)]);
      expect(peer.events.filter((info) => info.connectionInfo.state === ConnectionState.Connecting)).toEqual([]);
    });

    test("closing one tells the other", async () => {
      const peer = new Peer();
      const pair = peer.sockets.createSocketPair(useNetworkLoopback) as SocketPair;
      peer.sockets.closeConnection(pair.connectionOne, 12, "enough");
      const { connectionInfo } = await peer.event(ConnectionState.ClosedByPeer, pair.connectionTwo);
      expect(connectionInfo.applicationReason).toBe(12);
      expect(connectionInfo.endDebug).toBe("enough");
    });

    test("identities are those of the other side", () => {
      const [one, two] = ["alice", "bob"].map((text) => {
        const identity = new NetworkingIdentity();
        identity.setGenericString(text);
        return identity;
      });
      const peer = new Peer();
      const pair = peer.sockets.createSocketPair(useNetworkLoopback, one ?? null, two) as SocketPair;
      expect(String(peer.sockets.getConnectionInfo(pair.connectionOne)?.identity)).toBe("str:alice");
      expect(String(peer.sockets.getConnectionInfo(pair.connectionTwo)?.identity)).toBe("str:bob");
    });
  });

  test("messages through memory name the sender", () => {
    const alice = new NetworkingIdentity();
    alice.setGenericString("alice");
    const { sockets } = new Peer();
    const pair = sockets.createSocketPair(false, alice) as SocketPair;
    sockets.sendMessageToConnection(pair.connectionTwo, Uint8Array.of(1), SendType.Reliable);
    const [message] = sockets.receiveMessagesOnConnection(pair.connectionOne, 1) ?? [];
    expect(String(message?.identity)).toBe("str:alice");
  });

  test("wrong arguments", () => {
    const { sockets } = new Peer();
    const wrongType = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
    expect(() => sockets.createSocketPair(1 as never)).toThrow(wrongType);
    expect(() => sockets.createSocketPair({} as never)).toThrow(wrongType);
    expect(() => sockets.createSocketPair(null as never)).toThrow(wrongType);
    expect(() => sockets.createSocketPair(false, "alice" as never)).toThrow(wrongType);
    expect(() => sockets.createSocketPair(new SocketPair(), false, null, {} as never)).toThrow(wrongType);
  });
});
