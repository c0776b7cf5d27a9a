// What a user's compiler reads: the declarations in `dist` that the package's exports lead to.
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, test } from "vitest";
import { compileTypes, entryPoints, exportsOf, resolveAlias } from "../../scripts/entry-points.mjs";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";

// In a separate folder, from which the compiler finds neither @types/node nor @types/ws.
const { folder, remove } = temporaryFolder();
afterAll(remove);
cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
cpSync(join(root, "package.json"), join(folder, "package.json"));

const files = entryPoints.map(({ types }) => join(folder, types));
const withoutDom = compileTypes(files, ["es2023"]);
const isOurs = (file: ts.SourceFile) => file.fileName.startsWith(folder);

describe("a strict user without any @types package can compile them", () => {
  const problemsOf = (program: ts.Program) =>
    ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
      const line = file ? file.getLineAndCharacterOfPosition(start ?? 0).line + 1 : 0;
      return `${relative(folder, file?.fileName ?? "")}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });

  test("without the DOM", () => expect(problemsOf(withoutDom)).toEqual([]));
  test("with the DOM", () => expect(problemsOf(compileTypes(files, ["es2023", "dom"]))).toEqual([]));
});

test("a user's declarations have what the library makes of classes without names", () => {
  const source = `
    import { definePrediction, definePrefab, NetworkBehaviour, networked, serverRpc } from "./dist/object/index.js";
    import { struct, u8, u16 } from "./dist/serialization/index.js";
    export const Ship = networked(class Ship extends NetworkBehaviour {}, { health: u8 });
    export const ShipPrefab = definePrefab("ship", { ship: Ship });
    export const flying = definePrediction(Ship, { input: struct({ turn: u8 }), step() {} });
    export const Shop = networked(
      class extends NetworkBehaviour { buy(item: number) {} }, { stock: u8 }, { buy: serverRpc([u16]) },
    );
    export function make() { return networked(class extends NetworkBehaviour {}, { health: u8 }); }`;
  const file = join(folder, "user.mts");
  const user = join(folder, "user-of-user.mts");
  writeFileSync(file, source);
  const modules = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const options = { ...modules, target: ts.ScriptTarget.ES2022, types: [], strict: true, declaration: true };
  const program = ts.createProgram([file], { ...options, emitDeclarationOnly: true });
  program.emit();
  const textOf = ({ messageText }: ts.Diagnostic) => ts.flattenDiagnosticMessageText(messageText, " ");
  expect([...program.getDeclarationDiagnostics(), ...program.getSemanticDiagnostics()].map(textOf)).toEqual([]);
  // The declarations alone, as in a package of theirs.
  rmSync(file);
  writeFileSync(user, `import { Shop, Ship } from "./user.mjs"; new Ship().health = new Shop().stock;`);
  expect(ts.getPreEmitDiagnostics(ts.createProgram([user], { ...options, noEmit: true })).map(textOf)).toEqual([]);
});

test("nothing internal is among them", () => {
  const ours = withoutDom.getSourceFiles().filter(isOurs);
  expect(ours.length).toBeGreaterThan(100);
  expect(ours.filter(({ text }) => text.includes("@internal")).map(({ fileName }) => fileName)).toEqual([]);
});

describe("what an exported type is made of is exported beside it, or by the entry point above", () => {
  const checker = withoutDom.getTypeChecker();
  const layerOf = (file: string) => relative(join(folder, "dist"), file).split("/").slice(0, -1)[0];

  const isType = ({ flags }: ts.Symbol) => (flags & ts.SymbolFlags.Type & ~ts.SymbolFlags.TypeParameter) !== 0;

  /** Our types that a declaration mentions where users can reach them: not in the constructor of a type-only export. */
  function partsOf(declaration: ts.Node, isTypeOnly: boolean): ts.Symbol[] {
    const parts = new Set<ts.Symbol>();
    const add = (name: ts.Node): void => {
      const found = checker.getSymbolAtLocation(ts.isQualifiedName(name) ? name.left : name);
      const symbol = found && resolveAlias(checker, found);
      // `Enum.Member` is a part of the enum, `module.Type` is a type of its own.
      if (symbol && symbol.flags & ts.SymbolFlags.ValueModule && ts.isQualifiedName(name)) add(name.right);
      else if (symbol && !parts.has(symbol)) {
        parts.add(symbol);
        // The type of a value (`typeof initialize`) has no name; only what it mentions has.
        if (!isType(symbol)) symbol.declarations?.forEach(visit);
      }
    };
    const visit = (node: ts.Node): void => {
      if (ts.canHaveModifiers(node) && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword))
        return;
      if (isTypeOnly && ts.isConstructorDeclaration(node)) return;
      if (ts.isTypeReferenceNode(node)) add(node.typeName);
      if (ts.isTypeQueryNode(node)) add(node.exprName);
      if (ts.isExpressionWithTypeArguments(node)) add(node.expression);
      if (ts.isImportTypeNode(node) && node.qualifier) add(node.qualifier);
      ts.forEachChild(node, visit);
    };
    visit(declaration);
    const isGlobal = ({ fileName }: ts.SourceFile) => fileName === join(folder, "dist", "globals.d.ts");
    const isPart = (file: ts.SourceFile) => isOurs(file) && !isGlobal(file);
    return [...parts].filter((part) => isType(part) && part.declarations?.some((one) => isPart(one.getSourceFile())));
  }

  test.each(entryPoints)("$name", ({ name: entryPoint, types }) => {
    const file = join(folder, types);
    const above = entryPoints.filter(({ name }) => name.includes("/") && entryPoint.startsWith(`${name}/`));
    const known = [{ types }, ...above].flatMap((one) => exportsOf(withoutDom, join(folder, one.types)));
    const missing = exportsOf(withoutDom, file).flatMap(({ name, symbol, isTypeOnly }) => {
      const declarations = symbol.declarations ?? [];
      // A type of another layer is only passed on: its parts are exported where it comes from.
      const isOwn = declarations.some((one) => layerOf(one.getSourceFile().fileName) === layerOf(file));
      if (!isOwn && layerOf(file) !== undefined) return [];
      const parts = new Set(declarations.flatMap((one) => partsOf(one, isTypeOnly)));
      for (const { symbol } of known) parts.delete(symbol);
      return [...parts].map((part) => `${name}: ${part.name}`);
    });
    expect(missing).toEqual([]);
  });
});

describe("a CommonJS program in TypeScript", () => {
  const isModuleInCommonJs = 1479;
  const codesOf = (source: string, module: ts.ModuleKind) => {
    const file = join(folder, "user.cts");
    writeFileSync(file, source);
    const options = { module, target: ts.ScriptTarget.ES2022, types: [], strict: true, noEmit: true };
    const program = ts.createProgram([file], options);
    return program.getSemanticDiagnostics(program.getSourceFile(file)).map(({ code }) => code);
  };
  const required = 'import { SignalingServer } from "valve-sockets/signaling"; export const Server = SignalingServer;';
  const type =
    'import type { SignalingServer } from "valve-sockets/signaling" with { "resolution-mode": "import" };' +
    "export async function load(): Promise<typeof SignalingServer> {" +
    '  return (await import("valve-sockets/signaling")).SignalingServer; }';

  // docs/install.md
  test("imports it with nodenext", () => expect(codesOf(required, ts.ModuleKind.NodeNext)).toEqual([]));
  test("does not with node16, which knows no require of ES modules", () =>
    expect(codesOf(required, ts.ModuleKind.Node16)).toEqual([isModuleInCommonJs]));
  test("loads it later with node16, and imports types as those of a module", () =>
    expect(codesOf(type, ts.ModuleKind.Node16)).toEqual([]));
});
