import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import * as api from "../../lib/index.js";
import { rows, valveApiPage } from "../../scripts/valve-api.mjs";

const root = join(import.meta.dirname, "../..");

/** The names of the tests in each file, as vitest lists them. */
function listTests(): Map<string, string[]> {
  const folder = mkdtempSync(join(tmpdir(), "valve-sockets-"));
  const list = join(folder, "tests.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  execFileSync(process.execPath, [vitest, "list", "test/valve", `--json=${list}`], { cwd: root, stdio: "ignore" });
  const tests = new Map<string, string[]>();
  for (const { file, name } of JSON.parse(readFileSync(list, "utf8")) as { file: string; name: string }[]) {
    const path = relative(root, file);
    tests.set(path, [...(tests.get(path) ?? []), name]);
  }
  rmSync(folder, { recursive: true });
  return tests;
}

test("every item has a row, and every row a test that runs", () => {
  // The README has 129 items in backticks at the start of a line; `Result.LimitExceeded` is in its code only.
  expect(new Set(rows.map(({ item }) => item)).size).toBe(130);
  const tests = listTests();
  const missing = rows.filter(({ file, test }) => !tests.get(file)?.some((name) => name.includes(test)));
  expect(missing).toEqual([]);
}, 300_000);

test("every item exists", () => {
  // Types do not exist at run time; the compiler checks their uses.
  const isType = (ours: string) => ["StatusCallback", "DebugCallback"].includes(ours);
  const missing = rows.filter(({ ours }) => {
    if (isType(ours)) return false;
    const [owner = "", member = ""] = ours.split(".");
    const holder = (api as Record<string, unknown>)[owner] as object | undefined;
    if (holder === undefined) return true;
    if (member in holder) return false;
    if (typeof holder !== "function") return true;
    // A method is on the prototype, a field on an instance. Classes that need arguments have only methods here.
    if (member in holder.prototype) return false;
    return !(member in (Reflect.construct(holder, []) as object));
  });
  expect(missing).toEqual([]);
});

test("the page is made from the data", () => {
  expect(readFileSync(join(root, "docs", "valve-api.md"), "utf8")).toBe(valveApiPage());
});
