// npm run prebuild: the self-contained binary that ships, into prebuilds/. docs/building.md describes how.
import { cpSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkBinary } from "./check-binary.mjs";
import { root } from "./paths.mjs";
import { platformNamed, platforms } from "./platforms.mjs";
import { main } from "./run.mjs";
import { ensureSystemPackages, prebuildPackages } from "./system-packages.mjs";

const require = createRequire(import.meta.url);

/** Builds one platform and returns its line of the table. */
async function prebuild(platform) {
  const start = Date.now();
  // A folder of its own: build/Release is the development build, and prebuildify moves what it finds there.
  const staging = join(root, "build", "prebuild");
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  cpSync(join(root, "package.json"), join(staging, "package.json"));
  process.env.VALVE_SOCKETS_PLATFORM = platform.name;
  await promisify(require("prebuildify"))({
    cwd: staging,
    out: root,
    platform: platform.os,
    arch: platform.arch,
    libc: platform.libc,
    nodeGyp: join(root, "scripts", "prebuild-addon.mjs"),
    napi: true,
    strip: true,
    tagLibc: true,
  });
  rmSync(staging, { recursive: true, force: true });

  const file = join(root, "prebuilds", platform.name, `valve-sockets.${platform.libc}.node`);
  const { elf, problems } = checkBinary(file, platform);
  if (problems.length > 0) throw new Error(`${file}:\n  ${problems.join("\n  ")}`);
  return {
    platform: platform.name,
    "size (MB)": Number((statSync(file).size / 1e6).toFixed(2)),
    "newest glibc": elf.newestGlibc,
    needed: elf.needed.join(" "),
    exports: elf.exports.length,
    seconds: Math.round((Date.now() - start) / 1000),
  };
}

await main(async () => {
  const flag = process.argv.indexOf("--platform");
  const chosen = flag === -1 ? platforms : [platformNamed(process.argv[flag + 1])];
  ensureSystemPackages(prebuildPackages);
  const table = [];
  for (const platform of chosen) table.push(await prebuild(platform));
  console.table(table);
});
