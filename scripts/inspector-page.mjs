// The inspector's page: one script with all that it needs, and its style. It goes to dist, beside lib/inspector.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./paths.mjs";
import { main } from "./run.mjs";

const source = join(root, "lib", "inspector", "page");

/** Writes the page's three files into `folder`/inspector/page. */
export async function buildInspectorPage(folder = join(root, "dist")) {
  const target = join(folder, "inspector", "page");
  await build({
    entryPoints: [join(source, "main.ts")],
    outfile: join(target, "page.js"),
    ...{ bundle: true, minify: true, format: "esm", target: "es2022", legalComments: "eof", logLevel: "warning" },
  });
  const styles = [join(root, "node_modules", "uplot", "dist", "uPlot.min.css"), join(source, "style.css")];
  writeFileSync(join(target, "page.css"), styles.map((path) => readFileSync(path, "utf8")).join("\n"));
  writeFileSync(join(target, "index.html"), readFileSync(join(source, "index.html")));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(() => buildInspectorPage());
