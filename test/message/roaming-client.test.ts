import { describe, expect, test } from "vitest";
import { whyNoNamespaces } from "../support/network-world.js";
import { startProgram } from "../support/program.js";

describe.skipIf(whyNoNamespaces !== null)(`a player changes from Wi-Fi to mobile ${whyNoNamespaces ?? ""}`, () => {
  test.each([
    ["batched", "address removed"],
    ["batched", "link down"],
    ["batched", "nothing for a while"],
    ["dgram", "address removed"],
    ["dgram", "link down"],
  ])("%s, %s: nothing is lost, and only the server has an event", async (implementation, end) => {
    const { code, lines, errors } = await startProgram("roaming-client", ["IPv4", implementation, end]).end();
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const all = { next: 200, wrong: 0 };
    expect(JSON.parse(lines[0] as string)).toEqual({
      server: { events: ["connected", "authenticated", "moved"], ...all },
      client: { events: ["connected", "authenticated"], ...all },
    });
  });
});
