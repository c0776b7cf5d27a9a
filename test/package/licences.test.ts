import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  billOfMaterials,
  checkArchives,
  checkGnsVersion,
  components,
  documents,
  versions,
  withVersions,
} from "../../scripts/components.mjs";
import { linkedCrates, webTransportBill, webTransportNotices } from "../../scripts/crates.mjs";
import { compareVersions } from "../../scripts/outdated.mjs";
import { root } from "../support/runtimes.js";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const notices = read("THIRD_PARTY_NOTICES.md");

/** Whether a lock file, or pip's list, pins this version of a package. */
function isPinned({ file, name, version }: { file: string; name: string; version: string }): boolean {
  if (file.endsWith(".txt")) return read(file).includes(`\n${name}==${version} `);
  if (file.endsWith(".lock")) return read(file).includes(`name = "${name}"\nversion = "${version}"\n`);
  return JSON.parse(read(file)).packages[`node_modules/${name}`]?.version === version;
}

test.each(components)("$name has a notice, and is pinned in the version that the lists name", ({ name, source }) => {
  expect(notices).toMatch(new RegExp(`^## ${name.replaceAll("+", "\\+")}$`, "m"));
  expect(notices).toContain(`\n| ${name}`);
  expect(isPinned(source)).toBe(true);
});

test("a static library that no list names is not linked", () => {
  checkArchives(["/any/libabsl_base.a", "/any/libcrypto.a", "/any/libutf8_validity.a", "/any/libprotobuf.a"]);
  expect(() => checkArchives(["/any/libcrypto.a", "/any/libz.a"])).toThrow("do not know what is in libz.a");
  expect(() => checkArchives(["/any/libprotobuf-lite.a"])).toThrow("libprotobuf-lite.a");
});

describe("the bill of materials", () => {
  interface Component {
    "bom-ref": string;
    name: string;
    version: string;
    purl: string;
    cpe?: string;
    hashes: { alg: string; content: string }[];
  }
  const bill: {
    metadata: { component: { "bom-ref": string } };
    components: Component[];
    dependencies: { ref: string; dependsOn?: string[] }[];
  } = JSON.parse(read("sbom.cdx.json"));
  const component = (name: string) => bill.components.find((one) => one.name === name) as Component;

  test("is what the lists say", () => expect(read("sbom.cdx.json")).toBe(billOfMaterials()));

  test("has what is linked in, and what npm installs beside it", () => {
    const { dependencies } = JSON.parse(read("package.json"));
    const names = [...components.map(({ name }) => name), ...Object.keys(dependencies)];
    expect(bill.components.map(({ name }) => name)).toEqual(names);
  });

  test.each(bill.components)("tells the address and the hash of $name, by which a lock file pins it", (one) => {
    expect(one.purl).toMatch(/^pkg:(cargo|npm|pypi)\/[\w-]+@[\w.%]+(#[\w/.-]+)?$/);
    const [{ alg, content } = { alg: "", content: "" }] = one.hashes;
    const locks = ["deps/Cargo.lock", "deps/toolchain/requirements.txt", "package-lock.json"].map(read).join("");
    const base64 = Buffer.from(content, "hex").toString("base64");
    expect(locks).toContain(alg === "SHA-512" ? `sha512-${base64}` : content);
    expect(content).toHaveLength(alg === "SHA-512" ? 128 : 64);
  });

  test("names OpenSSL as the vulnerability databases do", () => {
    const { cpe, purl } = component("OpenSSL");
    expect(cpe).toBe(`cpe:2.3:a:openssl:openssl:${versions.openssl}:*:*:*:*:*:*:*`);
    expect(purl).toMatch(new RegExp(`^pkg:cargo/openssl-src@\\d+\\.\\d+\\.\\d+%2B${versions.openssl}#openssl$`));
  });

  test("says what depends on what, from the package down to every component", () => {
    const uses = new Map(bill.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
    expect(uses.size).toBe(bill.components.length + 1);
    const reached = new Set([bill.metadata.component["bom-ref"]]);
    for (const ref of reached) for (const used of uses.get(ref) as string[]) reached.add(used);
    expect([...reached].sort()).toEqual([...uses.keys()].sort());
    expect(bill.components.map((one) => one["bom-ref"]).filter((ref) => !reached.has(ref))).toEqual([]);
    expect(uses.get(component("GameNetworkingSockets")["bom-ref"])).toContain(component("OpenSSL")["bom-ref"]);
    expect(uses.get(bill.metadata.component["bom-ref"])).toContain(component("node-gyp-build")["bom-ref"]);
  });
});

describe("the package of WebTransport's binaries", () => {
  const crates = linkedCrates();
  const packed = (name: string) => read(join("packages", "webtransport", name));

  test("has its own notices and bill of materials, which are what cargo links", () => {
    expect(packed("THIRD_PARTY_NOTICES.md")).toBe(webTransportNotices(crates));
    expect(packed("sbom.cdx.json")).toBe(webTransportBill(crates));
  });

  test("names each crate with the hash by which the lock file pins it, and each licence's text", () => {
    const names = crates.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["quinn-proto", "rustls", "ring", "bytes", "untrusted"]));
    expect(names).not.toContain("thiserror-impl"); // runs while the library is built
    for (const { name, version, source, texts } of crates) {
      expect(packed("THIRD_PARTY_NOTICES.md")).toContain(`\n| ${name} | ${version} | `);
      expect(read("deps/webtransport/Cargo.lock")).toContain(source.hash.content);
      expect(texts.join("").length, name).toBeGreaterThan(500);
    }
  });
});

test("a package that is behind its registry is found", () => {
  const newest = ({ name, version }: { name: string; version: string }) =>
    name === "openssl-src" ? "500.0.0" : version;
  const rows = compareVersions(newest);
  expect(rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["game-networking-sockets-sys", "ziglang", "rustls"]),
  );
  expect(rows.filter(({ behind }) => behind).map(({ name }) => name)).toEqual(["openssl-src"]);
});

