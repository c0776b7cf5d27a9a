import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cache } from "../../scripts/paths.mjs";

test("the tests of deps/webtransport, in Rust", { timeout: 3_600_000 }, () => {
  const { status, stdout, stderr } = spawnSync("cargo", ["test", "--locked", "--quiet", "--", "--test-threads=1"], {
    cwd: "deps/webtransport",
    env: { ...process.env, CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? join(cache, "cargo-webtransport-tests") },
    encoding: "utf8",
  });
  expect({ status, output: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, output: "" });
});
