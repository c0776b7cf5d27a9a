// The stack protector of the shipped binaries (deps/toolchain/stack_protector.cc): it notices an overflow and says so,
// and its canary differs from process to process.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hardeningFlags } from "../../scripts/hardening.mjs";
import { platformNamed } from "../../scripts/platforms.mjs";
import { compilerEnvironment, installToolchain } from "../../scripts/toolchain.mjs";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { runtimes } from "./runtimes.js";

// Without the C++ library, which zig would compile again for these flags.
const flags = ["-O2", "-fno-sanitize=all", "-fno-exceptions", "-fno-rtti", "-nostdlib++"];
const sources = [join(root, "test/platforms/overflow.cc"), join(root, "deps/toolchain/stack_protector.cc")];

test.each(["linux-x64-musl", "win32-x64"])(
  "%s: an overflow on the stack ends the process with a word",
  async (name) => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const platform = platformNamed(name);
    const { zig } = await installToolchain();
    const program = join(folder, "overflow.exe");
    const target = ["-target", platform.build.zigTarget, ...hardeningFlags(platform)];
    execFileSync(zig, ["c++", ...target, ...flags, ...sources, "-o", program], { env: compilerEnvironment(folder) });

    const windows = runtimes.find((runtime) => runtime.platform === "win32-x64");
    const [wine = ""] = platform.os === "win32" ? ((await windows?.command()) ?? []) : [];
    const env = { ...process.env, ...(wine && windows?.env) };
    const write = (bytes: number) => {
      const [command = "", ...args] = [wine, program, `${bytes}`].filter((part) => part !== "");
      const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8" });
      return { status, canary: stdout.trim(), stderr };
    };
    const [good, bad] = [write(16), write(64)];
    expect(good).toMatchObject({ status: 0, stderr: "" });
    expect(bad.status).not.toBe(0);
    expect(bad.stderr.trim()).toBe("valve-sockets: a buffer on the stack has overflowed");
    expect(good.canary).toMatch(/^[0-9a-f]{8,14}00$/);
    expect(bad.canary).not.toBe(good.canary);
  },
);
