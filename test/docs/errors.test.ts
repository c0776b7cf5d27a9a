import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DisconnectCode } from "../../lib/socket/index.js";
import { errorGroups, errorsPage } from "../../scripts/errors.mjs";
import { root } from "../support/runtimes.js";

/** The codes that stand as strings in the files of a folder. */
function codesIn(folder: string, pattern: RegExp): Set<string> {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
    pattern.test(name),
  );
  const texts = files.map((name) => readFileSync(join(root, folder, name), "utf8"));
  return new Set(
    texts.flatMap((text) => Array.from(text.matchAll(/["'`](ERR_[A-Z_]+)["'`]/g), (match) => match[1] ?? "")),
  );
}

const listed = errorGroups().flatMap(({ codes }) => codes.map(({ code }) => code));

test("docs/errors.md lists the codes", () => {
  const page = readFileSync(join(root, "docs", "errors.md"), "utf8");
  expect(page, "the codes have changed: node scripts/errors.mjs").toBe(errorsPage());
});

test("every code that the library gives is in the list, and every code in the list is given", () => {
  const given = new Set([...codesIn("lib", /(?<!error-codes)\.ts$/), ...codesIn("native", /\.(cc|h)$/)]);
  const ofReasons = Object.values(DisconnectCode)
    .filter((name) => typeof name === "string")
    .map((name) => `ERR${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`);
  expect([...given].filter((code) => !listed.includes(code))).toEqual([]);
  expect(listed.filter((code) => !given.has(code) && !ofReasons.includes(code))).toEqual([]);
  expect(ofReasons.filter((code) => !listed.includes(code))).toEqual([]);
});

test("a test expects each code", () => {
  const expected = new Set([
    ...codesIn("test", /((?<!docs\/errors)\.test|\/conformance\/\w+)\.ts$/),
    ...codesIn("lib/testing", /\.ts$/),
  ]);
  expect(listed.filter((code) => !expected.has(code))).toEqual([]);
});
