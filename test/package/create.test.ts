import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { launchBrowser } from "../support/browser-page.js";
import { ensurePrebuilt, pack, temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";

const source = join(root, "packages", "create-valve-sockets-game");
const temporary = temporaryFolder();
const game = join(temporary.folder, "My Game");
const read = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));
/** Without the variables by which npm would install into the project. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const npm = (folder: string, ...args: string[]) =>
  execFileSync("npm", [...args, "--no-audit", "--no-fund"], { cwd: folder, env, encoding: "utf8", stdio: "pipe" });
const create = (...args: string[]) =>
  spawnSync(process.execPath, [join(source, "create.mjs"), ...args], { cwd: temporary.folder, encoding: "utf8" });

/** The package of WebTransport with the binary of this tree; null where that was not built. */
function packWebTransport(): string | null {
  const binary = join(root, "build", "Release", "valve_sockets_webtransport.node");
  if (!existsSync(binary)) return null;
  const copy = join(temporary.folder, "webtransport");
  cpSync(join(root, "packages", "webtransport"), copy, { recursive: true });
  const folder = join(copy, "prebuilds", "linux-x64");
  mkdirSync(folder, { recursive: true });
  cpSync(binary, join(folder, "valve-sockets-webtransport.glibc.node"));
  return pack(temporary.folder, copy).tarball;
}

let webTransport: string | null;
let printed = "";

beforeAll(() => {
  ensurePrebuilt();
  const { tarball } = pack(temporary.folder);
  webTransport = packWebTransport();
  const tool = join(temporary.folder, "tool");
  mkdirSync(tool);
  npm(tool, "install", pack(temporary.folder, source).tarball);
  const command = join(tool, "node_modules", ".bin", "create-valve-sockets-game");
  printed = execFileSync(command, ["My Game"], { cwd: temporary.folder, encoding: "utf8" });
  npm(game, "install", "--no-save", tarball, ...(webTransport ? [webTransport] : []));
}, 900_000);
afterAll(temporary.remove);

test("it says what to type, names the game, and asks for this version of the library", () => {
  expect(printed).toBe('Made My Game. Now type:\n\n  cd "My Game"\n  npm install\n  npm start\n');
  const { name, dependencies, optionalDependencies } = read(game, "package.json");
  const { version, peerDependencies } = read(root, "package.json");
  expect(name).toBe("my-game");
  expect(read(source, "package.json").version).toBe(version);
  expect(dependencies).toMatchObject({ "valve-sockets": `^${version}`, ws: peerDependencies.ws });
  expect(optionalDependencies).toEqual({ "valve-sockets-webtransport": `^${version}` });
  expect(existsSync(join(game, ".gitignore"))).toBe(true);
});

test("it writes into no folder that has something in it, and knows its arguments", () => {
  expect(create("My Game")).toMatchObject({ status: 1, stderr: expect.stringContaining("is not empty") });
  mkdirSync(join(temporary.folder, "cloned", ".git"), { recursive: true });
  expect(create("cloned")).toMatchObject({ status: 0, stdout: expect.stringContaining("cd cloned\n") });
  expect(create("--fast")).toMatchObject({ status: 2, stderr: expect.stringContaining("--fast is not known here") });
  expect(create("--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("[folder]") });
});

test("the game's own test passes", () => {
  expect(npm(game, "test")).toMatch(/^# pass 1$/m);
});

test("the page plays with the bots, and the server stops at SIGTERM", async () => {
  const browser = await launchBrowser();
  const server = spawn(process.execPath, ["server.mjs", "--no-open", "--port", "0"], { cwd: game });
  onTestFinished(async () => {
    server.kill("SIGKILL");
    await browser.close();
  });
  let errors = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const closed = once(server, "close");
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const address = (await lines.next()).value.replace("Game: ", "");
  expect((await lines.next()).value).toBe("Bots: 3");
  const { port } = new URL(address);
  const second = spawnSync(process.execPath, ["server.mjs", "--no-open", "--port", port], {
    cwd: game,
    encoding: "utf8",
  });
  expect(second).toMatchObject({
    status: 1,
    stderr: `Port ${port} is used already, maybe by this game. Another one: npm start -- --port ${Number(port) + 1}\n`,
  });

  const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  page.on("pageerror", (error) => (errors += error));
  page.on("console", (message) => (errors += message.text()));
  await page.goto(address);
  await page.waitForFunction("document.querySelectorAll('#table li').length === 4");
  await page.fill("#name", "Ada");
  await page.waitForFunction("document.querySelector('.own').textContent.startsWith('Ada')");
  const transport = webTransport ? "webtransport" : "websocket";
  expect(await page.textContent("#network")).toMatch(new RegExp(`^${transport}, \\d+ ms$`));
  // Another page sees the name, and this one's runner go to the left wall, for as long as the key is held.
  const other = await browser.newPage();
  await other.goto(address);
  await other.waitForFunction("document.querySelector('#table').textContent.includes('Ada')");
  await page.locator("canvas").hover();
  await page.keyboard.press("Tab");
  await page.keyboard.down("a");
  const place = "[...player.runners].find(({ name }) => name === 'Ada').shown.position.x";
  await other.waitForFunction(`${place} < 1.1`);
  // What cannot be read ends no game.
  renameSync(join(game, "page", "index.html"), join(game, "page", "away.html"));
  expect((await fetch(address)).status).toBe(500);
  renameSync(join(game, "page", "away.html"), join(game, "page", "index.html"));
  expect((await fetch(address)).status).toBe(200);
  const path = process.env.CREATE_SCREENSHOT;
  const image = await page.screenshot(path ? { path } : {});
  expect(image.length).toBeGreaterThan(5000);

  server.kill("SIGTERM");
  expect(await closed).toEqual([0, null]);
  expect(errors).toBe(webTransport ? "" : expect.stringContaining("listens on WebSocket alone"));
}, 120_000);
