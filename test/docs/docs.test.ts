import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCodeBlocks } from "./code-blocks.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...(existsSync(join(root, "docs")) ? readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }) : [])
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const read = (file: string) => readFileSync(join(root, file), "utf8");
const blocks = files.flatMap((file) => findCodeBlocks(file, read(file)));
/** The files of the tutorial are parts of programs: tutorial.test.ts runs these. */
const programs = blocks.filter(({ language, file }) => ["js", "ts"].includes(language) && file === undefined);

/** A folder where the package is installed. */
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "valve-sockets-docs-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "valve-sockets"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function compile(code: string): string {
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(code, { compilerOptions: options }).outputText;
}

test("finds the programs of the README, and the first has at most 15 lines", () => {
  const [hello, direct] = programs.filter(({ place }) => place.startsWith("README.md"));
  expect(hello?.output).toBe("Player 1 says hello\n");
  expect(hello?.code.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(15);
  expect(direct?.output).toBe("Hello\n");
});

test("the README begins with what it is and how to install it", () => {
  const [title, description, install] = read("README.md").split("\n\n");
  expect(title).toBe("# valve-sockets");
  expect(description).toMatch(/^Multiplayer networking for Node\.js and browsers/);
  expect(install).toMatch(/^```sh\nnpm install valve-sockets /);
});

test.each(programs.map((block, index) => [block.place, index] as const))("%s runs", async (_, index) => {
  const { language, code, output } = programs[index] as (typeof programs)[number];
  const file = join(folder, `${index}.mjs`);
  writeFileSync(file, language === "ts" ? compile(code) : code);
  const hangLimitMs = 30_000;
  const printed = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [file], { cwd: folder, timeout: hangLimitMs }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout);
    });
  });
  if (output !== undefined) expect(printed).toBe(output);
});

describe("what the documents mention exists", () => {
  test.each(files)("npm scripts and linked files in %s", (file) => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const text = read(file);
    for (const [, script = ""] of text.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([script]);
    for (const [, target = ""] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (/^\w+:/.test(target)) continue;
      expect(existsSync(join(root, dirname(file), target)), `${file} links ${target}`).toBe(true);
    }
  });
});
