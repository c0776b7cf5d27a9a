import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { entryPoints } from "../entry-points.mjs";
import { root } from "../paths.mjs";

const entries = entryPoints.map(({ name, types }) => ({ name, file: join(root, types) }));
/** What TypeDoc's pages lack: an icon, and long lines that fit into a narrow window. */
const HEAD = `<link rel="icon" href="data:,"><style>
  .col-content { overflow-wrap: anywhere; }
  .col-content .tsd-signature, .col-content .tsd-member-summary { overflow-x: auto; }
  .tsd-member-summary-name { flex-wrap: wrap; }
</style>`;
const compilerOptions = { module: "nodenext", target: "es2022", lib: ["es2023"], types: [], strict: true };

/**
 * Writes the reference: a page for each entry point and each of its exports, from the declarations in `dist`. Throws an
 * error for a docstring with a link that leads nowhere.
 *
 * @param {string} tool the folder where TypeDoc is installed
 * @param {string} work a folder for what TypeDoc has to read
 * @param {string} output
 */
export async function writeReference(tool, work, output) {
  const files = entries.map(({ file }) => file);
  const tsconfig = join(work, "tsconfig.json");
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files }));
  const { Application, JSX } = await import(pathToFileURL(join(tool, "node_modules", "typedoc", "dist", "index.js")));
  const app = await Application.bootstrap({
    name: "valve-sockets: reference",
    entryPoints: files,
    tsconfig,
    readme: "none",
    disableSources: true,
    hideGenerator: true,
    navigationLinks: { Documentation: "/" },
    // test/docs/api.test.ts has checked that every export and its members have a docstring.
    validation: { notDocumented: false, notExported: false, invalidLink: true },
  });
  app.renderer.hooks.on("head.end", () => JSX.createElement(JSX.Raw, { html: HEAD }));
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc has not understood the declarations");
  for (const module of project.children) {
    const paths = [`${module.name}.d.ts`, join(module.name, "index.d.ts")].map((path) => join(root, "dist", path));
    module.name = entries.find(({ file }) => paths.includes(file)).name;
  }
  app.validate(project);
  await app.generateDocs(project, output);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error("TypeDoc has warned");
}
