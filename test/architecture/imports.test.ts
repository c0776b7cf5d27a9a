import { readdirSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const lib = fileURLToPath(new URL("../../lib/", import.meta.url));

/** Which folders a folder may import, beside itself and the files of `lib` itself. */
const below: Record<string, string[]> = {
  valve: [],
  serialization: [],
  noise: ["valve"],
  socket: ["valve"],
  peer: ["socket", "noise"],
  message: ["peer", "socket", "serialization"],
  testing: ["socket", "peer", "message", "serialization"],
};

/** Files with `node:` imports, or imports of such files, in folders that browsers load. */
const nodeOnly = /^(valve\/|noise\/(node|native)-|socket\/(gns|udp|websocket-server)|message\/default-udp)/;

const sources = readdirSync(lib, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => {
    const text = readFileSync(lib + name, "utf8");
    const specifiers = [...text.matchAll(/(?:\bfrom|\bimport\()\s*"([^"]+)"/g)].map((match) => match[1] as string);
    const imports = specifiers
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => posix.normalize(posix.join(dirname(name), specifier)).replace(/\.js$/, ".ts"));
    return { name, text, imports, packages: specifiers.filter((specifier) => !specifier.startsWith(".")) };
  });

const folder = (name: string) => (name.includes("/") ? (name.split("/")[0] as string) : "");

describe("imports point down only", () => {
  it.each(sources.filter(({ name }) => folder(name) !== ""))("$name", ({ name, imports }) => {
    const allowed = ["", folder(name), ...(below[folder(name)] ?? [])];
    expect(imports.filter((imported) => !allowed.includes(folder(imported)))).toEqual([]);
  });
});

it("every folder has its place among the layers", () => {
  expect([...new Set(sources.map(({ name }) => folder(name)))].filter((name) => name && !below[name])).toEqual([]);
});

it("imports make no cycle, except of types", () => {
  const edges = new Map(
    sources.map(({ name, text, imports }) => {
      const typesOnly = [...text.matchAll(/^(?:import|export) type [^;]*?from "([^"]+)";/gm)].map((match) => match[1]);
      const values = imports.filter(
        (imported) =>
          !typesOnly.some(
            (specifier) =>
              posix.normalize(posix.join(dirname(name), specifier as string)).replace(/\.js$/, ".ts") === imported,
          ),
      );
      return [name, values] as const;
    }),
  );
  const done = new Set<string>();
  const visit = (name: string, path: string[]): void => {
    expect(path, `cycle at ${name}`).not.toContain(name);
    if (done.has(name)) return;
    for (const next of edges.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of edges.keys()) visit(name, []);
});

describe("browsers can load", () => {
  const browserSafe = sources.filter(({ name }) => folder(name) !== "" && !nodeOnly.test(name));
  it.each(browserSafe)("$name", ({ text, imports, packages }) => {
    expect(packages.filter((name) => name.startsWith("node:"))).toEqual([]);
    expect(imports.filter((imported) => nodeOnly.test(imported))).toEqual([]);
    expect(text).not.toMatch(/\b(Buffer|process)(\.\w|\()/);
  });
});

it("only the clock touches timers", () => {
  // A fake clock defines them, and certificates are valid by the calendar.
  const exempt = ["clock.ts", "testing/fake-clock.ts", "valve/certificates.ts"];
  const timers = /(?<![.\w])(setTimeout|setInterval|setImmediate|Date\.now|performance\.now)\(|globalThis\.set/;
  const found = sources.filter(({ name, text }) => !exempt.includes(name) && timers.test(text));
  expect(found.map(({ name }) => name)).toEqual([]);
});

it("every import leads to a file", () => {
  const names = new Set(sources.map(({ name }) => name));
  const missing = sources.flatMap(({ name, imports }) =>
    imports.filter((imported) => !names.has(imported)).map((imported) => `${name}: ${imported}`),
  );
  expect(missing).toEqual([]);
});
