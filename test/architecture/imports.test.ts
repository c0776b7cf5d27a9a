import { describe, expect, test } from "vitest";
import { layerOf, layers, rankOf, readSources, resolve, upwardImports } from "../../scripts/layers.mjs";

/** Files with `node:` imports, and files that import those; browsers load none of them. */
const nodeOnlyOf = {
  noise: "(node|native)-",
  socket:
    "((gns|udp|tls)[/.]|websocket(/websocket)?-server|browser(/browser)?-server|" +
    "webtransport(/node/|-server)|building/bind-host)",
  message: "default-udp",
  guard: "(node|kernel|nftables)",
  xcs: "(index|node/)",
  rooms: "(fleet/|member/|room-host\\.ts|index\\.ts|(agones|drain-on-signal|end-with-parent|health|supervisor)\\.ts)",
  comms: "((node|wav|node-seal)\\.ts|sockets)",
};
const nodeOnly = new RegExp(
  `^(addon/|valve/|cli/|inspector/|recording/|signaling/|${Object.entries(nodeOnlyOf)
    .map((entry) => entry.join("/"))
    .join("|")})`,
);

const sources = readSources();
const named = (name: string) => sources.find((source) => source.name === name);

describe("imports point down only", () => {
  test.each(sources)("$name", (source) => {
    expect(upwardImports(source)).toEqual([]);
  });
});

test("an import in the wrong direction is found", () => {
  const turned = sources.flatMap(({ name, imports }) =>
    imports
      .filter((imported) => layerOf(imported) !== "" && layerOf(name) !== "")
      .filter((imported) => layerOf(imported) !== layerOf(name) || rankOf(imported) !== rankOf(name))
      .map((imported) => ({ name: imported, imports: [name] })),
  );
  expect(turned.length).toBeGreaterThan(100);
  expect(turned.filter((source) => upwardImports(source).length === 0)).toEqual([]);
});

test("the table of layers lists every folder, and every file that it lists exists", () => {
  const inFolders = sources.filter(({ name }) => layerOf(name) !== "");
  const isPlaced = (name: string) => layers[layerOf(name)] !== undefined && !Number.isNaN(rankOf(name));
  expect(inFolders.filter(({ name }) => !isPlaced(name)).map(({ name }) => name)).toEqual([]);
  const bases = Object.entries(layers).flatMap(([layer, { base }]) => base.map((name) => `${layer}/${name}.ts`));
  expect(bases.filter((name) => !named(name))).toEqual([]);
});

test("imports make no cycle, except imports of types", () => {
  const edges = new Map(
    sources.map(({ name, text, imports }) => {
      const types = [...text.matchAll(/^(?:import|export) type [^;]*?from "([^"]+)";/gm)];
      const typesOnly = types.map((match) => resolve(name, match[1] as string));
      return [name, imports.filter((imported) => !typesOnly.includes(imported))] as const;
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
  const browserSafe = sources.filter(({ name }) => layerOf(name) !== "" && !nodeOnly.test(name));
  test.each(browserSafe)("$name", ({ text, imports, packages }) => {
    expect(packages.filter((name) => name.startsWith("node:"))).toEqual([]);
    expect(imports.filter((imported) => nodeOnly.test(imported))).toEqual([]);
    expect(text).not.toMatch(/\b(Buffer(\.\w|\()|process\.\w)/);
  });
});

test("only the clock uses timers", () => {
  // Clocks define such functions, and the validity of certificates depends on the date.
  const clocks = ["clock.ts", "testing/fake-clock.ts", "recording/replay-clock.ts"];
  const exempt = [...clocks, "valve/certificates/certificates.ts"];
  const timers = /(?<![.\w])(setTimeout|setInterval|setImmediate|Date\.now|performance\.now)\(|globalThis\.set/;
  const found = sources.filter(({ name, text }) => !exempt.includes(name) && timers.test(text));
  expect(found.map(({ name }) => name)).toEqual([]);
});

test("every import leads to a file", () => {
  const missing = sources.flatMap(({ name, imports }) =>
    imports.filter((imported) => !named(imported)).map((imported) => `${name}: ${imported}`),
  );
  expect(missing).toEqual([]);
});

test("the packages of NATS are optional: one file loads them, when they are needed", () => {
  const loading = sources.filter(({ text }) => /@nats-io/.test(text.replace(/^import type [^;]*;/gm, "")));
  const code = loading.filter(({ name }) => !["error-codes.ts", "rooms/engine/nats-engine.ts"].includes(name));
  expect(code.map(({ name }) => name)).toEqual(["rooms/engine/nats-packages.ts"]);
  expect(named("rooms/engine/nats-packages.ts")?.text).not.toMatch(/^import [^(]*@nats-io/m);
  expect(named("rooms/engine/nats-engine.ts")?.packages).toEqual(["@nats-io/transport-node"]); // types
});
