// npm run compile: builds the addon into build/Release and the TypeScript into dist. --bench also builds bench/native;
// --addon-only leaves out dist.
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, checkoutCache, root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { buildPackages, ensureSystemPackages } from "./system-packages.mjs";

/** The options of a build, here of the development build: the name of its CMake tree, CMake definitions, the target. */
const development = { name: "cmake", definitions: {}, target: null };

/** Configures and builds with cmake-js, and returns the CMake tree. */
export function buildNative({ name, definitions, target, env: environment = process.env } = development) {
  ensureSystemPackages(buildPackages);
  if (!existsSync(join(root, "node_modules", "cmake-js"))) {
    // A package that was installed from npm has no lock file and lacks its development dependencies.
    const isClone = existsSync(join(root, "package-lock.json"));
    run("npm", isClone ? ["ci"] : ["install", "--include=dev", "--no-package-lock", "--ignore-scripts", "--no-audit"]);
  }
  const tree = checkoutCache(name);
  const args = ["--out", tree, "--log-level", "warn", "--parallel", "2", "--prefer-make"];
  for (const [key, value] of Object.entries(definitions)) args.push(`--CD${key}=${value}`);
  if (target) args.push("--target", target);
  const env = { CARGO_TARGET_DIR: join(cache, "cargo"), ...environment };
  const cmakeJs = join(root, "node_modules", ".bin", "cmake-js");
  // `cmake-js build` configures only when there is no tree yet, so it would miss changed definitions.
  run(cmakeJs, ["configure", ...args], { env });
  run(cmakeJs, ["build", ...args], { env });
  return tree;
}

/** Replaces the addon in build/Release by renaming, so that a running process keeps the old file. */
export function installAddon(tree) {
  const release = join(root, "build", "Release");
  mkdirSync(release, { recursive: true });
  const temporary = join(release, `valve_sockets.node.${process.pid}`);
  copyFileSync(join(tree, "Release", "valve_sockets.node"), temporary);
  renameSync(temporary, join(release, "valve_sockets.node"));
}

export function buildTypes() {
  run(join(root, "node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json"]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => {
    const definitions = process.argv.includes("--bench") ? { VALVE_SOCKETS_BENCH: "ON" } : {};
    installAddon(buildNative({ ...development, definitions }));
    if (!process.argv.includes("--addon-only")) buildTypes();
  });
}
