import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bareEnvironment } from "./packed.js";
import { fromRegistry, newerNode } from "./runtimes.js";

/** A package manager, as its users have it: with its default settings, which differ in what they do about scripts. */
export interface Manager {
  name: string;
  /** The Node that it runs with. */
  node: string;
  /** What is typed before its arguments. */
  command: string[];
  /** Adds the tarball in the folder to a project, which makes the lock file. */
  add: string[];
  /** Installs what the lock file says, as a deployment does. */
  install: string[];
  /** Files of the project. */
  files?: Record<string, string>;
  /** What Node needs to find the packages. */
  nodeArguments?: string[];
}

const TARBALL = "package.tgz";

const npm = (version: string, node = process.execPath): Manager => ({
  name: `npm ${version}`,
  node,
  command: [node, fromRegistry("npm", version, "bin/npm-cli.js")],
  add: ["install", "--no-audit", "--no-fund", `file:${TARBALL}`],
  install: ["ci", "--no-audit", "--no-fund"],
});

const yarn4 = (linker: string, nodeArguments: string[] = []): Manager => ({
  name: `Yarn 4.18.1, ${linker}`,
  node: process.execPath,
  command: [process.execPath, fromRegistry("@yarnpkg/cli-dist", "4.18.1", "bin/yarn.js")],
  add: ["add", `valve-sockets@file:./${TARBALL}`],
  install: ["install", "--immutable"],
  files: {
    "yarn.lock": "",
    ".yarnrc.yml": `nodeLinker: ${linker}\nenableTelemetry: false\nenableGlobalCache: false\n`,
  },
  nodeArguments,
});

export function managers(): Manager[] {
  const node = process.execPath;
  return [
    ...["9.9.4", "10.9.9", "11.21.2"].map((version) => npm(version)),
    npm("12.2.0", newerNode()),
    {
      name: "Yarn 1.22.22",
      node,
      command: [node, fromRegistry("yarn", "1.22.22", "bin/yarn.js")],
      add: ["add", `file:./${TARBALL}`],
      install: ["install", "--frozen-lockfile"],
    },
    yarn4("pnp", ["--require", "./.pnp.cjs"]),
    yarn4("node-modules"),
    {
      name: "pnpm 12.21.0",
      node,
      command: [node, fromRegistry("pnpm", "12.21.0", "bin/pnpm.mjs")],
      add: ["add", `file:${TARBALL}`],
      install: ["install", "--frozen-lockfile"],
    },
    {
      name: "Bun 1.4.5",
      node,
      command: [fromRegistry("@oven/bun-linux-x64", "1.4.5", "bin/bun")],
      add: ["add", `./${TARBALL}`],
      install: ["install", "--frozen-lockfile"],
    },
  ];
}

/** A process's exit code, 0 or another, and all that it printed. */
export type Ended = { code: number; output: string };

function run([command = "", ...args]: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Ended> {
  return new Promise((resolve) => {
    const limits = { timeout: 120_000, maxBuffer: 1 << 26 };
    const child = execFile(command, args, { ...options, ...limits }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) || 1 : 0, output: `${stdout}${stderr}` }),
    );
    child.stdin?.end();
  });
}

/** A project in `folder` to which a manager has added a tarball. */
export interface Project {
  folder: string;
  /** What adding printed, and what installing again by the lock file did. */
  steps: Ended[];
  /** Runs a program of the project. */
  node(...args: string[]): Promise<Ended>;
}

/**
 * Adds a tarball to a new project and installs it a second time by the lock file. PATH knows Node and a shell: no
 * compiler, no make, no Python.
 */
export async function addTo(folder: string, tarball: string, manager: Manager): Promise<Project> {
  const project = join(folder, "project");
  mkdirSync(project);
  copyFileSync(tarball, join(project, TARBALL));
  const files = { "package.json": '{ "name": "project", "version": "1.0.0", "private": true }\n', ...manager.files };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  // The managers' own caches, so that no earlier tarball of the same version is found in one.
  const { CI: _, ...environment } = bareEnvironment(folder, manager.node);
  symlinkSync("/bin/sh", join(folder, "bin", "sh"));
  const caches = ["YARN_CACHE_FOLDER", "BUN_INSTALL_CACHE_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"];
  const env = { ...environment, ...Object.fromEntries(caches.map((name) => [name, join(folder, name)])) };
  const options = { cwd: project, env };

  const steps = [await run([...manager.command, ...manager.add], options)];
  for (const installed of ["node_modules", ".pnp.cjs", ".yarn/unplugged", ".yarn/install-state.gz"]) {
    rmSync(join(project, installed), { recursive: true, force: true });
  }
  steps.push(await run([...manager.command, ...manager.install], options));
  const node = (...args: string[]) => run([manager.node, ...(manager.nodeArguments ?? []), ...args], options);
  return { folder: project, steps, node };
}

/** The lines in which a manager speaks of scripts or of building. node-gyp-build, a package, does neither. */
export function linesAboutBuilding({ output }: Ended): string[] {
  const harmless = /node-gyp-build|\[4\/4\] Building fresh packages\.\.\./g;
  return output.split("\n").filter((line) => /script|build|gyp|compil|python/i.test(line.replace(harmless, "")));
}
