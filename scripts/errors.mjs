// node scripts/errors.mjs: writes docs/errors.md from the docstrings in lib/error-codes.ts.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { root } from "./paths.mjs";

/** The groups of codes, each with a text of its own. */
export function errorGroups() {
  const name = join(root, "lib", "error-codes.ts");
  const source = ts.createSourceFile(name, readFileSync(name, "utf8"), ts.ScriptTarget.Latest, true);
  const textOf = (node) =>
    ts.getTextOfJSDocComment(ts.getJSDocCommentsAndTags(node).at(-1)?.comment).replace(/\s+/g, " ");
  return source.statements.filter(ts.isInterfaceDeclaration).map((group) => ({
    title: group.name.text.replace(/ErrorCodes$/, ""),
    text: textOf(group),
    codes: group.members.map((member) => ({ code: member.name.getText(source), text: textOf(member) })),
  }));
}

export function errorsPage() {
  const sections = errorGroups().map(({ title, text, codes }) => {
    const rows = codes.map(({ code, text }) => `| \`${code}\` | ${text} |`).join("\n");
    return `## ${title}\n\n${text}\n\n| code | what happened, and what to look at |\n|---|---|\n${rows}\n`;
  });
  return `# Errors

Every error of the library has a \`code\` that is constant; its message is for people. What happened has the same code
on every transport, as far as that can tell what happened. A \`message\` is safe to print: where it quotes the other
side, control and invisible characters are escaped. \`reason.text\` and \`endDebug\` are as the other side sent them.
This page is made by \`node scripts/errors.mjs\` from lib/error-codes.ts; a test fails when it is not up to date.

${sections.join("\n")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(join(root, "docs", "errors.md"), errorsPage());
}
