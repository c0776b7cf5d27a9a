// What publint and Are the Types Wrong say of the package, and what an old TypeScript setting makes of it.
import { spawnSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entryPoints } from "../../scripts/entry-points.mjs";
import { ensurePrebuilt, pack, temporaryFolder } from "../support/packed.js";
import { fromRegistry, root } from "../support/runtimes.js";

const { folder, remove } = temporaryFolder();
let tarball: string;

beforeAll(() => {
  ensurePrebuilt();
  tarball = pack(folder).tarball;
}, 900_000);
afterAll(remove);

const run = (program: string, ...args: string[]) =>
  spawnSync(process.execPath, [program, ...args], { cwd: root, encoding: "utf8" });

test("publint --strict finds nothing", () => {
  const { status, stdout } = run(fromRegistry("publint", "0.3.25", "src/cli.js"), tarball, "--strict");
  expect(status, stdout).toBe(0);
  expect(stdout).toContain("All good!");
}, 300_000);

test("attw finds nothing in what ES modules and bundlers import", () => {
  const attw = fromRegistry("@arethetypeswrong/cli", "0.18.5", "dist/index.js");
  // What no TypeScript can read: a script for the thread of the sound.
  const args = ["--profile", "esm-only", "--exclude-entrypoints", "comms/voice-worklet", "--format", "table"];
  const { status, stdout } = run(attw, tarball, ...args);
  expect(status, stdout).toBe(0);
}, 300_000);

test('with "moduleResolution": "node10" each entry point has its types', () => {
  const installed = join(folder, "node_modules", "valve-sockets");
  for (const name of ["dist", "package.json"]) cpSync(join(root, name), join(installed, name), { recursive: true });
  const file = join(folder, "user.ts");
  const imports = entryPoints.map(({ name }, index) => `import * as m${index} from "${name}";\nvoid m${index};`);
  const server = `import { BrowserSocketFactory } from "valve-sockets/socket/browser";
    new BrowserSocketFactory({ webSocket: { trustedProxies: ["127.0.0.1"] } });`;
  writeFileSync(file, `${imports.join("\n")}\n${server}\n`);
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts"],
    types: [],
    strict: true,
    noEmit: true,
  });
  const problems = ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText);
  expect(problems).toEqual([]);
});
