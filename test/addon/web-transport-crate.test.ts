// The tests of deps/webtransport are in Rust.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { rustChecks, webTransportCrate } from "../../scripts/web-transport.mjs";

test("cargo's tests of the crate", { timeout: 900_000 }, () => {
  const env = { ...process.env, CARGO_TARGET_DIR: rustChecks };
  const options = { cwd: webTransportCrate, env, encoding: "utf8", stdio: "pipe" } as const;
  const output = execFileSync("cargo", ["test", "--locked", "--quiet"], options);
  const passed = [...output.matchAll(/^test result: ok\. (\d+) passed; 0 failed/gm)].map(([, count]) => Number(count));
  expect(passed.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(15);
});
