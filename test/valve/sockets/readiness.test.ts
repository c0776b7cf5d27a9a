import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Address,
  ConfigValue,
  ConnectionState,
  Library,
  NetworkingSockets,
  SendFlags,
  SendType,
  type SocketPair,
} from "../../../lib/index.js";
import { whileCollecting } from "../../support/collecting.js";
import { addressOf, connectPeers, drivers, Peer } from "../../support/peer.js";

// Nothing here sets a timer or sends again: every wake-up comes from the addon, or the test hangs and fails.
describe.each(drivers)("driver %s", (driver) => {
  beforeEach(() => expect(Library.initialize({ driver })).toBe(true));
  afterEach(() => Library.deinitialize());

  test("a timeout while connecting wakes, without any traffic", async () => {
    const peer = new Peer();
    const options = [{ value: ConfigValue.TimeoutInitial, data: 200 }];
    // Nobody answers there: a bound socket that accepts nothing.
    const silent = new Peer();
    silent.accepts = false;
    const { address } = silent.listen();
    const connection = peer.sockets.connect(address, options);
    const { connectionInfo } = await peer.event(ConnectionState.ProblemDetectedLocally, connection);
    expect(connectionInfo.endReason).toBe(5003);
    expect(connectionInfo.applicationReason).toBeNull();
  });

  test("a message that fake lag holds back wakes when it is let go", async () => {
    const { server, client, socket, toServer } = await connectPeers();
    expect(client.sockets.setConfigValue(ConfigValue.FakePacketLagRecv, 100)).toBe(true);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(1), SendType.Reliable | SendType.NoNagle);
    await server.until(() => server.received.length === 1);
  });

  test("what is sent from anywhere in the loop leaves with its next turn", async () => {
    const { server, client, socket, toServer } = await connectPeers();
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    const { helperPolls } = Library.statistics;
    const rounds = 40;
    for (let round = 1; round <= rounds; round++) {
      // Out of every callback of the addon, as a timer or another socket would send.
      await new Promise<void>((resolve) => setImmediate(resolve));
      client.sockets.sendMessageToConnection(toServer, Uint8Array.of(round), SendType.NoNagle | SendType.Reliable);
      await server.until(() => server.received.length === round);
    }
    // The helper thread would also send it, ten milliseconds or more later: that is for a loop that is busy.
    if (driver === "hybrid") expect(Library.statistics.helperPolls - helperPolls).toBeLessThan(rounds / 2);
  });

  test("twenty messages of a pair, one after the other, wake each time", async () => {
    const peer = new Peer();
    const pair = peer.sockets.createSocketPair() as SocketPair;
    peer.receiveFrom = () => peer.sockets.receiveMessagesOnConnection(pair.connectionTwo, 10);
    for (let round = 1; round <= 20; round++) {
      peer.sockets.sendMessageToConnection(pair.connectionOne, Uint8Array.of(round), SendType.Reliable);
      await new Promise<void>((resolve) => {
        peer.until(() => peer.received.length === round).then(() => resolve());
      });
    }
    expect(peer.received.map((data) => data[0])).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test("a pair wakes by itself", async () => {
    const sockets = new NetworkingSockets();
    const pair = sockets.createSocketPair() as SocketPair;
    const woken = new Promise<void>((resolve) => sockets.onReadable(resolve));
    sockets.sendMessageToConnection(pair.connectionOne, Uint8Array.of(1), SendType.Reliable);
    await woken;
    expect(sockets.receiveMessagesOnConnection(pair.connectionTwo, 10)).toHaveLength(1);
    const closed = new Promise<void>((resolve) => sockets.onReadable(resolve));
    sockets.closeConnection(pair.connectionOne);
    await closed;
    const states: ConnectionState[] = [];
    sockets.dispatchCallbacks((info) => states.push(info.connectionInfo.state));
    expect(states).toContain(ConnectionState.ClosedByPeer);
  });

  test("what came before the callback wakes it too", async () => {
    const sockets = new NetworkingSockets();
    const pair = sockets.createSocketPair() as SocketPair;
    sockets.sendMessageToConnection(pair.connectionOne, Uint8Array.of(1), SendType.Reliable);
    await new Promise<void>((resolve) => sockets.onReadable(resolve));
    expect(sockets.receiveMessagesOnConnection(pair.connectionTwo, 10)).toHaveLength(1);
    const other = new NetworkingSockets();
    other.connect(addressOf("127.0.0.1", 9));
    await new Promise<void>((resolve) => other.onReadable(resolve));
    expect(other.dispatchCallback(() => {})).toBe(true);
  });

  test("a reader that takes one thing at a time is woken until all is taken", async () => {
    const sockets = new NetworkingSockets();
    const pair = sockets.createSocketPair() as SocketPair;
    const seen: number[] = [];
    const all = new Promise<void>((resolve) => {
      sockets.onReadable(() => {
        for (const message of sockets.receiveMessagesOnConnection(pair.connectionTwo, 1) ?? []) {
          seen.push(message.data[0] as number);
          message.destroy();
        }
        if (seen.length === 50) resolve();
      });
    });
    for (let index = 0; index < 50; index++) {
      sockets.sendMessageToConnection(pair.connectionOne, Uint8Array.of(index), SendType.Reliable);
    }
    await all;
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test("one callback at a time, and none after null or for other owners", async () => {
    const { server, client, socket, toServer } = await connectPeers();
    let calls = 0;
    let idleCalls = 0;
    const idle = new NetworkingSockets();
    await new Promise<void>((resolve) => {
      idle.onReadable(() => {
        idleCalls++;
        resolve();
      });
    });
    client.sockets.onReadable(() => calls++);
    client.sockets.onReadable(null);
    client.sockets.onReadable(null);
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    client.sockets.sendMessageToConnection(toServer, Uint8Array.of(1), SendType.Reliable);
    await server.until(() => server.received.length === 1);
    server.sockets.sendMessageToConnection(server.events[0]?.connection ?? 0, Uint8Array.of(2), SendType.Reliable);
    server.sockets.closeListenSocket(socket);
    await server.event(ConnectionState.None);
    expect(calls).toBe(0);
    // The one after it was set.
    expect(idleCalls).toBe(1);
    expect(() => client.sockets.onReadable(undefined as never)).toThrow(
      expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" }),
    );
  });

  test("a reader lives as long as it has something open", async () => {
    const collect = globalThis.gc as () => void;
    let heard: (data: number) => void = () => {};
    const messages = new Promise<number>((resolve) => {
      heard = resolve;
    });
    const address = (() => {
      const sockets = new NetworkingSockets();
      const socket = sockets.createListenSocket(addressOf("127.0.0.1", 0));
      sockets.onReadable(() => {
        sockets.dispatchCallbacks((info) => sockets.acceptConnection(info.connection));
        for (const message of sockets.receiveMessagesOnListenSocket(socket, 1) ?? []) heard(message.data[0] as number);
      });
      const found = sockets.getListenSocketAddress(socket);
      if (found === null) throw new Error("no listen socket");
      return found;
    })();
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise(setImmediate);
    }
    const client = new Peer();
    const connection = client.sockets.connect(address);
    client.sockets.sendMessageToConnection(connection, Uint8Array.of(9), SendType.Reliable);
    expect(await messages).toBe(9);
  });

  test("a reader lives until the last event of what it has closed", async () => {
    const server = new Peer();
    const { address } = server.listen();
    const close = () => {
      const { sockets } = new Peer();
      const connection = sockets.connect(address);
      return new Promise<boolean>((resolve) => {
        sockets.onReadable(() =>
          sockets.dispatchCallbacks(({ connectionInfo, flushed }) => {
            if (connectionInfo.state === ConnectionState.None) resolve(flushed);
            if (connectionInfo.state !== ConnectionState.Connected) return;
            // Nothing is acknowledged, so it lingers for its whole time.
            sockets.setConfigValue(ConfigValue.FakePacketLossSend, 100);
            sockets.sendMessage(connection, Uint8Array.of(1), SendFlags.Reliable);
            sockets.closeConnectionGracefully(connection, 0, "", 200);
          }),
        );
      });
    };
    expect(await whileCollecting(close())).toBe(false);
    expect(Library.statistics.lingering).toBe(0);
  });

  test("a reader lives until the last event of what came in by a listen socket that it has closed", async () => {
    const client = new Peer();
    const close = () => {
      const { sockets } = new Peer();
      const socket = sockets.createListenSocket(addressOf("127.0.0.1", 0));
      client.sockets.connect(sockets.getListenSocketAddress(socket) as Address);
      return new Promise<boolean>((resolve) => {
        sockets.onReadable(() =>
          sockets.dispatchCallbacks(({ connection, connectionInfo, flushed }) => {
            if (connectionInfo.state === ConnectionState.None) resolve(flushed);
            if (connectionInfo.state === ConnectionState.Connecting) sockets.acceptConnection(connection);
            if (connectionInfo.state !== ConnectionState.Connected) return;
            sockets.setConfigValue(ConfigValue.FakePacketLossSend, 100);
            sockets.sendMessage(connection, Uint8Array.of(1), SendFlags.Reliable);
            sockets.closeConnectionGracefully(connection, 0, "", 200);
            sockets.closeListenSocket(socket);
          }),
        );
      });
    };
    expect(await whileCollecting(close())).toBe(false);
  });

  const connection = (sockets: NetworkingSockets) => sockets.connect(addressOf("127.0.0.1", 9));
  test.each<[string, (sockets: NetworkingSockets) => void]>([
    [
      "has closed its listen socket",
      (sockets) => sockets.closeListenSocket(sockets.createListenSocket(addressOf("127.0.0.1", 0))),
    ],
    ["has closed its connection", (sockets) => sockets.closeConnection(connection(sockets))],
    [
      "had a connection when the library was given back",
      (sockets) => {
        connection(sockets);
        Library.deinitialize();
        Library.initialize({ driver });
      },
    ],
  ])("a reader that %s can be collected", async (_name, use) => {
    const collect = globalThis.gc as () => void;
    const make = () => {
      const sockets = new NetworkingSockets();
      sockets.onReadable(() => sockets.dispatchCallbacks(() => {}));
      use(sockets);
      return new WeakRef(sockets);
    };
    const reference = make();
    for (let round = 0; round < 20 && reference.deref() !== undefined; round++) {
      await new Promise(setImmediate);
      collect();
    }
    expect(reference.deref()).toBeUndefined();
  });
});
