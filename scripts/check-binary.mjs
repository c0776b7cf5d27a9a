// node scripts/check-binary.mjs <file.node> [platform]
// Checks what an addon exports to the process that loads it, and what it needs from the system.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { hardeningMarks } from "./hardening.mjs";
import { cache, root } from "./paths.mjs";
import { platformNamed } from "./platforms.mjs";
import { main } from "./run.mjs";
import { signatureHolds } from "./sign-macho.mjs";
import { installWheels, keyOf } from "./toolchain.mjs";

const wantedExports = ["napi_register_module_v1", "node_api_module_get_api_version_v1"];
// Node exports its own OpenSSL and libuv, and the loader would silently resolve an undefined symbol to those. The addon
// does use libuv's stable functions, but looks them up at run time, so none of them is undefined in the file.
const foreign = /^(EVP|SSL|CRYPTO|OPENSSL|OSSL|RAND|BIO|ERR|HMAC|SHA\d*|uv)_/;

/**
 * @typedef {object} Limits
 * @property {string} [newestGlibc] the newest glibc that the binary may need
 * @property {string} [oldestMacos] the oldest macOS that it must run on
 * @property {string[]} [needed] the only libraries that it may need
 */

/** @typedef {{ name: string, version: string, isOptional?: boolean, library?: string | null }} Import */

/**
 * What a library exports and needs. Of a Mach-O file, `weak` are the exports that another library may replace, and each
 * import names the `library` that it is looked up in, or null for any that is loaded, such as Node.
 * `marks` are those of the compiler's defences (scripts/hardening.mjs).
 * @param {string} path
 * @param {string} os "linux", "win32" or "darwin"
 * @returns {Promise<{ needed: string[], exports: string[], imports: Import[], weak: string[], marks: string[],
 *   newestGlibc?: string, oldestMacos?: string }>}
 */
export async function readBinary(path, os) {
  const requirements = join(root, "deps", "toolchain", "lief.txt");
  // Each version of Python has its own wheel.
  const python = execFileSync("python3", ["--version"]);
  const wheels = await installWheels(join(cache, "lief", keyOf(readFileSync(requirements), python)), requirements);
  const options = { env: { ...process.env, PYTHONPATH: wheels }, encoding: "utf8", maxBuffer: 1 << 28 };
  return JSON.parse(execFileSync("python3", [join(root, "scripts", "binary.py"), path, os], options));
}

/** Whether glibc version `a` is newer than `b` ("2.28"). */
export function isNewer(a, b) {
  return a.localeCompare(b, "en", { numeric: true }) > 0;
}

/**
 * Reads the file and lists the rules that it breaks, one line each.
 * @param {string} path
 * @param {{ os?: string, libc?: string, addon?: string, limits?: Limits, marks?: string[] }} [platform]
 */
export async function checkBinary(
  path,
  { os = "linux", libc, addon, limits = {}, marks = hardeningMarks({ os, libc, addon }) } = {},
) {
  const binary = await readBinary(path, os);
  const problems = [];
  const extra = binary.exports.filter((name) => !wantedExports.includes(name));
  const missing = wantedExports.filter((name) => !binary.exports.includes(name));
  const { newestGlibc, oldestMacos, needed } = limits;
  // The C++ library is part of what ships, so nothing else can define an undefined C++ symbol.
  const isOpen = (name) => foreign.test(name) || (needed !== undefined && name.startsWith("_Z"));
  const open = binary.imports.map(({ name }) => name).filter(isOpen);
  // zig's linker for macOS exports every symbol that is not hidden, whatever it is told. Only weak ones matter: all
  // libraries use the definition in the library that is loaded first. That is harmless for new and delete, which are
  // malloc and free.
  const harmful = os === "darwin" ? binary.weak.filter((name) => !/^_Z(n[aw]|d[al])/.test(name)) : extra;
  if (harmful.length > 0)
    problems.push(`exports more than the two Node-API symbols: ${harmful.slice(0, 10).join(", ")}`);
  if (missing.length > 0) problems.push(`does not export ${missing.join(", ")}`);
  if (open.length > 0) problems.push(`would take these from Node: ${open.slice(0, 10).join(", ")}`);
  if (newestGlibc && isNewer(binary.newestGlibc, newestGlibc)) {
    const newer = binary.imports.filter(({ version }) => isNewer(version.replace("GLIBC_", "") || "0", newestGlibc));
    problems.push(`needs glibc ${binary.newestGlibc}, not ${newestGlibc}: ${newer.map(({ name }) => name).join(", ")}`);
  }
  if (oldestMacos && binary.oldestMacos !== oldestMacos) problems.push(`is made for macOS ${binary.oldestMacos}`);
  if (os === "darwin" && !signatureHolds(path)) problems.push("has no code signature that matches its content");
  const undefended = marks.filter((mark) => !binary.marks.includes(mark));
  if (undefended.length > 0) problems.push(`lacks these defences: ${undefended.join(", ")}`);
  const unknown = needed ? binary.needed.filter((library) => !needed.includes(library)) : [];
  if (unknown.length > 0) problems.push(`needs these libraries: ${unknown.join(", ")}`);
  // What ships must not depend on the folder that it is built in.
  const content = readFileSync(path);
  const traces = needed ? [cache, root].filter((folder) => content.includes(`${folder}/`)) : [];
  if (traces.length > 0) problems.push(`names folders of the machine that built it: ${traces.join(", ")}`);
  return { binary, problems };
}

/** "glibc 2.25": the newest system library that a binary needs, "" if its format does not say. */
export function newestVersion({ newestGlibc, oldestMacos }) {
  return newestGlibc ? `glibc ${newestGlibc}` : oldestMacos ? `macOS ${oldestMacos}` : "";
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(async () => {
    const [path, name] = process.argv.slice(2);
    if (!path) throw new Error("Usage: check-binary.mjs <file.node> [platform]");
    const { binary, problems } = await checkBinary(path, name ? platformNamed(name) : {});
    console.log(`${path}: ${newestVersion(binary)}, needs ${binary.needed.join(" ")}`);
    if (problems.length > 0) throw new Error(problems.map((problem) => `${path} ${problem}`).join("\n"));
  });
}
