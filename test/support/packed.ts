import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Runtime, root } from "./runtimes.js";

export const prebuilt = join(root, "prebuilds", "linux-x64", "valve-sockets.glibc.node");

/** Builds the binary that ships, unless there is one. `npm test` has built it anew before the tests. */
export function ensurePrebuilt(): void {
  if (!existsSync(prebuilt)) execFileSync("npm", ["run", "prebuild"], { cwd: root, stdio: "ignore" });
}

/** A temporary folder. `remove` is for vitest's `onTestFinished` or `afterAll`. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** `npm pack` of the library into `folder`: what a user gets. */
export const pack = (folder: string) => packFolder(root, folder);

/** `npm pack` of the package in `source`, into `folder`. */
export function packFolder(source: string, folder: string): { tarball: string; files: string[] } {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const output = execFileSync("npm", args, { cwd: source, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
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

/** Installs the tarball into an empty folder without running any script, and returns the package's folder. */
export function install(tarball: string, folder: string, { node, npm }: Runtime): string {
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", tarball];
  const result = spawnSync(node, args, { cwd: folder, env: bareEnvironment(folder, node), encoding: "utf8" });
  if (result.status !== 0) throw new Error(`npm install failed:\n${result.stdout}\n${result.stderr}`);
  return join(folder, "node_modules", "valve-sockets");
}
