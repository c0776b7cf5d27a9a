// npm run prebuild: builds the self-contained binaries that ship into prebuilds/, as docs/building.md describes.
// Without arguments it builds the one for Linux x64; `-- --platform <name>` builds another, `-- --all` every one.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { checkBinary, newestVersion } from "./check-binary.mjs";
import { root } from "./paths.mjs";
import { binaryOf, platformNamed, platforms } from "./platforms.mjs";
import { main } from "./run.mjs";
import { signMachO } from "./sign-macho.mjs";
import { ensureSystemPackages, prebuildPackages } from "./system-packages.mjs";

const require = createRequire(import.meta.url);

/** Builds the binary of one platform and returns its row of the table. */
async function prebuild(platform) {
  const start = Date.now();
  // prebuildify moves what it finds in build/Release, which is the development build, so it gets another folder.
  const staging = join(root, "build", `prebuild-${platform.name}`);
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
    tagLibc: platform.libc !== undefined,
  });
  rmSync(staging, { recursive: true, force: true });

  const file = binaryOf(platform);
  if (platform.os === "darwin") signMachO(file);
  const { binary, problems } = await checkBinary(file, platform);
  if (problems.length > 0) throw new Error(`${file}:\n  ${problems.join("\n  ")}`);
  const content = readFileSync(file);
  return {
    platform: platform.name,
    "size (MB)": Number((content.length / 1e6).toFixed(2)),
    newest: newestVersion(binary),
    needed: binary.needed.map((library) => basename(library)).join(" "),
    exports: binary.exports.length,
    sha256: createHash("sha256").update(content).digest("hex").slice(0, 16),
    seconds: Math.round((Date.now() - start) / 1000),
  };
}

function chosenPlatforms() {
  if (process.argv.includes("--all")) return platforms;
  const flag = process.argv.indexOf("--platform");
  return [platformNamed(flag === -1 ? "linux-x64" : process.argv[flag + 1])];
}

await main(async () => {
  ensureSystemPackages(prebuildPackages);
  const table = [];
  for (const platform of chosenPlatforms()) table.push(await prebuild(platform));
  console.table(table);
});
