import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nftRules } from "../../lib/guard/nft-rules.js";
import { nftablesRoute } from "../../lib/guard/nftables-route.js";
import { type Command, startProcess } from "../cli/command.js";
import { FloodNetwork } from "../support/flood-network.js";
import { whyNoNamespaces } from "../support/network-world.js";
import { root } from "../support/runtimes.js";

const hasNft = (() => {
  try {
    execFileSync("nft", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const whyNot = whyNoNamespaces ?? (hasNft ? null : "there is no nft here");

test.each([
  ["no port", { ports: [] }],
  ["port 0", { ports: [0] }],
  ["a rate", { ports: [80], perSecond: 0.5 }],
  ["a table", { ports: [80], table: "a; flush ruleset" }],
])("rules are not made for a wrong value: %s", async (_what, options) => {
  expect(() => nftRules(options)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
});

test("options of a route that are none are refused before nft is started", async () => {
  await expect(nftablesRoute({ tabel: "game" } as never)).rejects.toMatchObject({ code: "ERR_UNKNOWN_OPTION" });
  await expect(nftablesRoute(null as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  await expect(nftablesRoute({ table: "a; flush ruleset" })).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
});

describe.skipIf(whyNot !== null)(`in the kernel ${whyNot ?? ""}`, () => {
  let network: FloodNetwork;
  let server: Command;
  beforeEach(() => {
    network = new FloodNetwork(3);
  });
  afterEach(() => network.remove());

  const onServer = (input: string | null, ...args: string[]) =>
    execFileSync("ip", [...network.prefix("server"), ...args], input === null ? {} : { input }).toString();
  const startServer = (program: string, ...args: string[]) =>
    startProcess("ip", [
      ...network.prefix("server"),
      process.execPath,
      join(root, "test", "programs", program),
      ...args,
    ]);
  const dropped = (name: string) =>
    Number(/packets (\d+)/.exec(onServer(null, "nft", "list", "counter", "inet", "valve_sockets", name))?.[1]);
  /** Opens connections to the server's n-th address, from the n-th of the others. @returns how many have "hello" */
  const connect = (index: number, count: number, waitMs: number) => {
    const program = `
      const { connect } = require("node:net");
      let got = 0, open = ${count};
      const end = () => { if (--open === 0) { console.log(got); process.exit(); } };
      for (let at = 0; at < ${count}; at++) {
        connect(7777, "10.66.0.${index}").on("data", () => got++).on("close", end).on("error", () => {});
      }
      setTimeout(() => { console.log(got); process.exit(); }, ${waitMs});`;
    return Number(execFileSync("ip", [...network.prefix("others"), process.execPath, "-e", program]));
  };

  test("known sources pass over the rate of newcomers, banned ones are dropped until they are unbanned", async () => {
    onServer(nftRules({ ports: [7777], perSecond: 1 }), "nft", "-f", "-");
    server = startServer("nft-route.mjs", "10.66.1.1", "10.66.1.2");
    await server.waitFor("stdout", /listening/);
    await server.waitFor("stdout", /routed 1/);
    const table = onServer(null, "nft", "list", "table", "inet", "valve_sockets");
    for (const element of [
      "elements = { 10.66.1.1 ",
      "10.66.1.2 timeout 1d",
      "elements = { 2001:db8:: ",
      "2001:db9:: timeout 1d",
    ]) {
      expect(table).toContain(element);
    }
    expect(connect(1, 50, 20_000)).toBe(50);
    expect(dropped("dropped_newcomers")).toBe(0);
    expect(connect(2, 1, 300)).toBe(0);
    expect(dropped("dropped_banned")).toBeGreaterThan(0);
    connect(3, 50, 300);
    expect(dropped("dropped_newcomers")).toBeGreaterThan(0);
    server.write("unban");
    await server.waitFor("stdout", /routed 2/);
    expect(onServer(null, "nft", "list", "set", "inet", "valve_sockets", "banned4")).not.toContain("10.66.1.2");
    expect((await server.end()).stdout).not.toContain("failed");
  });

  test("what a table of that name has already stays, and loading again empties the sets", () => {
    const firewall = "table inet filter { chain input { type filter hook input priority 0; tcp dport 22 accept; }; }";
    onServer(firewall, "nft", "-f", "-");
    const rules = nftRules({ ports: [7777], table: "filter" });
    onServer(rules, "nft", "-f", "-");
    onServer("add element inet filter banned4 { 10.66.1.9 }", "nft", "-f", "-");
    const before = onServer(null, "nft", "list", "table", "inet", "filter");
    onServer(rules, "nft", "-f", "-");
    const after = onServer(null, "nft", "list", "table", "inet", "filter");
    expect(before).toContain("10.66.1.9");
    expect(after).not.toContain("10.66.1.9");
    expect(after).toContain("tcp dport 22 accept");
    expect(after.match(/@banned4 /g)?.length).toBe(1);
  });

  test("a set that is full keeps nothing out of the others", async () => {
    onServer(nftRules({ ports: [7777] }).replace(/(set known6 .*size )\d+/, "$11"), "nft", "-f", "-");
    onServer("add element inet valve_sockets known6 { 2001:dba:: }", "nft", "-f", "-");
    server = startServer("nft-route.mjs", "10.66.1.1", "10.66.1.2");
    await server.waitFor("stdout", /failed/);
    const table = onServer(null, "nft", "list", "table", "inet", "valve_sockets");
    for (const element of ["10.66.1.1 ", "10.66.1.2 timeout 1d", "2001:db9:: timeout 1d"]) {
      expect(table).toContain(element);
    }
    await server.end();
  });

  test("a table that is not loaded is told at once", async () => {
    server = startServer("nft-route.mjs", "10.66.1.1", "10.66.1.2");
    const { code, stderr } = await server.end();
    expect(code).toBe(1);
    expect(stderr).toMatch(/ERR_FAILED/);
    expect(stderr).toMatch(/Is the table loaded\?/);
  });
});
