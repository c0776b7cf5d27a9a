import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";

/** What biome reports about a file, with the rules of this project. */
function lint(name: string, source: string): string {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const { plugins, linter } = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
  const rules = { root: true, plugins: plugins.map((path: string) => join(root, path)), linter };
  writeFileSync(join(folder, "biome.json"), JSON.stringify(rules));
  writeFileSync(join(folder, name), source);
  const biome = join(root, "node_modules", ".bin", "biome");
  const { stdout, stderr } = spawnSync(biome, ["lint", "."], { cwd: folder, encoding: "utf8" });
  return stdout + stderr;
}

test.each(["5", '"text"', "-1", "2 ** 20", "true", "5n", "`text`", "(5)", "5 as number", "list ? 1 : 2"])(
  "biome wants a module's constant in upper case: %s",
  (value) => {
    const source = (name: string) => `export const list = [1];\nexport const ${name} = ${value};\n`;
    expect(lint("module.ts", source("fooBar"))).toContain("A constant of a module is UPPER_CASE");
    expect(lint("module.ts", source("FOO_BAR"))).not.toContain("UPPER_CASE");
  },
);

test("biome wants nothing else in upper case", () => {
  const source = `
    export let counter = 5;
    export const list = [1], call = String(5), object = { a: 1 }, each = () => 5;
    export class Holder { readonly size = 5; }
    export function count() { const inner = 5; for (const other of [5]) counter += other + inner; }
    if (counter > 4) { const inBlock = 5; counter = inBlock; }
  `;
  expect(lint("module.ts", source)).not.toContain("UPPER_CASE");
});

test("biome wants tests to be called test", () => {
  const source = (name: string) => `
    import { describe, expect, ${name} } from "vitest";
    describe("a", () => ${name}("b", () => expect(1).toBe(1)));
  `;
  expect(lint("a.test.ts", source("it"))).toContain("useConsistentTestIt");
  expect(lint("a.test.ts", source("test"))).not.toContain("useConsistentTestIt");
});

test("no line has more than 120 columns, comments included", () => {
  const listed = execFileSync("git", ["ls-files", "lib", "native", "scripts", "test", "bench", "examples"], {
    cwd: root,
    encoding: "utf8",
  });
  const files = listed.split("\n").filter((name) => /\.(ts|mts|mjs|cjs|py|cc|h|grit)$/.test(name));
  expect(files.length).toBeGreaterThan(400);
  const long = files.flatMap((name) =>
    readFileSync(join(root, name), "utf8")
      .split("\n")
      .flatMap((line, index) => (line.length > 120 ? [`${name}:${index + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
