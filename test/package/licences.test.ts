import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { billOfMaterials, checkArchives, components } from "../../scripts/components.mjs";
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
