import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  Address,
  ConfigValue,
  ConnectionInfo,
  ConnectionState,
  ConnectionStatus,
  Library,
  NetworkingSockets,
  Result,
  StringBuilder,
} from "../../../lib/index.js";
import { addressOf, connectPeers, drivers, Peer } from "../../support/peer.js";

describe.each(drivers)("driver %s", (driver) => {
  beforeEach(() => expect(Library.initialize({ driver })).toBe(true));
  afterEach(() => Library.deinitialize());

  test.each([
    ["IPv4", "127.0.0.1", "127.0.0.1"],
    ["IPv6", "::1", "::1"],
    ["IPv6 to both", "::0", "::1"],
    ["IPv4 to both", "::0", "127.0.0.1"],
  ])("connects %s", async (_name, listenIP, connectIP) => {
    const [server, client] = [new Peer(), new Peer()];
    const { address } = server.listen(listenIP);
    const connection = client.sockets.connect(addressOf(connectIP, address.port));
    const connected = await client.event(ConnectionState.Connected, connection);
    await server.event(ConnectionState.Connected);
    expect(connected.oldState).toBe(ConnectionState.Connecting);
    expect(connected.connectionInfo.address.toString()).toBe(addressOf(connectIP, address.port).toString());
    const incoming = server.events.at(0);
    expect(incoming?.oldState).toBe(ConnectionState.None);
    expect(incoming?.connectionInfo.address.getIP()).toBe(connectIP);
  });

  test("a connection is known by its info", async () => {
    const { server, client, socket, toServer, toClient } = await connectPeers();
    const info = new ConnectionInfo();
    expect(server.sockets.getConnectionInfo(toClient, info)).toBe(true);
    expect(info.state).toBe(ConnectionState.Connected);
    expect(info.listenSocket).toBe(socket);
    expect(info.address.getIP()).toBe("127.0.0.1");
    expect(info.userData).toBe(-1n);
    expect(info.endReason).toBe(0);
    expect(info.applicationReason).toBeNull();
    expect(info.connectionDescription).not.toBe("");
    expect(client.sockets.getConnectionInfo(toServer)?.listenSocket).toBe(0);
    expect(client.sockets.getConnectionInfo(toServer + 1)).toBeNull();
    expect(client.sockets.getConnectionInfo(toServer + 1, info)).toBe(false);
  });

  test("and by its figures", async () => {
    const { client, toServer } = await connectPeers("127.0.0.1", []);
    const status = new ConnectionStatus();
    expect(client.sockets.getQuickConnectionStatus(toServer, status)).toBe(true);
    expect(status.state).toBe(ConnectionState.Connected);
    expect(status.ping).toBeGreaterThanOrEqual(0);
    expect(status.sendRateBytesPerSecond).toBe(262144);
    expect(status.pendingReliable).toBe(0);
    expect(client.sockets.getQuickConnectionStatus(0)).toBeNull();
    expect(client.sockets.getQuickConnectionStatus(0, status)).toBe(false);
  });

  test("the detailed status fits, or says what it needs", async () => {
    const { client, toServer } = await connectPeers();
    const large = new StringBuilder(65536);
    expect(client.sockets.getDetailedConnectionStatus(toServer, large, 65536)).toBe(0);
    expect(large.value).toContain("connected");
    const small = new StringBuilder(65536);
    const needed = client.sockets.getDetailedConnectionStatus(toServer, small, 20);
    expect(needed).toBeGreaterThan(large.length);
    expect(small.length).toBe(19);
    expect(client.sockets.getDetailedConnectionStatus(toServer, new StringBuilder(20), 65536)).toBeGreaterThan(20);
    expect(client.sockets.getDetailedConnectionStatus(toServer, small, needed)).toBe(0);
    expect(client.sockets.getDetailedConnectionStatus(1, small, 65536)).toBe(-1);
    expect(client.sockets.getDetailedConnectionStatus(toServer)).toContain("connected");
    expect(client.sockets.getDetailedConnectionStatus(1)).toBeNull();
  });

  test("the debug text names connection and figures", async () => {
    const { client, toServer } = await connectPeers();
    client.sockets.setConnectionName(toServer, "left door");
    const text = new StringBuilder(4096);
    expect(client.sockets.getConnectionDebugText(toServer, text, 4096)).toBe(true);
    expect(text.value).toContain("left door");
    expect(text.value).toContain("state Connected");
    expect(client.sockets.getConnectionDebugText(toServer)).toContain("left door");
    expect(client.sockets.getConnectionDebugText(9, text, 4096)).toBe(false);
    expect(client.sockets.getConnectionDebugText(9)).toBeNull();
  });

  test("user data and name", async () => {
    const { client, toServer } = await connectPeers();
    const { sockets } = client;
    expect(sockets.getConnectionUserData(toServer)).toBe(-1n);
    for (const data of [0n, -(2n ** 63n), 2n ** 63n - 1n, 42]) {
      expect(sockets.setConnectionUserData(toServer, data)).toBe(true);
      expect(sockets.getConnectionUserData(toServer)).toBe(BigInt(data));
      expect(sockets.getConnectionInfo(toServer)?.userData).toBe(BigInt(data));
    }
    expect(sockets.setConnectionUserData(1, 1n)).toBe(false);
    expect(sockets.getConnectionUserData(1)).toBe(-1n);
    expect(sockets.setConnectionName(toServer, "é".repeat(20))).toBe(true);
    expect(sockets.getConnectionName(toServer)).toBe("é".repeat(15));
    expect(sockets.setConnectionName(toServer, "left door")).toBe(true);
    const name = new StringBuilder(32);
    expect(sockets.getConnectionName(toServer, name, 32)).toBe(true);
    expect(name.value).toBe("left door");
    expect(sockets.getConnectionName(toServer, name, 5)).toBe(true);
    expect(name.value).toBe("left");
    expect(sockets.setConnectionName(1, "x")).toBe(false);
    expect(sockets.getConnectionName(1, name, 32)).toBe(false);
    expect(sockets.getConnectionName(1)).toBeNull();
  });

  test("accepting gives the documented results", async () => {
    const [server, client] = [new Peer(), new Peer()];
    server.accepts = false;
    const { address } = server.listen();
    const toServer = client.sockets.connect(address);
    const { connection } = await server.event(ConnectionState.Connecting);
    expect(client.sockets.acceptConnection(toServer)).not.toBe(Result.OK);
    expect(client.sockets.acceptConnection(connection)).toBe(Result.InvalidParam);
    expect(server.sockets.acceptConnection(connection)).toBe(Result.OK);
    expect(server.sockets.acceptConnection(connection)).toBe(Result.InvalidState);
    expect(server.sockets.acceptConnection(12345)).toBe(Result.InvalidParam);
    await client.event(ConnectionState.Connected);
    expect(client.sockets.acceptConnection(toServer)).toBe(Result.InvalidState);
  });

  test("a refusal carries its reason", async () => {
    const [server, client] = [new Peer(), new Peer()];
    server.accepts = false;
    const { address } = server.listen();
    const toServer = client.sockets.connect(address);
    const { connection } = await server.event(ConnectionState.Connecting);
    expect(server.sockets.closeConnection(connection, 7, "full")).toBe(true);
    const { connectionInfo } = await client.event(ConnectionState.ClosedByPeer, toServer);
    expect(connectionInfo.applicationReason).toBe(7);
    expect(connectionInfo.endDebug).toBe("full");
  });

  test("options hold from the start", async () => {
    const options = [
      { value: ConfigValue.ConnectionUserData, data: 77n },
      { value: ConfigValue.SendRateMin, data: 500_000 },
      { value: ConfigValue.SendRateMax, data: 500_000 },
    ];
    const { server, client, toServer, toClient } = await connectPeers("127.0.0.1", options);
    expect(client.sockets.getConnectionUserData(toServer)).toBe(77n);
    expect(server.sockets.getConnectionUserData(toClient)).toBe(77n);
    expect(client.events.at(-1)?.connectionInfo.userData).toBe(77n);
    expect(client.sockets.getQuickConnectionStatus(toServer)?.sendRateBytesPerSecond).toBe(500_000);
    expect(client.sockets.getConfigValue(ConfigValue.SendRateMax).data).toBe(262144);
  });
});

