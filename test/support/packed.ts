import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { addons, binaryOf, platformNamed } from "../../scripts/platforms.mjs";
import { type Runtime, root } from "./runtimes.js";

const linux = platformNamed("linux-x64");
export const prebuilt = binaryOf(linux);
export const prebuiltWebTransport = binaryOf(linux, addons.webTransport);

/** Builds the binaries that ship, unless they are there. `npm test` has built them anew before the tests. */
export function ensurePrebuilt(): void {
  if (!existsSync(prebuilt) || !existsSync(prebuiltWebTransport))
    execFileSync("npm", ["run", "prebuild"], { cwd: root, stdio: "ignore" });
}

/** A temporary folder. `remove` is for vitest's `onTestFinished` or `afterAll`. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** `npm pack` of one of the packages into `folder`: what a user gets. */
export function pack(folder: string, cwd = root): { tarball: string; files: string[] } {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const output = execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const packed = JSON.parse(output);
  const [entry] = Array.isArray(packed) ? packed : Object.values(packed);
  return {
    tarball: join(folder, entry.filename),
    files: entry.files.map(({ path }: { path: string }) => path),
  };
}

/**
 * An environment whose PATH has Node and nothing else: no compiler, no cmake, no shell. It lacks the variables that
 * `npm test` sets, because those would make npm install into the project.
 */
export function bareEnvironment(folder: string, node: string): NodeJS.ProcessEnv {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  if (!existsSync(join(bin, "node"))) symlinkSync(node, join(bin, "node"));
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|node_options$|prebuilds_only$|libc$)/i.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: bin };
}

/** Installs tarballs into an empty folder without running any script, and returns the main package's folder. */
export function install(tarballs: string | string[], folder: string, { node, npm }: Runtime): string {
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", ...[tarballs].flat()];
  const result = spawnSync(node, args, { cwd: folder, env: bareEnvironment(folder, node), encoding: "utf8" });
  if (result.status !== 0) throw new Error(`npm install failed:\n${result.stdout}\n${result.stderr}`);
  return join(folder, "node_modules", "valve-sockets");
}

/**
 * Puts what is built into `node_modules` below a folder, with `ws`. The package is copied and not linked: bundlers
 * follow links, and read the tsconfig.json where they arrive.
 */
export function installCopy(folder: string, binaries: "build/Release" | "prebuilds" = "prebuilds"): void {
  const modules = join(folder, "node_modules");
  const copy = join(modules, "valve-sockets");
  for (const name of ["dist", "package.json", binaries]) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  for (const name of ["node-gyp-build", "ws"]) symlinkSync(join(root, "node_modules", name), join(modules, name));
}

/** What came of the transports of test/programs/each-transport.mjs, as a row of a table. */
export const rowOf = (name: string, results: readonly string[]): string =>
  `| ${[name, ...results.map((text) => (text === "works" ? "works" : `\`${text.split(":")[0]}\``))].join(" | ")} |`;

/** Checks that docs/install.md has these rows between two marks. With UPDATE_DOCS in the environment it writes them. */
export function expectTable(mark: string, rows: readonly string[]): void {
  const file = join(root, "docs", "install.md");
  const marked = new RegExp(`(?<=<!-- ${mark} -->\n)[^]*(?=<!-- end of ${mark} -->)`);
  const text = readFileSync(file, "utf8").replace(marked, () => `${rows.join("\n")}\n`);
  if (process.env.UPDATE_DOCS) writeFileSync(file, text);
  expect(readFileSync(file, "utf8")).toBe(text);
}
