import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConnectionState, Library } from "../../../lib/index.js";
import { drivers, Peer } from "../../support/peer.js";
import { startProgram } from "../../support/program.js";

beforeAll(() => expect(Library.initialize()).toBe(true));
afterAll(() => Library.deinitialize());

describe.each(drivers)("driver %s", (driver) => {
  const target = () => {
    const silent = new Peer();
    silent.accepts = false;
    return String(silent.listen().address.port);
  };

  test.each([
    ["nothing", "nothing"],
    ["group", "nothing"],
    ["listen socket", "close"],
    ["listen socket", "unref"],
    ["listen socket", "destroy"],
    ["listen socket", "deinitialize"],
    ["connection", "close"],
    ["connection", "unref"],
    ["connection", "destroy"],
    ["pair", "close"],
    ["pair", "deinitialize"],
  ])("%s, %s: the process ends by itself", async (what, then) => {
    const port = what === "connection" ? target() : "0";
    const { code, lines, errors } = await startProgram("keep-alive", [driver, what, then, port]).end();
    expect({ code, lines, errors }).toEqual({ code: 0, lines: ["opened"], errors: "" });
  });

  test.each([
    ["listen socket", "nothing"],
    ["listen socket", "unref and ref"],
    ["connection", "nothing"],
    ["pair", "nothing"],
  ])("%s, %s: the process goes on", async (what, then) => {
    const port = what === "connection" ? target() : "0";
    const program = startProgram("keep-alive", [driver, what, then, port]);
    await program.line("opened");
    // The same program with nothing open ends in the meantime, which shows that there was time to end.
    const control = await startProgram("keep-alive", [driver, "nothing", "nothing"]).end();
    expect(control.code).toBe(0);
    expect(program.child.exitCode).toBeNull();
    program.child.kill("SIGKILL");
    expect((await program.end()).signal).toBe("SIGKILL");
  });

  test("a lingering close keeps it until all is delivered", async () => {
    const server = new Peer();
    const { socket, address } = server.listen();
    server.receiveFrom = () => server.sockets.receiveMessagesOnListenSocket(socket, 10);
    const program = startProgram("keep-alive", [driver, "connection", "linger", String(address.port)]);
    const { connectionInfo } = await server.event(ConnectionState.ClosedByPeer);
    expect(connectionInfo.applicationReason).toBe(4);
    expect(server.received.map((data) => data.length)).toEqual(Array(5).fill(40_000));
    expect(connectionInfo.endDebug).toBe("sent");
    expect((await program.end()).code).toBe(0);
  });
});
