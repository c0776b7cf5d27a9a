// What becomes of a server that a bundler has put into one file. docs/install.md has the results as a table.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build as buildWithEsbuild } from "esbuild";
import type { build as buildWithVite } from "vite";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { ensurePrebuilt, expectTable, installCopy, rowOf, temporaryFolder } from "../support/packed.js";
import { fromRegistry, root } from "../support/runtimes.js";

const { folder, remove } = temporaryFolder();
const entry = join(folder, "bundled-server.mjs");
const external = ["valve-sockets", "ws"];

beforeAll(() => {
  vi.stubEnv("NODE_ENV", "production"); // as Vite sets it for those who build with it
  ensurePrebuilt();
  for (const name of ["bundled-server.mjs", "each-transport.mjs"]) {
    cpSync(join(root, "test", "programs", name), join(folder, name));
  }
  installCopy(folder);
}, 900_000);
afterAll(remove);

/** Builds the program into `outfile`; the packages of `external` stay outside. */
type Bundle = (outfile: string, external: readonly string[]) => Promise<unknown>;

const esbuild: (format: "esm" | "cjs") => Bundle = (format) => (outfile, names) =>
  buildWithEsbuild({
    entryPoints: [entry],
    outfile,
    format,
    external: names.flatMap((name) => [name, `${name}/*`]),
    bundle: true,
    platform: "node",
    logLevel: "silent",
  });

const vite =
  (load: () => Promise<{ build: typeof buildWithVite }>): Bundle =>
  async (outfile, names) =>
    (await load()).build({
      root: folder,
      configFile: false,
      logLevel: "silent",
      ssr: { noExternal: true, external: [...names] },
      build: {
        ssr: entry,
        outDir: join(outfile, ".."),
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: "program.mjs" } },
      },
    });

const webpack: Bundle = (outfile, names) => {
  const path = fromRegistry("webpack", "5.113.0", "lib/index.js");
  const load = createRequire(path)(path);
  const options = {
    mode: "production",
    target: "node20",
    context: folder,
    entry,
    externals: names.map((name) => new RegExp(`^${name}(/|$)`)),
    externalsType: "commonjs",
    // Without these the rest of `ws`, two optional packages, are warnings.
    ignoreWarnings: [/./],
    output: { path: join(outfile, ".."), filename: "program.cjs" },
  };
  return new Promise((resolve, reject) =>
    load(options, (error: unknown, stats: { hasErrors(): boolean; toString(): string }) =>
      error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve(undefined),
    ),
  );
};

const bundlers: readonly [name: string, file: string, bundle: Bundle][] = [
  ["esbuild, `--format=esm`", "program.mjs", esbuild("esm")],
  ["esbuild, `--format=cjs`", "program.cjs", esbuild("cjs")],
  ["Vite 8 SSR", "program.mjs", vite(() => import("vite"))],
  ["Vite 7 SSR", "program.mjs", vite(() => import(fromRegistry("vite", "7.3.8", "dist/node/index.js")))],
  ["webpack", "program.cjs", webpack],
];

const MARK_AS_EXTERNAL = /^ERR_NO_BINARY: .*bundled\? Mark valve-sockets as external/;
const LEAVE_WS_OUT = /^ERR_MISSING_PACKAGE: .*leave it out of the bundle/;

type Results = Record<"udp" | "websocket" | "gns" | "memory", string>;
const run = (file: string): Results =>
  JSON.parse(execFileSync(process.execPath, [file], { cwd: "/", encoding: "utf8", timeout: 60_000 }));

const rows: string[] = [];
const allWork = { udp: "works", websocket: "works", gns: "works", memory: "works" };

test.each(bundlers)(
  "%s",
  async (name, file, bundle) => {
    const other = temporaryFolder();
    onTestFinished(other.remove);
    const build = async (kind: string, names: readonly string[]) => {
      const path = join(folder, `${bundlers.findIndex(([other]) => other === name)}-${kind}`);
      mkdirSync(path);
      await bundle(join(path, file), names);
      const moved = join(other.folder, kind);
      cpSync(path, moved, { recursive: true });
      return moved;
    };
    const outside = await build("outside", external);
    const inside = await build("inside", ["ws"]);
    const all = await build("all", []);
    // Elsewhere there are no packages. Webpack has written down where they were.
    renameSync(join(folder, "node_modules"), join(folder, "hidden"));
    onTestFinished(() => renameSync(join(folder, "hidden"), join(folder, "node_modules")));
    installCopy(outside);
    mkdirSync(join(inside, "node_modules"));
    symlinkSync(join(root, "node_modules", "ws"), join(inside, "node_modules", "ws"));

    const ofOutside = run(join(outside, file));
    expect(ofOutside).toEqual(allWork);
    const ofInside = run(join(inside, file));
    expect(ofInside).toEqual({ ...allWork, gns: expect.stringMatching(MARK_AS_EXTERNAL) });
    for (const path of [inside, all]) cpSync(join(root, "prebuilds"), join(path, "prebuilds"), { recursive: true });
    const ofBeside = run(join(inside, file));
    expect(ofBeside).toEqual(allWork);
    const ofAll = run(join(all, file));
    if (ofAll.websocket !== "works") expect(ofAll.websocket).toMatch(LEAVE_WS_OUT);
    const row = (what: string, { udp, websocket, gns }: Results) => rowOf(`${name} | ${what}`, [udp, websocket, gns]);
    rows.push(
      row("nothing", ofOutside),
      row("valve-sockets", ofInside),
      row("valve-sockets, `prebuilds/` beside it", ofBeside),
      row("valve-sockets and ws, `prebuilds/` beside it", ofAll),
    );
  },
  300_000,
);

test("docs/install.md has this table", () => {
  const head = ["| bundler | in the bundle | UDP | WebSocket | GNS |", "|---|---|---|---|---|"];
  expectTable("bundlers", [...head, ...rows]);
});
