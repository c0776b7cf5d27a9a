// npm run lint: checks the format and style of TypeScript, C++ and Rust, and the types. With --write, it formats the
// files.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { ensureSystemPackages } from "./system-packages.mjs";
import { rustChecks, webTransportCrate } from "./web-transport.mjs";

const bin = (name) => join(root, "node_modules", ".bin", name);

await main(() => {
  const write = process.argv.includes("--write");
  run(bin("biome"), ["check", "--error-on-warnings", ...(write ? ["--write"] : []), "."]);
  ensureSystemPackages(["clang-format"]);
  const folders = ["native", "bench/native", "bench/floods", "test/native", "test/platforms", "deps/toolchain"];
  const sources = folders.flatMap((folder) => cppFiles(folder));
  run("clang-format", [...(write ? ["-i"] : ["--dry-run", "--Werror"]), ...sources]);
  lintRust(write);
  for (const project of ["tsconfig.json", "lib/inspector/page"]) run(bin("tsc"), ["-p", project]);
});

/** rustfmt and clippy are parts of Rust that some installations lack. */
function lintRust(write) {
  const has = (command) => spawnSync("cargo", [command, "--version"]).status === 0;
  if (!has("fmt") || !has("clippy")) return console.warn("Rust is not checked: there is no rustfmt or no clippy");
  const options = { cwd: webTransportCrate, env: { ...process.env, CARGO_TARGET_DIR: rustChecks } };
  run("cargo", ["fmt", ...(write ? [] : ["--check"])], options);
  run("cargo", ["clippy", "--locked", "--quiet", "--all-targets", "--", "--deny", "warnings"], options);
}

function cppFiles(folder) {
  if (!existsSync(join(root, folder))) return [];
  const files = readdirSync(join(root, folder), { recursive: true });
  return files.filter((name) => /\.(c|cc|h)$/.test(name)).map((name) => join(folder, name));
}
