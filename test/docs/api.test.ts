import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { apiPage } from "../../scripts/api.mjs";
import { compileTypes, entryPoints, exportsOf } from "../../scripts/entry-points.mjs";
import { root } from "../support/runtimes.js";

test("docs/api.md lists what the package exports", () => {
  const page = readFileSync(join(root, "docs", "api.md"), "utf8");
  expect(page, "what is exported has changed: node scripts/api.mjs").toBe(apiPage());
});

test("every export has a docstring", () => {
  expect(apiPage().match(/^.*\| {2}\|$/gm)).toBeNull();
});

/** What users write and call: not constructors, whose class says what it is, and not x, y, z and w. */
const isForUsers = (member: ts.ClassElement | ts.TypeElement) =>
  member.name !== undefined &&
  !ts.isPrivateIdentifier(member.name) &&
  (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) === 0 &&
  member.name.getText().length > 1;

test("every option, field, event and method of an exported class or interface has a docstring", () => {
  const files = entryPoints.map(({ types }) => join(root, types));
  const program = compileTypes(files, ["es2023"]);
  const checker = program.getTypeChecker();
  const exported = files.flatMap((file) => exportsOf(program, file)).flatMap(({ symbol }) => symbol.declarations ?? []);
  const members = [...new Set(exported)]
    .filter((one) => ts.isClassDeclaration(one) || ts.isInterfaceDeclaration(one))
    .flatMap((type) => [...type.members].filter(isForUsers).map((member) => ({ type, member })));
  expect(members.length).toBeGreaterThan(2000);
  const undocumented = members.filter(({ member }) => {
    const symbol = checker.getSymbolAtLocation(member.name as ts.Node);
    return symbol?.getDocumentationComment(checker).length === 0;
  });
  const placeOf = ({ type, member }: (typeof members)[number]) =>
    `${relative(join(root, "dist"), type.getSourceFile().fileName)} ${type.name?.text}.${member.name?.getText()}`;
  expect(undocumented.map(placeOf), "say in a sentence what each is, with its unit and range").toEqual([]);
});
