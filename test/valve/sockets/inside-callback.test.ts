import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigValue, ConnectionState, Library } from "../../../lib/index.js";
import { drivers, Peer } from "../../support/peer.js";
import { startProgram } from "../../support/program.js";

beforeAll(() => expect(Library.initialize()).toBe(true));
afterAll(() => Library.deinitialize());

describe.each(drivers)("driver %s", (driver) => {
  describe.each(["status", "readable", "debug"])("inside the %s callback", (where) => {
    test.concurrent.each([
      ["exit", 5, 2999],
      ["throw", 1, 2999],
      ["close", 0, 1007],
      ["destroy", 0, 2999],
      ["deinitialize", 0, 2999],
      ["restart", 0, 2999],
    ])("%s", async (what, exitCode, endReason) => {
      const server = new Peer();
      // A side that is not told would find out by a timeout, with another reason.
      const { address } = server.listen("127.0.0.1", [{ value: ConfigValue.TimeoutConnected, data: 3_600_000 }]);
      const program = startProgram("inside-callback", [driver, where, what, String(address.port)]);
      const [{ connectionInfo }, { code, signal, errors }] = await Promise.all([
        server.event(ConnectionState.ClosedByPeer),
        program.end(),
      ]);
      expect({ code, signal, endReason: connectionInfo.endReason }).toEqual({
        code: exitCode,
        signal: null,
        endReason,
      });
      if (what === "throw") expect(errors).toContain("nobody catches this");
      else expect(errors).toBe("");
      server.sockets.destroy();
    });
  });
});
