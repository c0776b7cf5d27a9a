import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import * as layout from "../../lib/addon/layout.js";
import { native } from "../../lib/addon/native.js";

const root = join(import.meta.dirname, "../..");

/** The members that the interface `NativeAddon` declares. */
function declaredNames(): string[] {
  const path = join(root, "lib/addon/native.ts");
  const { statements } = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const found = statements.filter(ts.isInterfaceDeclaration).find(({ name }) => name.text === "NativeAddon");
  return found?.members.map(({ name }) => (name as ts.Identifier).text) ?? [];
}

/** `[C++ name, JavaScript name]` of each export in native/addon/bindings. */
function exportedPairs(): [string, string][] {
  const folder = join(root, "native/addon/bindings");
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const matches = texts.flatMap((text) => [...text.matchAll(/Export<(\w+)>\(exports, environment, "(\w+)"\)/g)]);
  return matches.map(([, binding = "", name = ""]) => [binding, name]);
}

test("the addon exports what native.ts declares, and nothing else", () => {
  expect(declaredNames().length).toBeGreaterThan(70);
  expect(Object.keys(native).sort()).toEqual(declaredNames().sort());
});

test("a binding bears the name that JavaScript sees", () => {
  const pairs = exportedPairs();
  expect(pairs.map(([, name]) => name).sort()).toEqual(Object.keys(native).sort());
  expect(pairs.filter(([binding, name]) => binding !== `${name.charAt(0).toUpperCase()}${name.slice(1)}`)).toEqual([]);
});

test("C++ and JavaScript have the same positions in the memory that they share", () => {
  // An enum has its names under its numbers too.
  const numbers = (table: object) => Object.entries(table).filter(([, value]) => typeof value === "number");
  const tables = Object.entries(layout).map(([name, table]) => [name, Object.fromEntries(numbers(table))]);
  expect(native.getLayout()).toEqual(Object.fromEntries(tables));
});
