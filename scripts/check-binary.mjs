// node scripts/check-binary.mjs <file.node> [--glibc 2.28] [--needed libc.so.6,libm.so.6]
// Checks what an addon shows to the process that loads it, and what it asks of the system.
import { pathToFileURL } from "node:url";
import { isNewer, readElf } from "./elf.mjs";
import { main } from "./run.mjs";

const wantedExports = ["napi_register_module_v1", "node_api_module_get_api_version_v1"];
// Node exports its own OpenSSL and libuv: a name left open would silently be taken from there.
// libuv's stable functions are used on purpose; they are looked up at run time, so that none is open here.
const foreign = /^(EVP|SSL|CRYPTO|OPENSSL|OSSL|RAND|BIO|ERR|HMAC|SHA\d*|uv)_/;

/**
 * Reads the file and lists the rules that it breaks, one line each.
 * @param {string} path
 * @param {{ newestGlibc?: string, needed?: string[] }} [limits] the newest glibc and the only libraries it may need
 */
export function checkBinary(path, { newestGlibc, needed } = {}) {
  const elf = readElf(path);
  const problems = [];
  const extra = elf.exports.filter((name) => !wantedExports.includes(name));
  const missing = wantedExports.filter((name) => !elf.exports.includes(name));
  const open = elf.imports.filter(({ name }) => foreign.test(name)).map(({ name }) => name);
  if (extra.length > 0) problems.push(`exports more than the two Node-API symbols: ${extra.slice(0, 10).join(", ")}`);
  if (missing.length > 0) problems.push(`does not export ${missing.join(", ")}`);
  if (open.length > 0) problems.push(`would take these from Node: ${open.slice(0, 10).join(", ")}`);
  if (newestGlibc && isNewer(elf.newestGlibc, newestGlibc)) {
    const newer = elf.imports.filter(({ version }) => isNewer(version.replace("GLIBC_", "") || "0", newestGlibc));
    problems.push(`needs glibc ${elf.newestGlibc}, not ${newestGlibc}: ${newer.map(({ name }) => name).join(", ")}`);
  }
  const unknown = needed ? elf.needed.filter((library) => !needed.includes(library)) : [];
  if (unknown.length > 0) problems.push(`needs these libraries: ${unknown.join(", ")}`);
  return { elf, problems };
}

function flag(name) {
  const index = process.argv.indexOf(name);
  return index === -1 ? undefined : process.argv[index + 1];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => {
    const path = process.argv[2];
    if (!path) throw new Error("Usage: check-binary.mjs <file.node> [--glibc 2.28] [--needed libc.so.6,libm.so.6]");
    const { elf, problems } = checkBinary(path, { newestGlibc: flag("--glibc"), needed: flag("--needed")?.split(",") });
    console.log(`${path}: newest glibc ${elf.newestGlibc}, needs ${elf.needed.join(" ")}`);
    if (problems.length > 0) throw new Error(problems.map((problem) => `${path} ${problem}`).join("\n"));
  });
}