describe("events", () => {
  beforeEach(() => expect(Library.initialize()).toBe(true));
  afterEach(() => Library.deinitialize());

  test("come one per call, with the context as it was given", () => {
    const sockets = new NetworkingSockets();
    sockets.connect(addressOf("127.0.0.1", 9));
    sockets.connect(addressOf("127.0.0.1", 9));
    const context = { any: "thing" };
    const seen: unknown[] = [];
    const note = (info: { connection: number }, given: unknown) => seen.push(given, info.connection);
    expect(sockets.dispatchCallback(note, context)).toBe(true);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBe(context);
    expect(sockets.dispatchCallback(note)).toBe(true);
    expect(seen[2]).toBeUndefined();
    expect(sockets.dispatchCallback(note)).toBe(false);
    expect(seen).toHaveLength(4);
  });

  test("dispatchCallbacks drains, or stops at a number", () => {
    const sockets = new NetworkingSockets();
    for (let index = 0; index < 5; index++) sockets.connect(addressOf("127.0.0.1", 9));
    let count = 0;
    expect(sockets.dispatchCallbacks(() => count++, undefined, 2)).toBe(2);
    expect(sockets.dispatchCallbacks(() => count++)).toBe(3);
    expect(sockets.dispatchCallbacks(() => count++)).toBe(0);
    expect(count).toBe(5);
  });

  test("are taken even when the callback throws", () => {
    const sockets = new NetworkingSockets();
    sockets.connect(addressOf("127.0.0.1", 9));
    const fail = () => {
      throw new Error("mine");
    };
    expect(() => sockets.dispatchCallback(fail)).toThrow("mine");
    expect(sockets.dispatchCallback(fail)).toBe(false);
  });

  test("may be asked for, and connections closed, inside a callback", () => {
    const sockets = new NetworkingSockets();
    const connections = [1, 2, 3].map(() => sockets.connect(addressOf("127.0.0.1", 9)));
    const seen: number[] = [];
    sockets.dispatchCallback((first) => {
      seen.push(first.connection);
      sockets.closeConnection(first.connection);
      sockets.dispatchCallbacks((info) => seen.push(info.connection));
    });
    expect(seen).toEqual(expect.arrayContaining(connections));
    expect(sockets.getConnectionInfo(connections[0] as number)).toBeNull();
  });
});

