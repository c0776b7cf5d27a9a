import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigValue, ConnectionState, Library } from "../../lib/index.js";
import { drivers, Peer } from "../support/peer.js";
import { startProgram } from "../support/program.js";

beforeAll(() => {
  expect(Library.initialize()).toBe(true);
});
afterAll(() => Library.deinitialize());

describe.each(drivers)("driver %s", (driver) => {
  test("a close with linger keeps its reason when the process exits at once", async () => {
    const server = new Peer();
    const { address, socket } = server.listen();
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    const program = startProgram("teardown", [driver, "linger and exit", String(address.port)]);
    const { connectionInfo } = await server.event(ConnectionState.ClosedByPeer);
    expect(connectionInfo).toMatchObject({ endReason: 1005, endDebug: "bye" });
    expect(server.received.map((data) => Buffer.from(data).toString())).toEqual(["last words"]);
    expect((await program.end()).code).toBe(3);
    server.sockets.destroy();
  });

  test.each([
    ["exit", 3],
    ["reallyExit", 4],
    ["throw", 1],
    ["reject", 1],
    ["deinitialize", 0],
    ["natural end", 0],
    ["worker", 0],
    ["SIGTERM", "SIGTERM"],
    ["SIGINT", "SIGINT"],
  ])("after %s the other side is told at once", async (how, end) => {
    const server = new Peer();
    // A side that is not told would find out by a timeout, with another reason.
    const { address } = server.listen("127.0.0.1", [{ value: ConfigValue.TimeoutConnected, data: 3_600_000 }]);
    const program = startProgram("teardown", [driver, how, String(address.port)]);
    const { connectionInfo } = await server.event(ConnectionState.ClosedByPeer);
    expect(connectionInfo.endReason).toBe(2999);
    const { code, signal, lines } = await program.end();
    expect(signal ?? code).toBe(end);
    // Bun runs nothing of the addon's own at exit, so the library listens for it. (A worker's last lines get lost, and
    // after a signal or `reallyExit` no exit event comes.)
    if (how !== "worker" && how !== "reallyExit" && signal === null) expect(lines).toContain("driver at exit: none");
    server.sockets.destroy();
  });
});
