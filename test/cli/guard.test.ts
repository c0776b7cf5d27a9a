import { expect, test } from "vitest";
import { startCommand } from "./command.js";

const run = (...args: string[]) => startCommand("guard", ...args).end();

test("guard nft prints the rules of the ports", async () => {
  const { code, stdout, stderr } = await run(
    "nft",
    "--port",
    "7777",
    "--port",
    "80",
    "--rate",
    "30",
    "--table",
    "game",
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("table inet game {");
  expect(stdout).toContain("tcp dport { 7777, 80 } ");
  expect(stdout).toContain("limit rate over 30/second burst 10 packets ");
});

test.each([
  [["nft"], "--port N"],
  [["nft", "--port", "0"], "A port"],
  [["nft", "--port", "80x"], "--port"],
  [["nft", "--port", "80", "--rate", "0"], "rate"],
  [["nft", "--port", "80", "--table", "a b"], "table"],
  [["--port", "80"], "guard nft"],
  [["nft", "--prot", "80"], "--prot"],
])("wrong arguments are told: %j", async (args, text) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.split("\n")[0]).toContain(text);
});

test("--help tells what it is", async () => {
  expect(await run("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("--rate") });
});
