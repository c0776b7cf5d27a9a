// What is linked into the binaries of packages/webtransport, as scripts/components.mjs lists what is in the others: the
// crates of deps/webtransport, by cargo's own account, and the run-time libraries. `node scripts/crates.mjs` writes the
// package's notices and bill of materials.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { bill, components } from "./components.mjs";
import { root } from "./paths.mjs";
import { addons, platforms } from "./platforms.mjs";

const FILE = "deps/webtransport/Cargo.lock";
const { folder } = addons.webTransport;

/** It has the version of the compiler, which nothing pins. */
const standardLibrary = {
  ...{ name: "Rust's standard library", licence: "MIT OR Apache-2.0" },
  source: { registry: "generic", name: "rust-std" },
};

/** @returns {Map<string, string>} the hash of each package that the lock file pins, by name and version */
function lockedHashes() {
  const text = readFileSync(join(root, FILE), "utf8");
  const entries = text.matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"/g);
  return new Map([...entries].map(([, name, version, hash]) => [`${name} ${version}`, hash]));
}

/** cargo's description of the packages and of what needs what, for one target. */
function metadata(target) {
  const args = ["metadata", "--format-version=1", "--locked", "--filter-platform", target];
  const options = { cwd: join(root, dirname(FILE)), encoding: "utf8", maxBuffer: 1 << 28 };
  return JSON.parse(execFileSync("cargo", args, options));
}

/** The packages that end up in the library for one target: not those that run while it is built. */
function linkedFor(target) {
  const { packages, resolve } = metadata(target);
  const packageOf = new Map(packages.map((one) => [one.id, one]));
  const nodeOf = new Map(resolve.nodes.map((one) => [one.id, one]));
  const isMacro = (id) => packageOf.get(id).targets.some(({ kind }) => kind.includes("proc-macro"));
  const usesOf = (id) => {
    const normal = nodeOf.get(id).deps.filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null));
    return normal.map(({ pkg }) => pkg).filter((pkg) => !isMacro(pkg));
  };
  const reached = new Set(usesOf(resolve.root));
  for (const id of reached) for (const used of usesOf(id)) reached.add(used);
  const nameOf = (id) => `${packageOf.get(id).name} ${packageOf.get(id).version}`;
  return [...reached].map((id) => ({ ...packageOf.get(id), uses: usesOf(id).map(nameOf) }));
}

/** The licence files of a crate. Where it offers a choice, MIT is taken. */
function licenceTexts(manifest) {
  const files = readdirSync(dirname(manifest)).filter((name) => /^(licen[cs]e|copying)/i.test(name));
  const mit = files.filter((name) => /mit/i.test(name));
  const chosen = (mit.length > 0 ? mit : files).sort();
  return chosen.map((name) =>
    readFileSync(join(dirname(manifest), name), "utf8")
      .replaceAll("\r", "")
      .trim(),
  );
}

/** The crates that are linked for any platform, in the form of scripts/components.mjs, with their licences' `texts`. */
export function linkedCrates() {
  const hashes = lockedHashes();
  const rows = new Map();
  for (const { rust } of platforms) {
    for (const { name, version, license, manifest_path, uses } of linkedFor(rust)) {
      const known = rows.get(`${name} ${version}`);
      const hash = { alg: "SHA-256", content: hashes.get(`${name} ${version}`) };
      const source = { file: FILE, registry: "cargo", name, version, hash };
      const all = [...new Set([...(known?.uses ?? []), ...uses])].sort();
      const licence = license.replaceAll("/", " OR ");
      const row = { name, version, licence, source, uses: all, texts: licenceTexts(manifest_path) };
      rows.set(`${name} ${version}`, row);
    }
  }
  return [...rows.values()].sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** The run-time libraries and headers, which the other binaries have too. */
const shared = components.filter(({ name }) => /^(LLVM|zig's|mingw|node-a)/.test(name));

const blocks = (texts) => texts.map((text) => `\`\`\`text\n${text}\n\`\`\``).join("\n\n");

/** The notices of the package: a table, then each text of a licence with the names that it holds for. */
export function webTransportNotices(crates = linkedCrates()) {
  const main = readFileSync(join(root, "THIRD_PARTY_NOTICES.md"), "utf8");
  const sectionOf = (name) => main.split(/^(?=## )/m).find((part) => part.startsWith(`## ${name}\n`));
  // The crate libc is by the same people under the same licences.
  const standard = { ...standardLibrary, texts: crates.find(({ name }) => name === "libc").texts };
  const named = new Map();
  for (const { name, texts: own } of [...crates, standard]) {
    const text = blocks(own);
    named.set(text, [...new Set([...(named.get(text) ?? []), name])]);
  }
  const rows = [...crates, { ...standard, version: "the compiler's" }, ...shared];
  return [
    "# Third-party notices",
    "",
    "The binaries in `prebuilds/` contain the following software; `sbom.cdx.json` has the same list for programs.",
    "A crate of Rust that may be used under one of several licences is used under MIT.",
    "",
    "| software | version | licence |\n|---|---|---|",
    ...rows.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`),
    "",
    ...[...named].map(([text, names]) => `## ${names.join(", ")}\n\n${text}\n`),
    ...shared.map(({ name }) => `${sectionOf(name).trim()}\n`),
  ].join("\n");
}

/** The bill of materials as JSON text. */
export function webTransportBill(crates = linkedCrates()) {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return bill({ name, version }, [...crates, standardLibrary, ...shared]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const crates = linkedCrates();
  writeFileSync(join(folder, "THIRD_PARTY_NOTICES.md"), webTransportNotices(crates));
  writeFileSync(join(folder, "sbom.cdx.json"), webTransportBill(crates));
}
