import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigValue, ConnectionState, Library, Result, SendFlags } from "../../../lib/index.js";
import { connectPeers, drivers, Peer } from "../../support/peer.js";
import { startProgram } from "../../support/program.js";

describe.each(drivers)("driver %s", (driver) => {
  beforeEach(() => expect(Library.initialize({ driver })).toBe(true));
  afterEach(() => Library.deinitialize());

  test("a close that nobody acknowledges gives up when its time is up", async () => {
    // The connection itself would not notice for an hour.
    const { client, toServer } = await connectPeers("127.0.0.1", [
      { value: ConfigValue.TimeoutConnected, data: 3_600_000 },
    ]);
    // From here on nothing arrives any more.
    expect(client.sockets.setConfigValue(ConfigValue.FakePacketLossSend, 100)).toBe(true);
    expect(client.sockets.sendMessage(toServer, new Uint8Array(1000), SendFlags.Reliable)).toBe(Result.OK);
    const start = Library.time;
    expect(client.sockets.closeConnectionGracefully(toServer, 7, "lost", 200)).toBe(true);
    expect(Library.statistics.lingering).toBe(1);
    expect(client.sockets.getConnectionInfo(toServer)).toBeNull();
    const info = await client.event(ConnectionState.None, toServer);
    expect(info.flushed).toBe(false);
    // Not before its time: that much can be said of it on any machine.
    expect(Library.time - start).toBeGreaterThanOrEqual(200_000);
    expect(Library.statistics).toMatchObject({ lingering: 0, connections: 1 });
  });

  test("a close that is acknowledged ends before its time, and says so", async () => {
    const { client, server, toServer, toClient } = await connectPeers();
    expect(client.sockets.sendMessage(toServer, new Uint8Array(100_000), SendFlags.Reliable)).toBe(Result.OK);
    // It would outlast the test.
    expect(client.sockets.closeConnectionGracefully(toServer, 7, "all", 3_600_000)).toBe(true);
    expect((await client.event(ConnectionState.None, toServer)).flushed).toBe(true);
    const { connectionInfo } = await server.event(ConnectionState.ClosedByPeer, toClient);
    expect(connectionInfo.applicationReason).toBe(7);
  });

  test("a close gives its place back when the peer has confirmed it, and says it again until then", async () => {
    const { client, server, toServer, toClient } = await connectPeers();
    const { places } = Library.statistics;
    client.sockets.setConfigValue(ConfigValue.FakePacketLossSend, 100);
    // It would outlast the test.
    expect(client.sockets.closeConnectionGracefully(toServer, 7, "heard", 3_600_000)).toBe(true);
    expect(Library.statistics).toMatchObject({ lingering: 0, unconfirmedCloses: 1, places });
    const order: string[] = [];
    const closed = client.event(ConnectionState.None, toServer).finally(() => order.push("closed"));
    const heard = server.event(ConnectionState.ClosedByPeer, toClient).finally(() => order.push("heard"));
    client.sockets.setConfigValue(ConfigValue.FakePacketLossSend, 0);
    expect((await heard).connectionInfo).toMatchObject({ applicationReason: 7, endDebug: "heard" });
    expect((await closed).flushed).toBe(true);
    expect(order).toEqual(["heard", "closed"]);
    expect(Library.statistics).toMatchObject({ unconfirmedCloses: 0, places: places - 1 });
  });

  test("a connection lost while it lingers was not flushed", async () => {
    const { client, server, toServer, toClient } = await connectPeers();
    // The server answers nothing more, not even acknowledgements, but for its own close.
    client.sockets.setConfigValue(ConfigValue.FakePacketLossRecv, 100);
    client.sockets.sendMessage(toServer, new Uint8Array(1000), SendFlags.Reliable);
    expect(client.sockets.closeConnectionGracefully(toServer, 0, "", 3_600_000)).toBe(true);
    expect(Library.statistics.lingering).toBe(1);
    server.sockets.closeConnection(toClient);
    client.sockets.setConfigValue(ConfigValue.FakePacketLossRecv, 0);
    expect((await client.event(ConnectionState.None, toServer)).flushed).toBe(false);
    expect(Library.statistics.lingering).toBe(0);
  });

  test("destroying the owner ends its lingering closes at once", async () => {
    const { client, toServer } = await connectPeers();
    client.sockets.setConfigValue(ConfigValue.FakePacketLossSend, 100);
    client.sockets.sendMessage(toServer, new Uint8Array(1000), SendFlags.Reliable);
    client.sockets.closeConnectionGracefully(toServer, 0, "", 3_600_000);
    client.sockets.destroy();
    expect(Library.statistics.lingering).toBe(0);
  });

  test.each([
    ["graceful", "flushed: false"],
    ["seed", "flushed: false"],
    ["graceful and unref", "flushed: false"],
  ])("the natural end of a process waits for its closes (%s), and not for ever", async (how, expected) => {
    const server = new Peer();
    const { address } = server.listen("127.0.0.1", [{ value: ConfigValue.TimeoutConnected, data: 3_600_000 }]);
    const program = startProgram("lingering", [driver, how, String(address.port)]);
    // The program has nothing else that keeps it alive, and what it sends arrives nowhere.
    const { code, signal, lines, errors } = await program.end();
    expect({ code, signal, lines, errors }).toEqual({ code: 0, signal: null, lines: ["closed", expected], errors: "" });
  });
});
