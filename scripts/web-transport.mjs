// Has cargo build the static library of deps/webtransport.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cache, root } from "./paths.mjs";
import { run, step } from "./run.mjs";

const crate = join(root, "deps", "webtransport");

/**
 * Builds the library, in a folder outside the project.
 *
 * @returns its path, or "" where there is no Rust: then this says so, and WebTransport is left out
 */
export function buildWebTransport(env = process.env) {
  if (spawnSync("cargo", ["--version"]).status !== 0) {
    console.warn("Without WebTransport: there is no cargo. Browsers connect over WebSocket");
    return "";
  }
  step("WebTransport: Rust, about two minutes the first time");
  const target = env.CARGO_TARGET_DIR ?? join(cache, "cargo-webtransport");
  run("cargo", ["build", "--release", "--locked", "--quiet", "--lib", "--manifest-path", join(crate, "Cargo.toml")], {
    env: { ...env, CARGO_TARGET_DIR: target },
  });
  const names = ["libvalve_sockets_webtransport.a", "valve_sockets_webtransport.lib"];
  const library = names.map((name) => join(target, "release", name)).find((path) => existsSync(path));
  if (!library) throw new Error(`cargo left no static library in ${target}`);
  return library;
}