describe("listening", () => {
  beforeEach(() => expect(Library.initialize()).toBe(true));
  afterEach(() => Library.deinitialize());

  test("port 0 takes a free port", () => {
    const sockets = new NetworkingSockets();
    const ports = Array.from({ length: 20 }, () => {
      const socket = sockets.createListenSocket(addressOf("127.0.0.1", 0));
      return sockets.getListenSocketAddress(socket)?.port ?? 0;
    });
    expect(new Set(ports).size).toBe(20);
    expect(ports.every((port) => port >= 49152 && port <= 65535)).toBe(true);
  });

  test("port 0 tries again when a port is in use, and gives up when all are", () => {
    const numbers = [0.5, 0.5, 0.5, 0.25];
    const sockets = new NetworkingSockets({ random: () => numbers.shift() ?? 0.5 });
    const first = sockets.createListenSocket(addressOf("127.0.0.1", 0));
    expect(sockets.getListenSocketAddress(first)?.port).toBe(49152 + 8192);
    const second = sockets.createListenSocket(addressOf("127.0.0.1", 0));
    expect(sockets.getListenSocketAddress(second)?.port).toBe(49152 + 4096);
    expect(Library.lastError).toBeNull();
    expect(sockets.createListenSocket(addressOf("127.0.0.1", 0))).toBe(0);
    expect(Library.lastError).toMatchObject({ name: "NetworkError", code: "ERR_ADDRESS_IN_USE" });
  });

  test("a used port fails, and lastError says why until something succeeds", () => {
    const sockets = new NetworkingSockets();
    const socket = sockets.createListenSocket(addressOf("127.0.0.1", 0));
    const address = sockets.getListenSocketAddress(socket) as Address;
    expect(sockets.createListenSocket(address)).toBe(0);
    expect(Library.lastError).toMatchObject({ code: "ERR_ADDRESS_IN_USE", message: expect.stringMatching(/bind/) });
    expect(sockets.closeListenSocket(socket)).toBe(true);
    expect(sockets.createListenSocket(address)).not.toBe(0);
    expect(Library.lastError).toBeNull();
  });

  test("getListenSocketAddress fills an address", () => {
    const sockets = new NetworkingSockets();
    const socket = sockets.createListenSocket(addressOf("::1", 0));
    const address = new Address();
    expect(sockets.getListenSocketAddress(socket, address)).toBe(true);
    expect(address.getIP()).toBe("::1");
    expect(sockets.getListenSocketAddress(socket + 1, address)).toBe(false);
    expect(sockets.getListenSocketAddress(socket + 1)).toBeNull();
  });
});
