// What works with Node's flags, and in the test runners of users. docs/install.md has the results as a table.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findCodeBlocks } from "../docs/code-blocks.js";
import { expectTable, installCopy, rowOf, temporaryFolder } from "../support/packed.js";
import { fromRegistry, newerNode, root } from "../support/runtimes.js";

const { folder, remove } = temporaryFolder();
const modules = join(folder, "node_modules");
const results = join(folder, "results.json");

const TEST = `
import { writeFileSync } from "node:fs";
import { connectEach } from "./each-transport.mjs";
test("each transport", async () => writeFileSync("results.json", JSON.stringify(await connectEach())), 60_000);
`;

beforeAll(() => {
  installCopy(folder, "build/Release");
  for (const name of ["bundled-server.mjs", "each-transport.mjs"]) {
    cpSync(join(root, "test", "programs", name), join(folder, name));
  }
  const blocks = findCodeBlocks("docs/install.md", readFileSync(join(root, "docs", "install.md"), "utf8"));
  for (const { file, code } of blocks) if (file) writeFileSync(join(folder, file), code);
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "each.test.mjs"), TEST);
  const environment = join(fromRegistry("jest-environment-jsdom", "30.5.2", "package.json"), "..");
  link(environment);
  link(join(environment, "..", "jsdom"));
  // Copied, so that it finds jsdom here.
  cpSync(join(root, "node_modules", "vitest"), join(modules, "vitest"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) link(join(root, "node_modules", name));
}, 900_000);
afterAll(remove);

/** Links a package, unless there is one of that name. */
function link(path: string): void {
  const target = join(modules, basename(path));
  if (!existsSync(target)) symlinkSync(path, target);
}

interface Run {
  status: number | null;
  output: string;
  /** By transport, if it came that far. */
  results: Record<"udp" | "websocket" | "gns" | "memory", string> | null;
}

function run(node: string, args: readonly string[]): Run {
  rmSync(results, { force: true });
  // What Vitest, which runs this test, has set would reach the one that it starts.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|TEST$)/.test(name)),
  );
  const { status, stdout, stderr } = spawnSync(node, args, { cwd: folder, encoding: "utf8", env, timeout: 120_000 });
  const output = `${stdout}${stderr}`;
  return { status, output, results: existsSync(results) ? JSON.parse(readFileSync(results, "utf8")) : null };
}

const rows: string[] = [];
const allWork = { udp: "works", websocket: "works", gns: "works", memory: "works" };

const flags: readonly [name: string, node: () => string, flags: readonly string[], gns: string | RegExp][] = [
  ["Node.js", () => process.execPath, [], /^works$/],
  ["`--no-addons`", () => process.execPath, ["--no-addons"], /^ERR_DLOPEN_DISABLED: /],
  ["`--permission --allow-fs-read=* --allow-addons`", newerNode, ["--allow-addons"], /^works$/],
  ["`--permission --allow-fs-read=*`", newerNode, [], /^ERR_DLOPEN_DISABLED: /],
];

test.each(flags)("%s", (name, node, options, gns) => {
  const permission = name.includes("--permission") ? ["--permission", "--allow-fs-read=*"] : [];
  const { status, output } = run(node(), [...permission, ...options, "bundled-server.mjs"]);
  expect(status, output).toBe(0);
  const found = JSON.parse(output.split("\n")[0] ?? "");
  expect(found).toEqual({ ...allWork, gns: expect.stringMatching(gns) });
  rows.push(rowOf(name, Object.values(found)));
});

const jest = (environment: string): Run => {
  const config = join(folder, "environment.json");
  const { testMatch, transform } = JSON.parse(readFileSync(join(folder, "jest.json"), "utf8"));
  writeFileSync(config, JSON.stringify({ testEnvironment: environment, testMatch, transform }));
  const program = fromRegistry("jest", "30.5.2", "bin/jest.js");
  const options = ["--config=environment.json", "--forceExit", "--no-cache", "--watchman=false"];
  return run(process.execPath, ["--experimental-vm-modules", program, ...options]);
};
const vitest = (environment: string): Run => {
  const program = join(modules, "vitest", "vitest.mjs");
  return run(process.execPath, [program, "run", "--globals", `--environment=${environment}`]);
};

const runners: readonly [name: string, run: () => Run, websocket: string | RegExp][] = [
  ["Jest", () => jest("node"), /^works$/],
  ["Jest, `jest-page.mjs`", () => jest("./jest-page.mjs"), /^ERR_NOT_SUPPORTED: A WebSocket server needs Node/],
  ["Vitest", () => vitest("node"), /^works$/],
  ["Vitest, jsdom", () => vitest("jsdom"), /^works$/],
];

test.each(runners)("%s", (name, start, websocket) => {
  const { results: found, output } = start();
  expect(found, output).toEqual({ ...allWork, websocket: expect.stringMatching(websocket) });
  rows.push(rowOf(name, Object.values(found ?? {})));
});

test("Jest's own jsdom lacks TextEncoder, as docs/install.md says", () => {
  const { results: found, output } = jest("jsdom");
  expect(found).toBeNull();
  expect(output).toContain("TextEncoder is not defined");
});

test("docs/install.md has this table", () => {
  expectTable("runners", ["| | UDP | WebSocket | GNS | memory |", "|---|---|---|---|---|", ...rows]);
});
