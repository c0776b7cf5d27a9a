import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../examples/fleet/main.mjs", import.meta.url));

test("a host is killed under bots: all play on, and no move is lost or doubled", async () => {
  const parameters = [program, "--seconds", "16", "--bots", "20", "--rooms", "9"];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { timeout: 120_000 });
  expect(stdout).toMatch(/^killed \w+; 20 bots: \d+ moves were acknowledged, 0 lost or doubled\n$/);
}, 150_000);
