import { existsSync, readdirSync, readFileSync } from "node:fs";
import Module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorText } from "../error-text.js";
import { NetworkError } from "../network-error.js";
import type { NativeAddon } from "./native.js";

/** Whether libuv, Node's event loop, may be called: Bun then aborts the process, and in Deno callbacks never run. */
export const MAY_USE_UV = "node" in process.versions && !("bun" in process.versions) && !("deno" in process.versions);

/** The C library of this process; undefined on systems other than Linux, and in Deno, which has no report. */
function libcName(): string | undefined {
  if (process.platform !== "linux" || typeof process.report?.getReport !== "function") return undefined;
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // otherwise Node may ask a name server about its addresses
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork;
  return header?.glibcVersionRuntime ? "glibc" : "musl";
}

/** The file of the addon; null before one was found. */
export let addonPath: string | null = null;

/** The platform that a binary has to be made for, such as "linux-x64 (glibc)". */
export function platformName(libc = libcName()): string {
  return `${process.platform}-${process.arch}${libc ? ` (${libc})` : ""}`;
}

/** `require` of a file. Webpack takes a call of an imported `createRequire` out of the bundle, and leaves this one. */
export const requireAt = (file: string): NodeJS.Require => Module.createRequire(file);

/** This file, or the bundle that it is in; undefined in a bundle of CommonJS. Webpack names the builder's file. */
function ownFile(): string | undefined {
  try {
    return fileURLToPath(import.meta.url);
  } catch {
    return undefined;
  }
}

/** The folder of this package; null for code that a bundler has taken out of it. */
export function packageRoot(): string | null {
  const file = ownFile();
  if (file === undefined) return null;
  const root = dirname(dirname(dirname(file)));
  try {
    const { name } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { name?: unknown };
    return name === "valve-sockets" ? root : null;
  } catch {
    return null;
  }
}

/** What to do about a bundle. */
export const BUNDLE_ADVICE =
  "bundled? Mark valve-sockets as external (--external:valve-sockets of esbuild, ssr.external of Vite, " +
  "externals of webpack)";

/** The addon in a folder `prebuilds` beside the bundle, or beside the program that was started. */
function findBesideBundle(libc: string | undefined): string {
  const file = `valve-sockets.${libc ? `${libc}.` : ""}node`;
  const found = [ownFile(), process.argv[1]]
    .filter((program) => program !== undefined)
    .map((program) => join(dirname(program), "prebuilds", `${process.platform}-${process.arch}`, file))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  const text = `valve-sockets does not find its addon: ${BUNDLE_ADVICE}`;
  throw new NetworkError("ERR_NO_BINARY", `${text}, or copy its folder prebuilds beside the bundle`);
}

/**
 * The file that node-gyp-build finds. By itself it recognises musl on Alpine only, so it is told the C library, which
 * it asks for when it is loaded itself.
 */
function findAddonFile(require: NodeJS.Require, root: string, libc: string | undefined): string {
  const isSet = process.env.LIBC !== undefined || libc === undefined;
  if (!isSet) process.env.LIBC = libc;
  try {
    const { path } = require("node-gyp-build") as { path: (root: string) => string };
    return path(root);
  } finally {
    if (!isSet) delete process.env.LIBC;
  }
}

/** Loads the addon of another package of ours, from its folder. */
export function loadPackaged<Addon>(folder: string): Addon {
  const require = requireAt(import.meta.url);
  return require(findAddonFile(require, folder, libcName())) as Addon;
}

/** The platforms of the binaries in the package: `prebuilds/<platform>/<name>.<libc>.node`. */
function packedPlatforms(root: string): string[] {
  const folder = join(root, "prebuilds");
  if (!existsSync(folder)) return [];
  // Tools leave files of their own in folders, such as .DS_Store.
  const platforms = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return platforms.flatMap(({ name }) => {
    const binaries = readdirSync(join(folder, name)).filter((file) => file.endsWith(".node"));
    return binaries.map((file) => {
      const libc = /\.(glibc|musl)\.node$/.exec(file)?.[1];
      return libc ? `${name} (${libc})` : name;
    });
  });
}

let hasCheckedWords = false;

/** A warning names the words of `VALVE_SOCKETS_WITHOUT` (docs/performance.md) that the addon does not know. */
function checkWithout(): void {
  if (hasCheckedWords) return;
  hasCheckedWords = true;
  const words = (process.env.VALVE_SOCKETS_WITHOUT ?? "").split(/[, ]+/);
  const unknown = words.filter((word) => !["", "gso", "gro", "batch"].includes(word));
  if (unknown.length === 0) return;
  process.emitWarning(`VALVE_SOCKETS_WITHOUT knows gso, gro and batch, with commas, and not: ${unknown.join(", ")}`);
}

/**
 * Loads the addon: `build/Release` when this is a source tree, else the binary for this platform in `prebuilds/`.
 * @throws {NetworkError} `ERR_NO_BINARY` when there is none; a binary that the system refuses throws its own error.
 */
export function loadAddon(): NativeAddon {
  checkWithout();
  const libc = libcName();
  const root = packageRoot();
  if (root === null) {
    addonPath = findBesideBundle(libc);
    return requireAt(addonPath)(addonPath) as NativeAddon;
  }
  const require = requireAt(import.meta.url);
  try {
    addonPath = findAddonFile(require, root, libc);
    return require(addonPath) as NativeAddon;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("No native build was found")) throw error;
    const packed = packedPlatforms(root).join(", ");
    const known = packed
      ? `There are binaries for: ${packed}.`
      : "Its folder prebuilds is missing or empty. If a tool has copied the package without it, copy it as well.";
    throw new NetworkError(
      "ERR_NO_BINARY",
      `valve-sockets has no binary for ${platformName(libc)}. ${known} To build one from ` +
        "source, with Rust installed, type (the first adds the packages of Debian and Ubuntu that it takes; " +
        "elsewhere install CMake, a C++17 compiler, libclang, protobuf and OpenSSL):\n\n" +
        `  node "${join(root, "scripts", "system-packages.mjs")}"\n` +
        `  node "${join(root, "scripts", "build.mjs")}" --addon-only\n`,
    );
  }
}

let addon: NativeAddon | null | undefined;
let failure: unknown = null;

/**
 * The addon, or null where it cannot be loaded. UDP and Noise work without it. A binary that is there and is broken is
 * told of once, by a warning of the process.
 */
export function findAddon(): NativeAddon | null {
  if (addon === undefined) {
    try {
      addon = loadAddon();
    } catch (error) {
      addon = null;
      failure = error;
      if ((error as NetworkError).code !== "ERR_NO_BINARY") {
        process.emitWarning(`valve-sockets works without its addon, which cannot be loaded: ${errorText(error)}`);
      }
    }
  }
  return addon;
}

/** Why {@link findAddon} found none; null if it did, or was not asked. */
export function addonFailure(): unknown {
  return failure;
}
