// npm run compile: builds the addon into build/Release and the TypeScript into dist. --bench also builds bench/native;
// --addon-only leaves out dist.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, checkoutCache, root } from "./paths.mjs";
import { main, run, step } from "./run.mjs";
import { buildPackages, ensureSystemPackages } from "./system-packages.mjs";
import { keyOf } from "./toolchain.mjs";
import { buildWebTransport } from "./web-transport.mjs";

/** The options of a build, here of the development build: the name of its CMake tree, CMake definitions, the target. */
const development = { name: "cmake", definitions: {}, target: null };

/** The folder that holds the packages with which the addon is built: the project's, or one in the cache. */
function buildTools() {
  const own = join(root, "node_modules");
  if (existsSync(join(own, "cmake-js"))) return own;
  const isClone = existsSync(join(root, "package-lock.json"));
  if (isClone) {
    run("npm", ["ci"]);
    return own;
  }
  // A package that was installed from npm lacks its development dependencies; two of them are enough.
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const packages = ["cmake-js", "node-addon-api"].map((name) => `${name}@${devDependencies[name]}`);
  const folder = join(cache, "build-tools", keyOf(...packages));
  mkdirSync(folder, { recursive: true });
  run("npm", ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", ...packages]);
  return join(folder, "node_modules");
}

/** Configures and builds with cmake-js, and returns the CMake tree. */
export function buildNative({ name, definitions, target, env: environment = process.env } = development) {
  ensureSystemPackages(buildPackages);
  const tools = buildTools();
  const tree = checkoutCache(name);
  const args = ["--out", tree, "--log-level", "warn", "--parallel", "2", "--prefer-make"];
  for (const [key, value] of Object.entries(definitions)) args.push(`--CD${key}=${value}`);
  if (target) args.push("--target", target);
  // CMakeLists.txt asks Node where the packages are.
  const env = { CARGO_TARGET_DIR: join(cache, "cargo"), NODE_PATH: tools, ...environment };
  const cmakeJs = join(tools, ".bin", "cmake-js");
  // `cmake-js build` configures only when there is no tree yet, so it would miss changed definitions.
  if (definitions.VALVE_SOCKETS_GNS !== "OFF") {
    step(`GameNetworkingSockets: C++, some minutes the first time, then it is in ${cache}`);
  }
  run(cmakeJs, ["configure", ...args], { env });
  step("The addon: C++, about a minute the first time");
  run(cmakeJs, ["build", ...args], { env });
  return tree;
}

/** Replaces the addons in build/Release by renaming, so that a running process keeps the old files. */
export function installAddon(tree) {
  const release = join(root, "build", "Release");
  mkdirSync(release, { recursive: true });
  for (const name of ["valve_sockets.node", "valve_sockets_webtransport.node"]) {
    const built = join(tree, "Release", name);
    if (!existsSync(built)) continue;
    const temporary = join(release, `${name}.${process.pid}`);
    copyFileSync(built, temporary);
    renameSync(temporary, join(release, name));
  }
}

export function buildTypes() {
  step("TypeScript: lib to dist");
  run("npm", ["run", "--silent", "build:types"]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const definitions = process.argv.includes("--bench")
      ? { VALVE_SOCKETS_BENCH: "ON", VALVE_SOCKETS_NATIVE_TEST: "ON" }
      : {};
    ensureSystemPackages(buildPackages);
    definitions.WEBTRANSPORT_LIBRARY = await buildWebTransport();
    installAddon(buildNative({ ...development, definitions }));
    if (!process.argv.includes("--addon-only")) buildTypes();
  });
}
