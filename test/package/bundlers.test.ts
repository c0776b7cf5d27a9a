// What becomes of a server that a bundler has put into one file. docs/install.md has the results as a table.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build as buildWithEsbuild } from "esbuild";
import { build as buildWithVite } from "vite";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ensurePrebuilt, temporaryFolder } from "../support/packed.js";
import { fromRegistry, root } from "../support/runtimes.js";

const { folder, remove } = temporaryFolder();
const entry = join(folder, "program.mjs");
const external = ["valve-sockets", "ws"];

beforeAll(() => {
  ensurePrebuilt();
  cpSync(join(root, "test", "programs", "bundled-server.mjs"), entry);
  install(folder);
}, 900_000);
afterAll(remove);

/** Copied and not linked: bundlers follow links, and read the tsconfig.json where they arrive. */
function install(place: string): void {
  const modules = join(place, "node_modules");
  const copy = join(modules, "valve-sockets");
  for (const name of ["dist", "package.json", "prebuilds"]) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  for (const name of ["node-gyp-build", "ws"]) symlinkSync(join(root, "node_modules", name), join(modules, name));
}

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

const vite: Bundle = (outfile, names) =>
  buildWithVite({
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
  ["Vite SSR", "program.mjs", vite],
  ["webpack", "program.cjs", webpack],
];

type Results = Record<"udp" | "websocket" | "gns", string>;
const run = (file: string): Results =>
  JSON.parse(execFileSync(process.execPath, [file], { cwd: "/", encoding: "utf8", timeout: 60_000 }));

/** What a row of the table says. */
const summarise = ({ udp, websocket, gns }: Results) =>
  [udp, websocket, gns].map((text) => (text === "works" ? "works" : `\`${text.split(":")[0]}\``)).join(" | ");

const rows: string[] = [];

test.each(bundlers)(
  "%s",
  async (name, file, bundle) => {
    const place = (kind: string) => {
      const path = join(folder, `${bundlers.findIndex(([other]) => other === name)}-${kind}`);
      mkdirSync(path);
      return path;
    };
    const outside = place("external");
    await bundle(join(outside, file), external);
    const inside = place("inside");
    await bundle(join(inside, file), ["ws"]);
    // Elsewhere there are no packages. Webpack has written down where they were.
    renameSync(join(folder, "node_modules"), join(folder, "hidden"));
    onTestFinished(() => renameSync(join(folder, "hidden"), join(folder, "node_modules")));
    const other = temporaryFolder();
    for (const path of [outside, inside])
      cpSync(join(path), join(other.folder, path.slice(folder.length)), { recursive: true });
    const moved = (path: string) => join(other.folder, path.slice(folder.length));
    install(moved(outside));
    mkdirSync(join(moved(inside), "node_modules"));
    symlinkSync(join(root, "node_modules", "ws"), join(moved(inside), "node_modules", "ws"));

    const whole = run(join(moved(outside), file));
    expect(whole).toEqual({ udp: "works", websocket: "works", gns: "works" });
    const alone = run(join(moved(inside), file));
    expect(alone).toMatchObject({ udp: "works", websocket: "works" });
    expect(alone.gns).toMatch(/^ERR_NO_BINARY: .*bundled\? Mark valve-sockets as external/);
    cpSync(join(root, "prebuilds"), join(moved(inside), "prebuilds"), { recursive: true });
    const beside = run(join(moved(inside), file));
    expect(beside).toEqual({ udp: "works", websocket: "works", gns: "works" });
    other.remove();
    rows.push(
      `| ${name} | external | ${summarise(whole)} |`,
      `| | bundled | ${summarise(alone)} |`,
      `| | bundled, \`prebuilds/\` beside it | ${summarise(beside)} |`,
    );
  },
  300_000,
);

test("docs/install.md has this table", () => {
  const file = join(root, "docs", "install.md");
  const table = ["| bundler | valve-sockets is | UDP | WebSocket | GNS |", "|---|---|---|---|---|", ...rows].join("\n");
  const marked = /(?<=<!-- bundlers -->\n)[\s\S]*(?=<!-- end of bundlers -->)/;
  const text = readFileSync(file, "utf8").replace(marked, `${table}\n`);
  if (process.env.UPDATE_DOCS) writeFileSync(file, text);
  expect(readFileSync(file, "utf8")).toBe(text);
});
