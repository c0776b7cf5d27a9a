// The package's entry points as a user's compiler sees them: each has a file of declarations.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./paths.mjs";

const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** `[{ name: "valve-sockets/peer", types: "dist/peer/index.d.ts" }]`, with those that only browsers use. */
export const entryPoints = Object.entries(exports)
  .flatMap(([path, { types, browser }]) => {
    const entry = { name: path.replace(".", name), types };
    return [entry, ...(browser?.types ? [{ name: `${entry.name}, in browsers`, types: browser.types }] : [])];
  })
  .filter(({ types }) => types);

/**
 * Compiles declarations as a strict user would: all of them are checked, and no @types package is included.
 * @param {string[]} files
 * @param {string[]} lib names of TypeScript's libraries, such as "es2023" and "dom"
 */
export function compileTypes(files, lib) {
  const target = ts.ScriptTarget.ES2022;
  const modules = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const libraries = lib.map((library) => `lib.${library}.d.ts`);
  return ts.createProgram(files, { ...modules, target, lib: libraries, types: [], strict: true, noEmit: true });
}

/** What a module exports: each name with its symbol, and whether it is exported as a type only. */
export function exportsOf(program, file) {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  return checker.getExportsOfModule(module).map((symbol) => ({
    name: symbol.name,
    symbol: resolveAlias(checker, symbol),
    isTypeOnly: symbol.declarations?.some(ts.isTypeOnlyExportDeclaration) ?? false,
  }));
}

export function resolveAlias(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}
