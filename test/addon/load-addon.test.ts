import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

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
