import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { whyNoNamespaces } from "../support/network-world.js";
import { temporaryFolder } from "../support/packed.js";
import { startProgram } from "../support/program.js";

describe.skipIf(whyNoNamespaces !== null)(`server.ban ${whyNoNamespaces ?? ""}`, () => {
  test.each([
    ["udp", "ERR_CONNECT_FAILED"],
    ["websocket", "ERR_CONNECT_FAILED"],
  ])(
    "over %s: the player hears why, does not come back, and neither after a restart of the server",
    async (transport, code) => {
      const { folder, remove } = temporaryFolder();
      onTestFinished(remove);
      const { code: exit, lines, errors } = await startProgram("banned", [transport, join(folder, "guard.json")]).end();
      expect({ exit, errors }).toEqual({ exit: 0, errors: "" });
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        { outcome: "in", told: { code: 7, text: "rude" }, again: code },
        { outcome: code, unbanned: "in" },
      ]);
    },
  );
});
