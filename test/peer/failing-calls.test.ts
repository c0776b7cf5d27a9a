import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkoutCache } from "../../scripts/paths.mjs";
import { startProgram } from "../support/program.js";

// test/native/failing_calls.cc; test/addon/offload.test.ts has what each part does then.
const failing = join(checkoutCache("cmake"), "Release", "libfailing-calls.so");
const errors = ["EIO", "EINVAL", "EMSGSIZE", "EAGAIN", "ENOBUFS", "cut off"];

describe.runIf(process.platform === "linux")("reliable messages arrive though batches of datagrams fail", () => {
  describe.each(["gns", "udp", "webtransport"])("%s", (transport) => {
    test.each(errors)("%s", async (error) => {
      const env = { LD_PRELOAD: failing, FAILING_CALLS: error, VALVE_SOCKETS_WITHOUT: undefined };
      const { code, lines, errors } = await startProgram("failing-calls", [transport], [], env).end();
      expect({ code, errors }).toEqual({ code: 0, errors: "" });
      expect(lines[0]).toBe("400 in order");
      expect(Number(lines[1]?.split(" ")[1])).toBeGreaterThan(0);
    });
  });
});
