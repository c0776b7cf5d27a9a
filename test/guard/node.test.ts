import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConnectionGuard } from "../../lib/guard/index.js";
import { loadGuard, saveGuard } from "../../lib/guard/node.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "guard-"));
  path = join(folder, "guard.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the lists of a guard are those of the next process", async () => {
  const before = new ConnectionGuard();
  before.ban("192.0.2.7", Number.POSITIVE_INFINITY);
  before.allow("10.0.0.0/8");
  await saveGuard(before, path);
  before.unban("192.0.2.7");
  before.ban("192.0.2.8", 60_000);
  await saveGuard(before, path);
  expect(readdirSync(folder)).toEqual(["guard.json"]);
  const after = new ConnectionGuard();
  expect(await loadGuard(after, path)).toBe(true);
  expect([after.isBanned("192.0.2.7"), after.isBanned("192.0.2.8")]).toEqual([false, true]);
  expect(after.export().allowed).toEqual(["10.0.0.0/8"]);
});

test("a file that is not there yet is none", async () => {
  expect(await loadGuard(new ConnectionGuard(), path)).toBe(false);
});

test("lists that are saved at the same time do not mix, and one that cannot be saved leaves nothing", async () => {
  const guard = new ConnectionGuard();
  for (let at = 0; at < 20_000; at++) guard.ban(`10.1.${at >> 8}.${at & 255}`, 60_000);
  await Promise.all(Array.from({ length: 8 }, () => saveGuard(guard, path)));
  expect(readdirSync(folder)).toEqual(["guard.json"]);
  expect(await loadGuard(new ConnectionGuard(), path)).toBe(true);
  mkdirSync(join(folder, "taken", "by a folder"), { recursive: true });
  await expect(saveGuard(guard, join(folder, "taken"))).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(["guard.json", "taken"]);
});

test.each([
  ["no JSON", "{"],
  ["other JSON", "{}"],
])("%s is refused by an error that names the file", async (_, text) => {
  writeFileSync(path, text);
  await expect(loadGuard(new ConnectionGuard(), path)).rejects.toMatchObject({
    name: "RangeError",
    code: "ERR_OUT_OF_RANGE",
    message: expect.stringContaining(`${path} is no file of saveGuard`),
  });
});

test("what is no guard or no path leaves no file behind", async () => {
  const wrong = { name: "TypeError", code: "ERR_INVALID_ARG_TYPE" };
  const here = readdirSync(".");
  for (const of of [saveGuard, loadGuard]) {
    await expect(of({} as never, path)).rejects.toMatchObject(wrong);
    await expect(of(new ConnectionGuard(), undefined as never)).rejects.toMatchObject(wrong);
  }
  expect([readdirSync(folder), readdirSync(".")]).toEqual([[], here]);
});
