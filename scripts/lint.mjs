// npm run lint: checks the format and style of TypeScript and C++, and the types. With --write, it formats the files.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { ensureSystemPackages } from "./system-packages.mjs";

const bin = (name) => join(root, "node_modules", ".bin", name);

await main(() => {
  const write = process.argv.includes("--write");
  run(bin("biome"), ["check", "--error-on-warnings", ...(write ? ["--write"] : []), "."]);
  ensureSystemPackages(["clang-format"]);
  const folders = ["native", "bench/native", "bench/floods", "test/native", "test/platforms", "deps/toolchain"];
  const sources = folders.flatMap((folder) => cppFiles(folder));
  run("clang-format", [...(write ? ["-i"] : ["--dry-run", "--Werror"]), ...sources]);
  for (const project of ["tsconfig.json", "lib/inspector/page"]) run(bin("tsc"), ["-p", project]);
});

function cppFiles(folder) {
  if (!existsSync(join(root, folder))) return [];
  const files = readdirSync(join(root, folder), { recursive: true });
  return files.filter((name) => /\.(c|cc|h)$/.test(name)).map((name) => join(folder, name));
}
