// npm run prebuild: builds the self-contained binaries that ship into prebuilds/ of both packages, as
// docs/building.md describes.
// Without arguments it builds those for Linux x64; `-- --platform <name>` builds others, `-- --all` every one.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { checkBinary, newestVersion } from "./check-binary.mjs";
import { root } from "./paths.mjs";
import { addons, binaryOf, platformNamed, platforms } from "./platforms.mjs";
import { main } from "./run.mjs";
import { signMachO } from "./sign-macho.mjs";
import { ensureSystemPackages, prebuildPackages } from "./system-packages.mjs";
import { webTransportCompiler } from "./web-transport.mjs";

const require = createRequire(import.meta.url);

/** Builds a package's binary for one platform and returns its row of the table. */
async function prebuild(platform, addon) {
  const start = Date.now();
  // prebuildify moves what it finds in build/Release, which is the development build, so it gets another folder.
  const staging = join(root, "build", `prebuild-${platform.name}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  cpSync(join(addon.folder, "package.json"), join(staging, "package.json"));
  process.env.VALVE_SOCKETS_PLATFORM = platform.name;
  process.env.VALVE_SOCKETS_TARGET = addon.target;
  await promisify(require("prebuildify"))({
    cwd: staging,
    out: addon.folder,
    platform: platform.os,
    arch: platform.arch,
    libc: platform.libc,
    nodeGyp: join(root, "scripts", "prebuild-addon.mjs"),
    napi: true,
    tagLibc: platform.libc !== undefined,
  });
  rmSync(staging, { recursive: true, force: true });

  const file = binaryOf(platform, addon);
  if (platform.os === "darwin") signMachO(file);
  const { binary, problems } = await checkBinary(file, { ...platform, addon: addon.name });
  if (problems.length > 0) throw new Error(`${file}:\n  ${problems.join("\n  ")}`);
  const content = readFileSync(file);
  return {
    ...{ platform: platform.name, package: addon.name },
    "size (MB)": Number((content.length / 1e6).toFixed(2)),
    "gzip (MB)": Number((gzipSync(content, { level: 9 }).length / 1e6).toFixed(2)),
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
  const skipped = [];
  for (const platform of chosenPlatforms()) {
    table.push(await prebuild(platform, addons.main));
    const compiler = webTransportCompiler(platform);
    if (typeof compiler === "string") skipped.push(`${platform.name}: no binary of WebTransport: ${compiler}`);
    else table.push(await prebuild(platform, addons.webTransport));
  }
  console.table(table);
  for (const line of skipped) console.warn(line);
});