test.each(documents())("%s mentions the versions that are pinned", (path) => {
  expect(withVersions(read(path))).toBe(read(path));
});

test("a version that a document mentions is found and replaced", () => {
  const old =
    "| GNS 1.2.3 | `game-networking-sockets-sys` 0.0.1 |\n| GameNetworkingSockets, with zig | 1.2.3's copy |\n";
  expect(withVersions(old)).not.toMatch(/1\.2\.3|0\.0\.1/);
  const mentioning = documents().filter((path) => read(path).includes(versions.gns));
  expect(mentioning).toEqual(expect.arrayContaining(["README.md", "THIRD_PARTY_NOTICES.md", "docs/building.md"]));
});

test("the crate carries the version of GNS that deps/Cargo.toml says", () => {
  const manifest = join(root, "deps", "gns", "Cargo.toml");
  const args = ["metadata", "--format-version=1", "--locked", "--manifest-path", manifest];
  const { packages } = JSON.parse(execFileSync("cargo", args, { encoding: "utf8", maxBuffer: 1 << 28 }));
  const crate = packages.find(({ name }: { name: string }) => name === "game-networking-sockets-sys");
  const folder = join(dirname(crate.manifest_path), "thirdparty", "GameNetworkingSockets");
  checkGnsVersion(folder);
});

test("no other file says which version of GNS it is", () => {
  const files = ["lib", "native", "scripts", "deps", "bench", "test", "CMakeLists.txt", "package.json"].flatMap(
    (path) =>
      statSync(join(root, path)).isFile()
        ? [path]
        : readdirSync(join(root, path), { recursive: true, encoding: "utf8" }).map((name) => join(path, name)),
  );
  const crate = components[0]?.source.version as string;
  const isTold = new RegExp(`\\b(${versions.gns}|${crate})\\b`.replaceAll(".", "\\."));
  const isText = (path: string) =>
    /\.(ts|mjs|cc|h|cmake|txt|toml|json)$/.test(path) && !/node_modules|\btarget\b/.test(path);
  const found = files.filter((path) => isText(path) && existsSync(join(root, path)) && isTold.test(read(path)));
  expect(found.filter((path) => !path.endsWith("package-lock.json"))).toEqual(["deps/Cargo.toml"]);
});
