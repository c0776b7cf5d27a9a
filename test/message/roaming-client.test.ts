import { describe, expect, test } from "vitest";
import { whyNoNamespaces } from "../support/network-world.js";
import { startProgram } from "../support/program.js";

describe.skipIf(whyNoNamespaces !== null)(`a player changes to another network ${whyNoNamespaces ?? ""}`, () => {
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

  test.each([
    ["IPv4", "batched"],
    ["IPv4", "dgram"],
    ["IPv6", "batched"],
    ["IPv6", "dgram"],
  ])("without %s, over %s: the other address of the server's name carries the game on", async (...parameters) => {
    const { code, lines, errors } = await startProgram("other-family", parameters).end();
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const all = { next: 100, wrong: 0 };
    expect(JSON.parse(lines[0] as string)).toEqual({
      atServer: { events: ["moved"], ...all },
      atClient: { events: [], ...all },
      hosts: [parameters[0] === "IPv4" ? "[::1]" : "127.0.0.1"],
    });
  });
});
