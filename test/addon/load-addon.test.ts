import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Asks twice for the addon in a process that finds this file in its place. */
function findAddon(bytes: string): { status: number | null; stdout: string; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
  mkdirSync(join(folder, "build", "Release"), { recursive: true });
  writeFileSync(join(folder, "build", "Release", "valve_sockets.node"), bytes);
  const program = `
    const { addonFailure, findAddon } = await import(${JSON.stringify(join(root, "dist/addon/load-addon.js"))});
    console.log(findAddon(), findAddon(), addonFailure() instanceof Error);`;
  const env = { ...process.env, VALVE_SOCKETS_PREBUILD: folder };
  const options = { env, encoding: "utf8" } as const;
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", program], options);
  rmSync(folder, { recursive: true });
  return result;
}

test("a binary that cannot be loaded is told of once, with the reason", () => {
  const { status, stdout, stderr } = findAddon("no binary");
  expect({ status, stdout }).toEqual({ status: 0, stdout: "null null true\n" });
  expect(stderr.match(/works without its addon, which cannot be loaded: .+/g)).toHaveLength(1);
});

test.each([
  ["gso gro,gor", " gor"],
  ["gsoo", " gsoo"],
  ["batch, gro,", null],
])("VALVE_SOCKETS_WITHOUT=%s: what is unknown is told of once", (words, unknown) => {
  const program = `
    await import(${JSON.stringify(join(root, "dist/index.js"))});
    const { findAddon } = await import(${JSON.stringify(join(root, "dist/addon/load-addon.js"))});
    findAddon();`;
  const env = { ...process.env, VALVE_SOCKETS_WITHOUT: words };
  const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { env, encoding: "utf8" });
  const told = [...stderr.matchAll(/gso, gro and batch, with commas, and not:(.+)/g)].map(([, named]) => named);
  expect(told).toEqual(unknown === null ? [] : [unknown]);
});

/** What the import says in a copy of the package whose folder `prebuilds` has these files. */
function importCopy(files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
  for (const name of ["package.json", "dist"]) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const file of files) {
    mkdirSync(join(folder, "prebuilds", file, ".."), { recursive: true });
    writeFileSync(join(folder, "prebuilds", file), "");
  }
  const { stderr } = spawnSync(process.execPath, [join(folder, "dist", "index.js")], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return stderr;
}

test("a copy of the package without its binaries says that they are missing", () => {
  const advice = "prebuilds is missing or empty. If a tool has copied the package without it, copy it as well";
  expect(importCopy([])).toContain(advice);
  expect(importCopy([".DS_Store"])).toContain(advice);
  const other = importCopy([".DS_Store", "plan9-mips/valve-sockets.glibc.node", "plan9-mips/.DS_Store"]);
  expect(other).toContain("There are binaries for: plan9-mips (glibc). To build one");
});

describe.each(["esm", "cjs"] as const)("in a bundle that has the package in it (%s)", (format) => {
  /** What a program prints that is bundled into one file, somewhere else. */
  async function runBundled(code: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
    const outfile = join(folder, format === "esm" ? "program.mjs" : "program.cjs");
    const stdin = { contents: code, resolveDir: root };
    await build({ stdin, outfile, format, bundle: true, platform: "node", logLevel: "silent" });
    const { stdout, stderr } = spawnSync(process.execPath, [outfile], { cwd: folder, encoding: "utf8" });
    rmSync(folder, { recursive: true });
    return stdout + stderr;
  }

  test("UDP works without the addon", async () => {
    const output = await runBundled(`
      import { UdpSocketFactory } from "./dist/socket/udp.js";
      const factory = new UdpSocketFactory({ port: 0 });
      const socket = factory.createServerSocket();
      socket.bind(factory.getBindEndPoint()).then(() => {
        console.log(socket.boundPort > 0);
        return socket.close();
      });`);
    expect(output).toBe("true\n");
  });

  test("GNS says that the package does not belong there", async () => {
    const output = await runBundled(`import { Library } from "./dist/index.js"; Library.initialize();`);
    expect(output).toMatch(/NetworkError: .*bundled\? Mark valve-sockets as external .*, or copy its folder prebuilds/);
  });
});
