// GNS's wake-ups on Windows (native/core/wakes.cc): the linker gives its archive our function in place of SetEvent.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { platformNamed } from "../../scripts/platforms.mjs";
import { compilerEnvironment, installToolchain } from "../../scripts/toolchain.mjs";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { runtimes } from "./runtimes.js";

const flags = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-sanitize=all", "-fno-exceptions"];
const sources = { program: "test/platforms/held-wakes.cc", wakes: "native/core/wakes.cc" };

test("win32-x64: a wake-up is held back until the call ends, and other events are not", async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const { zig } = await installToolchain();
  const compile = (...args: string[]) => {
    const target = ["c++", "-target", platformNamed("win32-x64").build.zigTarget];
    execFileSync(zig, [...target, ...args], { env: compilerEnvironment(folder), cwd: folder });
  };
  const include = ["-fno-threadsafe-statics", "-I", join(root, "native")];
  const objects = Object.entries(sources).map(([name, source]) => {
    compile(...flags, ...include, "-c", join(root, source), "-o", `${name}.o`);
    return `${name}.o`;
  });
  // Without the C++ library, of which only headers are used and which zig would compile first.
  const program = join(folder, "held-wakes.exe");
  compile("-nostdlib++", ...objects, "-o", program);

  const wine = runtimes.find((runtime) => runtime.platform === "win32-x64");
  const [command = ""] = (await wine?.command()) ?? [];
  const output = execFileSync(command, [program], { env: { ...process.env, ...wine?.env }, encoding: "utf8" });
  expect(output.split(/\r?\n/)).toEqual([
    "learned 1",
    "held 0, other 1",
    "on purpose 1",
    "afterwards 1, again 0",
    "free 1",
    "",
  ]);
});
