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
  const matches = texts.flatMap((text) => [
    ...text.matchAll(/Export(?:Alone)?<(\w+)>\(exports, environment, "(\w+)"\)/g),
  ]);
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

/** Bytes of the types that `native/layout.h` uses. */
const sizes: Record<string, number> = { int32_t: 4, uint32_t: 4, int64_t: 8, double: 8, "uint8_t[16]": 16 };

/** The tables of `native/layout.h`. Its assertions say that no structure has gaps, so each member follows the last. */
function layoutOfHeader(): Map<string, Record<string, number>> {
  const text = readFileSync(join(root, "native/layout.h"), "utf8").replaceAll(/ *\/\/.*/g, "");
  const tables = new Map<string, Record<string, number>>();
  for (const [, name = "", members = ""] of text.matchAll(/^enum class (\w+) : uint32_t \{ (.*) \};/gm)) {
    const entries = members.split(", ").map((member) => member.split(" = "));
    tables.set(name, Object.fromEntries(entries.map(([key, value]) => [key, Number(value)])));
  }
  for (const [, name = "", body = ""] of text.matchAll(/^struct (\w+) \{\n(.*?)^\};/gms)) {
    const table: Record<string, number> = {};
    let offset = 0;
    for (const [, type, names = "", array = ""] of body.matchAll(/^ {2}(\w+) ([\w, ]+)(\[16\])?;/gm)) {
      for (const member of names.split(", ")) {
        table[member.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())] = offset;
        offset += sizes[`${type}${array}`] as number;
      }
    }
    expect(text).toContain(`static_assert(sizeof(${name}) == ${offset});`);
    tables.set(name, { ...table, end: offset });
  }
  return tables;
}

/** A table of byte offsets, without what only C++ needs. */
function offsetsOf({ end, reserved, ...offsets }: Record<string, number>): Record<string, number> {
  return { ...offsets, payload: end as number };
}

/** A table of positions in an array of doubles. */
function indicesOf({ end, ...offsets }: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries({ ...offsets, size: end as number }).map(([name, at]) => [name, at / 8]));
}

test("C++ and JavaScript have the same positions in the memory that they share", () => {
  const header = layoutOfHeader();
  const of = (name: string) => header.get(name) as Record<string, number>;
  // An enum has its names under its numbers too.
  const numbers = (table: object) => Object.entries(table).filter(([, value]) => typeof value === "number");
  const tables = Object.entries(layout).map(([name, table]) => [name, Object.fromEntries(numbers(table))]);
  expect(Object.fromEntries(tables)).toEqual({
    ReceiveSource: of("ReceiveSource"),
    NativeDriver: of("NativeDriver"),
    IDENTITY: offsetsOf(of("IdentityHead")),
    RECORD: offsetsOf(of("ReceivedRecord")),
    SEND_RECORD: offsetsOf(of("OutgoingRecord")),
    UDP_SLOT: offsetsOf(of("UdpSlot")),
    STATUS: indicesOf(of("StatusFigures")),
    LANE_STATUS: indicesOf(of("LaneFigures")),
  });
});
