// What is linked into the binaries that ship, one row a component, for the notices and the bill of materials.
// `node scripts/components.mjs` writes sbom.cdx.json (CycloneDX 1.6).
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

/**
 * `source` is the line of the lock file or list that pins it; `archives` matches the static libraries that it is in, where
 * it is in any of those that deps/static builds.
 */
export const components = [
  {
    ...{ name: "GameNetworkingSockets", version: "1.6.0", licence: "BSD-3-Clause" },
    source: ["deps/static/Cargo.lock", "game-networking-sockets-sys", "0.3.0"],
    archives: /^libGameNetworkingSockets_s\.a$/,
  },
  {
    // Only on Windows, where GNS takes the rest of its cryptography from the system.
    ...{ name: "curve25519-donna and ed25519-donna", version: "1.6.0", licence: "LicenseRef-Public-Domain" },
    source: ["deps/static/Cargo.lock", "game-networking-sockets-sys", "0.3.0"],
  },
  {
    ...{ name: "OpenSSL", version: "3.6.3", licence: "Apache-2.0" },
    source: ["deps/static/Cargo.lock", "openssl-src", "300.6.1+3.6.3"],
    archives: /^libcrypto\.a$/,
  },
  {
    ...{ name: "Protocol Buffers", version: "27.2", licence: "BSD-3-Clause" },
    source: ["deps/static/Cargo.lock", "protobuf-src", "2.1.1+27.1"],
    archives: /^libprotobuf\.a$/,
  },
  {
    ...{ name: "utf8_range", version: "27.2", licence: "MIT" },
    source: ["deps/static/Cargo.lock", "protobuf-src", "2.1.1+27.1"],
    archives: /^libutf8_(range|validity)\.a$/,
  },
  {
    ...{ name: "Abseil", version: "20240116.0", licence: "Apache-2.0" },
    source: ["deps/static/Cargo.lock", "protobuf-src", "2.1.1+27.1"],
    archives: /^libabsl_\w+\.a$/,
  },
  {
    ...{ name: "LLVM libc++, libc++abi, libunwind", version: "22.1.8", licence: "Apache-2.0 WITH LLVM-exception" },
    source: ["deps/toolchain/requirements.txt", "ziglang", "0.17.0"],
  },
  {
    ...{ name: "zig's compiler run-time library", version: "0.17.0", licence: "MIT" },
    source: ["deps/toolchain/requirements.txt", "ziglang", "0.17.0"],
  },
  {
    // Only on Windows.
    ...{ name: "mingw-w64 runtime", version: "0.17.0", licence: "ZPL-2.1" },
    source: ["deps/toolchain/requirements.txt", "ziglang", "0.17.0"],
  },
  {
    ...{ name: "node-addon-api", version: "8.9.2", licence: "MIT" },
    source: ["package-lock.json", "node-addon-api", "8.9.2"],
  },
  {
    ...{ name: "node-api-headers", version: "1.9.0", licence: "MIT" },
    source: ["package-lock.json", "node-api-headers", "1.9.0"],
  },
];

/** Refuses to link a static library that no component of the list has. */
export function checkArchives(archives) {
  const isKnown = (name) => components.some((component) => component.archives?.test(name));
  const unknown = archives.map((path) => basename(path)).filter((name) => !isKnown(name));
  if (unknown.length === 0) return;
  throw new Error(`scripts/components.mjs and THIRD_PARTY_NOTICES.md do not know what is in ${unknown.join(", ")}`);
}

/** The bill of materials as JSON text. */
export function billOfMaterials() {
  const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
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
}
