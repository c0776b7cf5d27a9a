// How much of the object layer a bundler puts into a page. docs/performance.md has the results as a table.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../support/runtimes.js";

const object = join(root, "lib", "object");

/** Leaves out what the layer stands on: messages, codecs, and the files that all layers use. */
const layerAlone: Plugin = {
  name: "the object layer alone",
  setup(bundler) {
    bundler.onResolve({ filter: /^\./ }, ({ importer, resolveDir, path }) => {
      const target = join(resolveDir, path);
      const isBelow = importer.startsWith(object) && relative(object, target).startsWith("..");
      return isBelow ? { path: target, external: true } : undefined;
    });
  },
};

async function packedBytes(names: readonly string[]): Promise<number> {
  const contents = `export { ${names} } from "./index.ts";`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: object, loader: "ts" },
    ...{ bundle: true, minify: true, write: false, format: "esm", platform: "browser", plugins: [layerAlone] },
  });
  return gzipSync(outputFiles[0]?.contents as Uint8Array, { level: 9 }).length;
}

const world = ["ClientObjectManager", "definePrefab", "networked", "NetworkBehaviour"];
const calls = ["clientRpc", "serverRpc"];
const collections = ["syncList", "syncMap", "syncSet", "syncRef"];
const rows: [string, string[]][] = [
  ["a world: the manager, prefabs, variables", world],
  ["with `linear`: what is drawn between two states", [...world, "linear"]],
  ["with calls", [...world, ...calls]],
  ["with lists, maps, sets and references", [...world, ...collections]],
  ["with `definePrediction`", [...world, "definePrediction"]],
  [
    "all of these, `syncVar` and `NetworkTransform2D`",
    [...world, ...calls, ...collections, "definePrediction", "syncVar", "NetworkTransform2D"],
  ],
];

const page = readFileSync(join(root, "docs", "performance.md"), "utf8");

test.each(rows)("%s takes what docs/performance.md says, to a kilobyte", async (name, names) => {
  const [, stated] = page.match(new RegExp(`^\\| ${name.replace(/[().]/g, ".")} \\| (\\d+) kB \\|$`, "m")) ?? [];
  expect(Math.abs((await packedBytes(names)) / 1000 - Number(stated))).toBeLessThanOrEqual(1);
});
