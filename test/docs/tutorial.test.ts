// The files of docs/tutorial.md are written as a reader writes them, and each step's commands are run.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Command, startProcess } from "../cli/command.js";
import { launchBrowser } from "../support/browser-page.js";
import { freePort } from "../support/free-port.js";
import { root } from "../support/runtimes.js";
import { type CodeBlock, findCodeBlocks } from "./code-blocks.js";

const text = readFileSync(join(root, "docs", "tutorial.md"), "utf8");
const steps = text
  .split(/^## (?=Step)/m)
  .slice(1)
  .map((step) => ({ title: step.slice(0, step.indexOf("\n")), blocks: findCodeBlocks("docs/tutorial.md", step) }));
const files = (blocks: CodeBlock[]) => blocks.filter(({ file }) => file !== undefined);
const commandsOf = ({ language, code }: CodeBlock) =>
  language === "sh" ? code.split("\n").filter((line) => line.startsWith("node ")) : [];

let folder = "";
const ports = new Map<string, number>();

/** The page's ports are fixed, so that a reader sees them; a test takes free ones. */
const withPorts = (code: string) => code.replaceAll(/\b(7777|8080)\b/g, (port) => String(ports.get(port)));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "valve-sockets-tutorial-"));
  const modules = join(folder, "node_modules");
  const installed = join(modules, "valve-sockets");
  // Copied, since esbuild follows links, and reads the tsconfig.json of the folder where it arrives.
  for (const name of ["dist", "package.json"]) {
    cpSync(join(root, name), join(installed, name), { recursive: true });
  }
  symlinkSync(join(root, "build"), join(installed, "build"));
  for (const name of ["esbuild", "node-gyp-build", "ws"]) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  for (const port of ["7777", "8080"]) ports.set(port, await freePort());
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Ends it as Ctrl+C does. */
async function stop(program?: Command): Promise<void> {
  program?.child.kill("SIGINT");
  await program?.end();
}

/** Starts the commands one after the other. A command that runs already is stopped before it is started again. */
async function start(commands: readonly string[]): Promise<Command[]> {
  const programs = new Map<string, Command>();
  for (const command of commands) {
    await stop(programs.get(command));
    const [, file = "", ...args] = command.split(" ");
    const program = startProcess(process.execPath, [file, ...args], folder);
    programs.set(command, program);
    if (file === "server.mjs") await program.waitFor("stdout", /The arena is open/);
    else await program.waitFor("stdout", /\n/);
  }
  return [...programs.values()];
}

/** Waits until the programs have printed all these lines; one that stands there twice, twice. */
async function waitForLines(programs: readonly Command[], expected: readonly string[]): Promise<void> {
  for (;;) {
    const printed = programs.flatMap(({ output }) => output.stdout.split("\n"));
    const count = (lines: readonly string[], line: string) => lines.filter((one) => one === line).length;
    if (expected.every((line) => count(printed, line) >= count(expected, line))) return;
    const outputs = programs.map(({ output }) => output);
    // No program of the tutorial ends by itself.
    const hasFailed = programs.some(({ child, output }) => output.stderr !== "" || child.stdout?.readableEnded);
    if (hasFailed) throw new Error(`Waiting for ${JSON.stringify(expected)}: ${JSON.stringify(outputs, null, 2)}`);
    await Promise.race(programs.map(({ next }) => next()));
  }
}

async function checkPage(address: string): Promise<void> {
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 700, height: 720 } });
  const errors: unknown[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(`${address}/?name=Eve`);
  await page.waitForFunction("/^Arena over w/.test(document.title)");
  await page.waitForFunction("document.querySelector('#news').textContent === 'Ada has shot Eve'");
  const hasBinary = existsSync(join(root, "build", "Release", "valve_sockets_webtransport.node"));
  expect(await page.title()).toBe(`Arena over ${hasBinary ? "webtransport" : "websocket"}`);
  const path = process.env.TUTORIAL_SCREENSHOT;
  if (path) await page.screenshot({ path });
  expect(errors).toEqual([]);
}

test("a program that ends before it has printed a line fails the test with what it did print", async () => {
  const program = startProcess(process.execPath, ["-e", "console.log('That is all')"]);
  await expect(waitForLines([program], ["More"])).rejects.toThrow(/More.*That is all/s);
});

test("has seven steps, each with files and something to run", () => {
  expect(steps.length).toBe(7);
  for (const { title, blocks } of steps) {
    expect(files(blocks).length, title).toBeGreaterThan(0);
    expect(blocks.flatMap(commandsOf).length, title).toBeGreaterThan(1);
  }
});

test.each(steps)("$title", async ({ blocks }) => {
  for (const { file = "", code } of files(blocks)) writeFileSync(join(folder, file), withPorts(code));
  const commands = blocks.find((block) => commandsOf(block).length > 0);
  const programs = await start(commandsOf(commands as CodeBlock));
  const expected = withPorts(commands?.output ?? "")
    .split("\n")
    .filter((line) => line !== "");
  await waitForLines(programs, expected);
  if (files(blocks).some(({ file }) => file === "page.mjs")) {
    await checkPage(`http://localhost:${ports.get("8080")}`);
  }
  for (const program of programs.reverse()) await stop(program);
  expect(programs.map(({ output }) => output.stderr).join("")).toBe("");
});
