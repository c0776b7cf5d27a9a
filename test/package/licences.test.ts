import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  billOfMaterials,
  checkArchives,
  checkGnsVersion,
  components,
  documents,
  versions,
  withVersions,
} from "../../scripts/components.mjs";
import { root } from "../support/runtimes.js";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const notices = read("THIRD_PARTY_NOTICES.md");

/** Whether a lock file, or pip's list, pins this version of a package. */
function isPinned([file = "", name = "", version = ""]: string[]): boolean {
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

test("the bill of materials is what the list says", () => {
  expect(read("sbom.cdx.json")).toBe(billOfMaterials());
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
  const crate = components[0]?.source[2] as string;
  const isTold = new RegExp(`\\b(${versions.gns}|${crate})\\b`.replaceAll(".", "\\."));
  const isText = (path: string) =>
    /\.(ts|mjs|cc|h|cmake|txt|toml|json)$/.test(path) && !/node_modules|\btarget\b/.test(path);
  const found = files.filter((path) => isText(path) && existsSync(join(root, path)) && isTold.test(read(path)));
  expect(found.filter((path) => !path.endsWith("package-lock.json"))).toEqual(["deps/Cargo.toml"]);
});
