import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { rustChecks, webTransportCrate } from "../../scripts/web-transport.mjs";

test("the tests of deps/webtransport, in Rust", { timeout: 3_600_000 }, () => {
  const { status, stdout, stderr } = spawnSync("cargo", ["test", "--locked", "--quiet", "--", "--test-threads=1"], {
    cwd: webTransportCrate,
    env: { ...process.env, CARGO_TARGET_DIR: rustChecks },
    encoding: "utf8",
  });
  expect({ status, output: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, output: "" });
});
