import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { checkBinary, isNewer } from "../../scripts/check-binary.mjs";
import { hardeningMarks } from "../../scripts/hardening.mjs";
import { platformNamed } from "../../scripts/platforms.mjs";
import { ensurePrebuilt, prebuilt, temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";

const development = join(root, "build", "Release", "valve_sockets.node");

beforeAll(ensurePrebuilt, 900_000);

test("the development build keeps OpenSSL and protobuf to itself", async () => {
  const { binary, problems } = await checkBinary(development);
  expect(problems).toEqual([]);
  expect(binary.needed).toContain("libc.so.6");
});

test("the shipped binary needs an old glibc and nothing else", async () => {
  const { binary, problems } = await checkBinary(prebuilt, platformNamed("linux-x64"));
  expect(problems).toEqual([]);
  expect(binary.exports).toEqual(["napi_register_module_v1", "node_api_module_get_api_version_v1"]);
});

describe("the check itself", () => {
  const libssl = "/usr/lib/x86_64-linux-gnu/libssl.so.3";

  test.runIf(existsSync(libssl))("finds foreign exports, open OpenSSL names, a new glibc and libraries", async () => {
    const limits = { newestGlibc: "2.2.5", needed: ["libc.so.6"] };
    const { problems } = await checkBinary(libssl, { limits, marks: [] });
    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      "exports more than the two Node-API symbols",
      expect.stringContaining("does not export napi_register_module_v1"),
      "would take these from Node",
      expect.stringContaining("needs glibc"),
      "needs these libraries",
    ]);
  });

  test("finds that a library has no defences against memory errors", async () => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const source = join(folder, "bare.c");
    writeFileSync(source, "void copy(char *to, const char *from, int size) { while (size--) *to++ = *from++; }\n");
    const none = ["-fno-stack-protector", "-fcf-protection=none", "-Wl,-z,norelro,-z,lazy,-z,execstack"];
    execFileSync("gcc", ["-shared", "-fPIC", ...none, source, "-o", join(folder, "bare.so")]);
    const { binary, problems } = await checkBinary(join(folder, "bare.so"));
    expect(binary.marks).toEqual([]);
    expect(problems).toContain(`lacks these defences: ${hardeningMarks({ os: "linux" }).join(", ")}`);
  });

  test("ends with an error as a program", () => {
    const script = join(root, "scripts", "check-binary.mjs");
    const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    expect(run(prebuilt, "linux-x64").status).toBe(0);
    const result = run(prebuilt, "linux-x64-musl");
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("needs these libraries: libm.so.6");
    expect(run(script).stderr).toContain("is not a 64-bit little-endian ELF file");
  });

  test("orders glibc versions by number", () => {
    expect(isNewer("2.28", "2.4")).toBe(true);
    expect(isNewer("2.2.5", "2.3")).toBe(false);
    expect(isNewer("2.28", "2.28")).toBe(false);
  });
});
