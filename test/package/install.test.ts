import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bareEnvironment, ensurePrebuilt, install, pack, temporaryFolder } from "../support/packed.js";
import { type Runtime, root, runtimes } from "../support/runtimes.js";

const exchange = join(root, "test", "package", "exchange.cjs");
const temporary = temporaryFolder();
let packed: { tarball: string; files: string[] };

beforeAll(() => {
  ensurePrebuilt();
  packed = pack(temporary.folder);
}, 900_000);
afterAll(temporary.remove);

function runNode({ node }: Runtime, folder: string, file: string, source: string) {
  writeFileSync(join(folder, file), source);
  const env = bareEnvironment(folder, node);
  return JSON.parse(execFileSync(node, [file], { cwd: folder, env, encoding: "utf8", timeout: 30_000 }));
}

/** The folders that a file is in, from the innermost. */
function foldersOf(file: string): string[] {
  const folder = posix.dirname(file);
  return folder === "." ? [] : [folder, ...foldersOf(folder)];
}

/** What a document links, as paths from the root of the project. */
function linksOf(file: string): string[] {
  return [...readFileSync(join(root, file), "utf8").matchAll(/\]\(([^)#]+)[^)]*\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^\w+:/.test(target))
    .map((target) => posix.normalize(posix.join(posix.dirname(file), target)));
}

test("the package holds what it should and nothing else", () => {
  const folders = /^(dist|docs|examples|native|scripts|deps|prebuilds)\//;
  const documents = ["README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
  const allowed = ["package.json", "CMakeLists.txt", "THIRD_PARTY_NOTICES.md", "sbom.cdx.json", ...documents];
  expect(packed.files.filter((file) => !folders.test(file) && !allowed.includes(file))).toEqual([]);
  expect(
    packed.files.filter((file) => /\.(o|a|log|tsbuildinfo)$|(^|\/)(target|build|node_modules)\//.test(file)),
  ).toEqual([]);
  for (const file of [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/cli/main.js",
    "prebuilds/linux-x64/valve-sockets.glibc.node",
    "CMakeLists.txt",
    "native/addon/bindings/addon.cc",
    "deps/Cargo.lock",
    "LICENSE",
    "THIRD_PARTY_NOTICES.md",
    "sbom.cdx.json",
  ]) {
    expect(packed.files).toContain(file);
  }
  const { scripts, gypfile } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(gypfile).toBe(false);
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
});

describe("the documents and examples that the package holds", () => {
  test("every link leads to something in the package", () => {
    const paths = new Set(packed.files.flatMap((file) => [file, ...foldersOf(file)]));
    const links = packed.files
      .filter((file) => file.endsWith(".md"))
      .flatMap((file) => linksOf(file).map((target) => ({ file, target })));
    expect(links.length).toBeGreaterThan(30);
    expect(links.filter(({ target }) => !paths.has(target))).toEqual([]);
  });

  test("an example runs where the package is installed", () => {
    const place = temporaryFolder();
    onTestFinished(place.remove);
    const [runtime] = runtimes() as [Runtime];
    const installed = install(packed.tarball, place.folder, runtime);
    const example = join(installed, "examples", "ping-pong", "main.mjs");
    const options = { env: bareEnvironment(place.folder, runtime.node), encoding: "utf8", timeout: 30_000 } as const;
    expect(execFileSync(runtime.node, [example, "gns"], options)).toMatch(/^ +gns +32 B +300 /m);
  });
});

describe.each(runtimes())("$name, without a compiler on PATH", (runtime) => {
  const place = temporaryFolder();
  let installed: string;
  beforeAll(() => {
    installed = install(packed.tarball, place.folder, runtime);
    cpSync(exchange, join(place.folder, "exchange.cjs"));
  }, 120_000);
  afterAll(place.remove);

  test.each([
    [
      "import",
      "import.mjs",
      'import * as api from "valve-sockets";\nimport { report } from "./exchange.cjs";\nawait report(api);\n',
    ],
    ["require", "require.cjs", 'require("./exchange.cjs").report(require("valve-sockets"));\n'],
  ])("a server and a client talk, by %s", (_name, file, source) => {
    const result = runNode(runtime, place.folder, file, source);
    expect(result.answers).toBe(100);
    expect(result.addons).toEqual([join(installed, "prebuilds", "linux-x64", "valve-sockets.glibc.node")]);
    expect(result.foreign).toEqual([]);
  });

  test("the command valve-sockets runs", () => {
    const command = join(place.folder, "node_modules", ".bin", "valve-sockets");
    const options = { env: bareEnvironment(place.folder, runtime.node), encoding: "utf8", timeout: 30_000 } as const;
    const input = "open 80 TCP\nwrite 80 data\nread 80\nclose 80\n";
    expect(execFileSync(command, ["xcs"], { ...options, input })).toBe('ok\nok\n"data"\nok\n');
  });

  test("two versions of the package in one process do not disturb each other", () => {
    const second = join(place.folder, "node_modules", "dependent", "node_modules", "valve-sockets");
    cpSync(installed, second, { recursive: true });
    const description = JSON.parse(readFileSync(join(second, "package.json"), "utf8"));
    writeFileSync(join(second, "package.json"), JSON.stringify({ ...description, version: "0.0.9" }));
    const source = `
      const { open, exchange, close, mapped } = require("./exchange.cjs");
      (async () => {
        const first = await open(require("valve-sockets"));
        const second = await open(require(${JSON.stringify(second)}));
        const answers = [await exchange(first), await exchange(second)];
        close(first);
        answers.push(await exchange(second));
        const again = await open(first.api);
        close(second);
        answers.push(await exchange(again));
        close(again);
        console.log(JSON.stringify({ answers, addons: mapped(/\\.node$/).length, same: first.api === second.api }));
      })();`;
    expect(runNode(runtime, place.folder, "two.cjs", source)).toEqual({
      answers: [100, 100, 100, 100],
      addons: 2,
      same: false,
    });
  });

  test("a process without glibc gets the musl binary, on any distribution", () => {
    const folder = join(installed, "prebuilds", "linux-x64");
    const musl = join(folder, "valve-sockets.musl.node");
    cpSync(join(folder, "valve-sockets.glibc.node"), musl); // the same binary under this name, so that it runs here
    const source = `
      process.report.getReport = () => ({ header: {} });
      require("./exchange.cjs").report(require("valve-sockets"));
      if ("LIBC" in process.env) throw new Error("the environment is changed");`;
    expect(runNode(runtime, place.folder, "musl.cjs", source).addons).toEqual([musl]);
    rmSync(musl);
  });

  test("without a binary for the platform, an error says what to do", () => {
    const folder = join(installed, "prebuilds");
    for (const other of readdirSync(folder))
      if (other !== "linux-x64") rmSync(join(folder, other), { recursive: true });
    renameSync(join(folder, "linux-x64"), join(folder, "plan9-mips"));
    const env = bareEnvironment(place.folder, runtime.node);
    const result = spawnSync(runtime.node, ["-e", 'require("valve-sockets")'], {
      cwd: place.folder,
      env,
      encoding: "utf8",
    });
    rmSync(folder, { recursive: true });
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain("ERR_NO_BINARY");
    expect(result.stderr).toContain("valve-sockets has no binary for linux-x64 (glibc)");
    expect(result.stderr).toContain("plan9-mips (glibc)");
    expect(result.stderr).toContain(`\n  node "${join(installed, "scripts", "system-packages.mjs")}"\n`);
    expect(result.stderr).toContain(`\n  node "${join(installed, "scripts", "build.mjs")}" --addon-only\n`);
  });
});
