// What can be checked about a binary without running it.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkBinary, readBinary } from "../../scripts/check-binary.mjs";
import { addons, binaryOf, platformNamed, platforms } from "../../scripts/platforms.mjs";
import { signatureHolds } from "../../scripts/sign-macho.mjs";
import { pack, temporaryFolder } from "../support/packed.js";
import { debianFiles, nodeFromWheel } from "./downloads.js";

const { main, webTransport } = addons;

describe.each([main, webTransport])(
  "all binaries of $name: symbols, versions, libraries, checked, not run",
  (addon) => {
    test.each(platforms.map((one) => [one.name, one] as const))("%s", async (_name, platform) => {
      expect((await checkBinary(binaryOf(platform, addon), { ...platform, addon: addon.name })).problems).toEqual([]);
    });
  },
);

test.each([
  [main, 15_000_000],
  [webTransport, 9_000_000],
])("the package $name with all of them, checked, not run", (addon, limit) => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const { tarball, files } = pack(folder, addon.folder);
  expect(files).toEqual(expect.arrayContaining(platforms.map((one) => relative(addon.folder, binaryOf(one, addon)))));
  expect(statSync(tarball).size).toBeLessThan(limit);
});

test.each(platforms)("the binary of WebTransport for $name is small, checked, not run", ({ os, ...platform }) => {
  const content = readFileSync(binaryOf({ os, ...platform }, webTransport));
  const [size, packed] = os === "darwin" ? [3_300_000, 1_500_000] : [2_200_000, 1_100_000];
  expect(content.length).toBeLessThan(size);
  expect(gzipSync(content, { level: 9 }).length).toBeLessThan(packed);
});

describe.each([
  ["linux-x64-musl", "oldMuslX64", "x86_64"],
  ["linux-arm64-musl", "oldMuslArm64", "aarch64"],
] as const)("%s on musl 1.2.3, checked, not run", (name, debian, processor) => {
  test.each([main, webTransport])("musl or Node has every function that $name asks for", async (addon) => {
    const libc = join(await debianFiles(debian), "lib", `ld-musl-${processor}.so.1`);
    const known = new Set((await readBinary(libc, "linux")).exports);
    const { imports } = await readBinary(binaryOf(platformNamed(name), addon), "linux");
    const wanted = imports.filter(({ name, isOptional }) => !isOptional && !name.startsWith("napi_"));
    expect(wanted.filter((one) => !known.has(one.name))).toEqual([]);
  });
});

const macos = [
  { name: "darwin-x64", wheel: "macosx_13_0_x86_64" },
  { name: "darwin-arm64", wheel: "macosx_13_0_arm64" },
].flatMap((platform) => [main, webTransport].map((addon) => ({ ...platform, addon })));

describe.each(macos)("$name of $addon.name, checked, not run", ({ name, wheel, addon }) => {
  const binary = binaryOf(platformNamed(name), addon);
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
    expect(wanted.length).toBeGreaterThan(40);
    expect(wanted.filter((one) => !node.has(one))).toEqual([]);
  });

  test("no symbol of Node can replace one of its own", async () => {
    const { weak } = await read(await nodeFromWheel(wheel));
    expect(weak.length).toBeGreaterThan(1000);
    expect((await read(binary)).exports.filter((one) => weak.includes(one))).toEqual([]);
  });
});
