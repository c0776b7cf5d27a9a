// Has cargo build the static library of deps/webtransport: for this machine, or for a platform that gets a binary.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { cache, checkoutCache, root } from "./paths.mjs";
import { run, step } from "./run.mjs";
import { ensureSystemPackages, rustSourcePackages } from "./system-packages.mjs";
import { compilerEnvironment, fillOnce, keyOf } from "./toolchain.mjs";

/** The crate, and where cargo keeps what the lint and the crate's own tests compile. */
export const webTransportCrate = join(root, "deps", "webtransport");
export const rustChecks = join(cache, "cargo-webtransport-checks");
/** For ring's C, in place of those that its build would choose. */
const C_FLAGS = "-O3 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -DNDEBUG";
const names = ["libvalve_sockets_webtransport.a", "valve_sockets_webtransport.lib"];

/** Runs cargo without the form of the crate that its tests link: with two, each crate is optimised by itself. */
function build({ options = [], env, folder }) {
  const args = ["--release", "--locked", "--quiet", "--lib", "--crate-type", "staticlib", ...options];
  run("cargo", ["rustc", ...args], { cwd: webTransportCrate, env: { ...env, CARGO_TARGET_DIR: folder } });
}

/** The library that `compile(work)` leaves in the folder that it returns, unless the cache has it under this name. */
async function built(name, compile) {
  const folder = join(cache, "static", `webtransport-${name}`);
  await fillOnce(folder, (unfinished) => {
    const output = compile(join(unfinished, "work"));
    const library = names.map((one) => join(output, one)).find((path) => existsSync(path));
    if (!library) throw new Error(`cargo left no static library in ${output}`);
    copyFileSync(library, join(unfinished, names[0]));
    rmSync(join(unfinished, "work"), { recursive: true, force: true });
  });
  return join(folder, names[0]);
}

/**
 * Builds the library for this machine, in a folder outside the project.
 *
 * @returns its path, or "" where there is no Rust: then this says so, and WebTransport is left out
 */
export async function buildWebTransport() {
  if (spawnSync("cargo", ["--version"]).status !== 0) {
    console.warn("Without WebTransport: there is no cargo. Browsers connect over WebSocket");
    return "";
  }
  return await built(`development-${keyOf(rustVersion(ownCompiler()), ...contents())}`, () => {
    step("WebTransport: Rust, about two minutes the first time");
    const folder = checkoutCache("cargo-webtransport");
    build({ env: process.env, folder });
    return join(folder, "release");
  });
}

/** What `rustc --print` says, or "" where there is none. */
function ask(rustc, ...args) {
  return spawnSync(rustc, ["--print", ...args], { encoding: "utf8" }).stdout?.trim() ?? "";
}

/** The compiler beside cargo. On PATH another may come first: prebuildify puts Node's folder there. */
function ownCompiler() {
  const { stdout } = spawnSync("sh", ["-c", "command -v cargo"], { encoding: "utf8" });
  return join(dirname(stdout.trim()), "rustc");
}

const sourcesOf = (rustc) => join(ask(rustc, "sysroot"), "lib", "rustlib", "src", "rust");

/** The compiler that has Rust's standard library for a target, else one that has its sources, which cargo compiles. */
function findCompiler(target) {
  const compilers = [ownCompiler(), "/usr/bin/rustc"].filter((rustc) => ask(rustc, "sysroot") !== "");
  const ready = compilers.find((rustc) => existsSync(ask(rustc, "target-libdir", "--target", target)));
  if (ready) return { rustc: ready, isCompiled: false };
  const able = compilers.find((rustc) => existsSync(join(sourcesOf(rustc), "library", "Cargo.lock")));
  return able && { rustc: able, isCompiled: true };
}

/**
 * The compiler for a platform. Where there is none, it installs Debian's.
 * @returns {{ rustc: string, isCompiled: boolean } | string} why there is none, as text
 */
export function webTransportCompiler({ rust }) {
  if (spawnSync("cargo", ["--version"]).status !== 0) return "there is no cargo";
  const found = findCompiler(rust);
  if (found) return found;
  try {
    ensureSystemPackages(rustSourcePackages);
  } catch (error) {
    return `no Rust standard library for ${rust}, and none could be installed: ${error.message}`;
  }
  return findCompiler(rust) ?? `no Rust standard library for ${rust}, nor its sources (rustup component add rust-src)`;
}

/** All files that the library is made of, with their content. */
function contents() {
  const all = readdirSync(join(webTransportCrate, "src"), { recursive: true });
  const sources = all.filter((name) => name.endsWith(".rs"));
  const files = ["Cargo.toml", "Cargo.lock", ...sources.sort().map((name) => join("src", name))];
  return files.flatMap((name) => [name, readFileSync(join(webTransportCrate, name))]);
}

/** Builds the library for a platform unless the cache has it, and returns its path. */
export async function buildWebTransportFor(platform, compilers) {
  const found = webTransportCompiler(platform);
  if (typeof found === "string") throw new Error(`Without WebTransport: ${found}`);
  const { rustc, isCompiled } = found;
  const target = platform.rust;
  const options = ["--target", target];
  // Without the part that prints call stacks.
  if (isCompiled) options.push("-Zbuild-std=std,panic_unwind", "-Zbuild-std-features=panic-unwind");
  const key = keyOf(options.join(" "), C_FLAGS, rustVersion(rustc), compilers, ...contents());
  return await built(`${platform.name}-${key}`, (work) => {
    step(`${platform.name}: WebTransport, Rust`);
    build({ options, folder: work, env: environment({ target, rustc, isCompiled, compilers, platform, work }) });
    return join(work, target, "release");
  });
}

function rustVersion(rustc) {
  return spawnSync(rustc, ["--version", "--verbose"], { encoding: "utf8" }).stdout;
}

/** zig compiles the C of ring, whose build adds no target of its own then; folders of this machine get other names. */
function environment({ target, rustc, isCompiled, compilers, platform, work }) {
  const cargo = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const folders = { [cargo]: "cargo", [work]: "work", [sourcesOf(rustc)]: "rust" };
  const flags = Object.entries(folders).map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  if (platform.libc === "musl") flags.push("-Ctarget-feature=-crt-static");
  const suffix = target.replaceAll("-", "_");
  return {
    ...compilerEnvironment(compilers),
    ...{ RUSTC: rustc, RUSTFLAGS: flags.join(" "), CRATE_CC_NO_DEFAULTS: "1", MACOSX_DEPLOYMENT_TARGET: "11.0" },
    ...(isCompiled && { RUSTC_BOOTSTRAP: "1" }),
    [`CC_${suffix}`]: "zig-cc",
    [`AR_${suffix}`]: "zig-ar",
    [`CFLAGS_${suffix}`]: C_FLAGS,
  };
}
