// node scripts/api.mjs: writes docs/api.md from the declarations, with a line for each export of each entry point.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { buildTypes } from "./build.mjs";
import { compileTypes, entryPoints, exportsOf } from "./entry-points.mjs";
import { root } from "./paths.mjs";

const kinds = [
  [ts.SymbolFlags.Class, "class"],
  [ts.SymbolFlags.Enum, "enum"],
  [ts.SymbolFlags.Function, "function"],
  [ts.SymbolFlags.Variable, "constant"],
  [ts.SymbolFlags.Interface, "interface"],
  [ts.SymbolFlags.TypeAlias, "type"],
];

/** The first sentence of a docstring, on one line, with its links as code. */
function summaryOf(symbol, checker) {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker)).replace(/\s+/g, " ");
  const [sentence] = /^.*?[.:](?= |$)(?=( [A-Z`{]|$))/.exec(text) ?? [text];
  return sentence
    .replace(/\{@link (\w+)(?:\.\w+)*\}/g, "`$1`")
    .replaceAll("|", "\\|")
    .trim();
}

/** The text of the page, from the declarations in `dist`, which has to be up to date. */
export function apiPage() {
  const files = entryPoints.map(({ types }) => join(root, types));
  const program = compileTypes(files, ["es2023"]);
  const checker = program.getTypeChecker();
  const sections = entryPoints.map(({ name, types }) => {
    const exported = exportsOf(program, join(root, types)).sort((a, b) => a.name.localeCompare(b.name, "en"));
    const rows = exported.map(({ name, symbol }) => {
      const kind = kinds.filter(([flag]) => symbol.flags & flag).map(([, word]) => word);
      return `| \`${name}\` | ${kind.join(", ")} | ${summaryOf(symbol, checker)} |`;
    });
    return `## ${name}\n\n| export | kind | what it is |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# What the package exports

Made by \`node scripts/api.mjs\` from the declarations; a test fails when it is not up to date.

${sections.join("\n")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  buildTypes();
  writeFileSync(join(root, "docs", "api.md"), apiPage());
}
