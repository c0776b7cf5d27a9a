// npm run setup: turns a fresh clone into a working library: system packages, npm packages, build.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";
import { main, run, step } from "./run.mjs";
import { buildPackages, ensureSystemPackages } from "./system-packages.mjs";

/** Whether node_modules matches package-lock.json: npm keeps a copy of the lock file that it installed. */
function hasDependencies() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const found = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => !path || optional || found[path]?.version === version,
  );
}

/** Installs and builds what is missing; `buildArguments` are for scripts/build.mjs. */
export async function setup(...buildArguments) {
  step("System packages: a C++ compiler, CMake, protobuf, OpenSSL");
  ensureSystemPackages(buildPackages);
  if (!hasDependencies()) {
    step("npm packages: npm ci");
    run("npm", ["ci", "--no-audit", "--no-fund"]);
  }
  run(process.execPath, ["scripts/build.mjs", ...buildArguments]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(() => setup());
