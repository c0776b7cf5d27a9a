import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { native } from "../../lib/addon/native.js";
import * as lib from "../../lib/index.js";
import { readGnsHeaders } from "../support/gns-headers.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/**
 * Where each function of GNS went: `native.connect`, a function of the addon that calls it; `Address.toString`, a
 * member that does the same without it; or a sentence that says why there is none.
 */
const table: Record<string, Record<string, string>> = JSON.parse(
  readFileSync(join(root, "native", "gns-functions.json"), "utf8"),
);

/** What is declared in `body` at its own level: the name before the first parenthesis of each declaration. */
function declaredNames(body: string): string[] {
  const flat = body.replace(/\{[^{}]*\}/g, ";");
  return flat.split(";").flatMap((declaration) => /([A-Za-z_]\w*)\s*\(/.exec(declaration)?.[1] ?? []);
}

/** The methods of each interface, and the C functions under `functions`. */
function readFunctions(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>([["functions", new Set()]]);
  for (const code of readGnsHeaders().values()) {
    for (const [, name, body] of code.matchAll(/^class (ISteam\w+)\s*\{([\s\S]*?)^\};/gm)) {
      const members = (body as string).replace(/^(public|protected|private):/gm, "");
      const names = declaredNames(members).filter((method) => !members.includes(`~${method}`));
      found.set(name as string, new Set(names));
    }
    for (const [, name] of code.matchAll(/^\s*STEAMNETWORKINGSOCKETS_INTERFACE\s[^;()]*?(\w+)\s*\(/gm)) {
      found.get("functions")?.add(name as string);
    }
  }
  return found;
}

const functions = readFunctions();
const count = (name: string) => functions.get(name)?.size;

/** `SteamAPI_<interface>_<method>` is the same method for C, and needs no row of its own. */
function isFlatForm(name: string): boolean {
  const [, owner = "", method = ""] = /^SteamAPI_(ISteam[A-Za-z]+)_(\w+)$/.exec(name) ?? [];
  return functions.get(owner)?.has(method) ?? false;
}

test("the headers were understood", () => {
  expect(count("ISteamNetworkingSockets")).toBe(47);
  expect(count("ISteamNetworkingMessages")).toBe(6);
  // 27 virtual ones and their shortcuts.
  expect(count("ISteamNetworkingUtils")).toBeGreaterThan(40);
  expect(count("functions")).toBeGreaterThan(120);
});

test("every function of the linked GNS is bound or has a reason, and no other is listed", () => {
  expect([...functions.keys()].sort()).toEqual(Object.keys(table).sort());
  for (const [owner, names] of functions) {
    const wanted = [...names].filter((name) => !isFlatForm(name));
    expect(Object.keys(table[owner] ?? {}).sort(), owner).toEqual(wanted.sort());
  }
});

describe.each(Object.entries(table))("%s", (owner, entries) => {
  const sources = readdirSync(join(root, "native"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => readFileSync(join(root, "native", name), "utf8"));

  test("what is bound is an export of the addon", () => {
    const bound = Object.values(entries).flatMap((entry) => /^native\.(.*)/.exec(entry)?.[1] ?? []);
    expect(bound.filter((name) => typeof native[name as keyof typeof native] !== "function")).toEqual([]);
  });

  test("what is written in TypeScript is a member of a public class", () => {
    const missing = Object.values(entries).filter((entry) => {
      const [, className, member] = /^([A-Z]\w*)\.(\w+)$/.exec(entry) ?? [];
      if (className === undefined || member === undefined) return false;
      const { prototype } = (lib as Record<string, unknown>)[className] as { prototype: object };
      return !(member in prototype);
    });
    expect(missing).toEqual([]);
  });

  test("every row is a function, a member or a sentence", () => {
    for (const [name, entry] of Object.entries(entries)) {
      expect(entry, name).toMatch(/^(native\.\w+|[A-Z]\w*\.\w+|[A-Z`].{20,}\.)$/);
    }
  });

  test.skipIf(!/^ISteamNetworking(Sockets|Utils|Messages)$/.test(owner))("the addon calls what it binds", () => {
    const bound = Object.entries(entries).flatMap(([name, entry]) => (entry.startsWith("native.") ? name : []));
    // Session callbacks are set by their configuration values, and identities have methods of their own for their text.
    const otherwise = /^SetGlobalCallback_Messages|^SteamNetworkingIdentity_/;
    const missing = bound.filter(
      (name) => !otherwise.test(name) && !sources.some((text) => text.includes(`->${name}(`)),
    );
    expect(missing).toEqual([]);
  });
});
