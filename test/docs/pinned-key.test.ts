// docs/security.md: the key of a server as `keygen` writes it, read by its server and pinned by its client.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startCommand, startProcess } from "../cli/command.js";
import { freePort } from "../support/free-port.js";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { findCodeBlocks } from "./code-blocks.js";

const blocks = findCodeBlocks("docs/security.md", readFileSync(join(root, "docs", "security.md"), "utf8"));
const EXAMPLE = /vs1public_[\w-]{48}/;

test("the server reads its key's file, and the client connects to no other", async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "valve-sockets"));
  const port = String(await freePort());
  const codeOf = (name: string) => blocks.find(({ file }) => file === name)?.code.replace("7777", port) ?? "";
  const keygen = await startCommand("keygen", "--out", join(folder, "server.key")).end();
  const [publicKey = ""] = EXAMPLE.exec(keygen.stdout) ?? [];
  writeFileSync(join(folder, "server.mjs"), codeOf("pinned-server.mjs"));
  writeFileSync(join(folder, "client.mjs"), codeOf("pinned-client.mjs").replace(EXAMPLE, publicKey));
  writeFileSync(join(folder, "other-client.mjs"), codeOf("pinned-client.mjs"));
  const start = (name: string) => startProcess(process.execPath, [name], folder);

  const server = start("server.mjs");
  await server.waitFor("stdout", /listening/);
  expect(await start("client.mjs").end()).toMatchObject({ code: 0, stderr: "" });
  await server.waitFor("stdout", /authenticated: nobody else reads this/);
  const other = await start("other-client.mjs").end();
  expect(other.stderr).toContain("ERR_SERVER_KEY_MISMATCH");
  expect(other.code).toBe(1);
  server.child.kill("SIGTERM");
  await server.end();
});
