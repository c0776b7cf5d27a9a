import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, onTestFinished, test } from "vitest";
import { findCodeBlocks } from "./code-blocks.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What TypeScript, as strict as it can be, says about a program that uses the package. */
function faultsOf(code: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "valve-sockets-types-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "valve-sockets"));
  const file = join(folder, "program.mts");
  writeFileSync(file, code);
  const program = ts.createProgram([file], {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, skipLibCheck: true, types: [] },
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

test("the TypeScript of docs/rooms.md is what it says: kinds have typed events", () => {
  const markdown = readFileSync(join(root, "docs/rooms.md"), "utf8");
  const [program = ""] = findCodeBlocks("rooms.md", markdown).flatMap(({ language, code }) =>
    language === "ts" ? [code] : [],
  );
  const wrong = `
    // @ts-expect-error The events of the codec are those of the kind.
    const texts: RoomKind<string> = { ...game, commitCodec: u32 };
    // @ts-expect-error A host may have no engine.
    host.fleet.findRooms();`;
  expect(faultsOf(program + wrong)).toEqual([]);
});
