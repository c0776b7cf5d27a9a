// What can be checked about a binary without running it.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkBinary, readBinary } from "../../scripts/check-binary.mjs";
import { binaryOf, platformNamed, platforms } from "../../scripts/platforms.mjs";
import { signatureHolds } from "../../scripts/sign-macho.mjs";
import { pack, temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { debianFiles, nodeFromWheel } from "./downloads.js";

describe("all binaries' symbols, versions and libraries, checked, not run", () => {
  test.each(platforms.map((one) => [one.name, one] as const))("%s", async (_name, platform) => {
    expect((await checkBinary(binaryOf(platform), platform)).problems).toEqual([]);
  });
});

test("the package with all of them, checked, not run", () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const { tarball, files } = pack(folder);
  expect(files).toEqual(expect.arrayContaining(platforms.map((one) => relative(root, binaryOf(one)))));
  expect(statSync(tarball).size).toBeLessThan(15_000_000);
});

describe.each([
  ["linux-x64-musl", "oldMuslX64", "x86_64"],
  ["linux-arm64-musl", "oldMuslArm64", "aarch64"],
] as const)("%s on musl 1.2.3, checked, not run", (name, debian, processor) => {
  test("musl or Node has every function that it asks for", async () => {
    const libc = join(await debianFiles(debian), "lib", `ld-musl-${processor}.so.1`);
    const known = new Set((await readBinary(libc, "linux")).exports);
    const { imports } = await readBinary(binaryOf(platformNamed(name)), "linux");
    const wanted = imports.filter(({ name, isOptional }) => !isOptional && !name.startsWith("napi_"));
    expect(wanted.filter((one) => !known.has(one.name))).toEqual([]);
  });
});

describe.each([
  ["darwin-x64", "macosx_13_0_x86_64"],
  ["darwin-arm64", "macosx_13_0_arm64"],
])("%s, checked, not run", (name, wheel) => {
  const binary = binaryOf(platformNamed(name));
  const read = (path: string) => readBinary(path, "darwin");

  test("a changed byte breaks the code signature", () => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const content = readFileSync(binary);
    content.writeUInt8(content.readUInt8(100_000) ^ 1, 100_000);
    writeFileSync(join(folder, "changed.node"), content);
    expect(signatureHolds(join(folder, "changed.node"))).toBe(false);
    expect(signatureHolds(binary)).toBe(true);
  });

  test("Node for macOS has every function that it leaves to Node", async () => {
    const node = new Set((await read(await nodeFromWheel(wheel))).exports);
    const { imports } = await read(binary);
    const wanted = imports.filter(({ library }) => library === null).map((one) => one.name);
    expect(wanted.length).toBeGreaterThan(50);
    expect(wanted.filter((one) => !node.has(one))).toEqual([]);
  });

  test("no symbol of Node can replace one of its own", async () => {
    const { weak } = await read(await nodeFromWheel(wheel));
    expect(weak.length).toBeGreaterThan(1000);
    expect((await read(binary)).exports.filter((one) => weak.includes(one))).toEqual([]);
  });
});
