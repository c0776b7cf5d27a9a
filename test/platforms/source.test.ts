// Where no binary fits, the installed package builds the addon from what it holds, by the two commands that its error
// names.
import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { cache } from "../../scripts/paths.mjs";
import { bareEnvironment, ensurePrebuilt, install, pack, temporaryFolder } from "../support/packed.js";
import { type Runtime, root, runtimes } from "../support/runtimes.js";

test("the installed package builds its addon", { timeout: 900_000 }, () => {
  ensurePrebuilt();
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const [runtime] = runtimes() as [Runtime];
  const installed = install(pack(folder).tarball, folder, runtime);
  rmSync(join(installed, "prebuilds"), { recursive: true });

  // A cache of its own, but for GNS, which takes minutes.
  const caches = { VALVE_SOCKETS_CACHE: join(folder, "cache"), CARGO_TARGET_DIR: join(cache, "cargo") };
  const env = { ...bareEnvironment(folder, runtime.node), PATH: process.env.PATH, ...caches };
  const options: ExecFileSyncOptions = { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] };
  execFileSync(runtime.node, [join(installed, "scripts", "system-packages.mjs")], options);
  execFileSync(runtime.node, [join(installed, "scripts", "build.mjs"), "--addon-only"], options);

  cpSync(join(root, "test", "package", "exchange.cjs"), join(folder, "exchange.cjs"));
  const report = ["--eval", 'require("./exchange.cjs").report(require("valve-sockets"));'];
  const output = execFileSync(runtime.node, report, { ...options, stdio: "pipe", encoding: "utf8" });
  const { answers, addons } = JSON.parse(output);
  expect(answers).toBe(100);
  expect(addons).toEqual([join(installed, "build", "Release", "valve_sockets.node")]);
});
