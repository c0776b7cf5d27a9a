// A server in a standalone build of Next.js, with the settings of docs/install.md, away from where it was built.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { findCodeBlocks } from "../docs/code-blocks.js";
import { ensurePrebuilt, install, pack, temporaryFolder } from "../support/packed.js";
import { type Runtime, root, runtimes } from "../support/runtimes.js";

const packages = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1", "ws@8.23.0"];
const settings = findCodeBlocks("install.md", readFileSync(join(root, "docs", "install.md"), "utf8"));

const files: Record<string, string> = {
  "app/layout.js": "export default ({ children }) => <html lang='en'><body>{children}</body></html>;",
  "app/page.js": "export default () => <p>Hello</p>;",
  "game-server.mjs": `
    import { connectEach } from "./each-transport.mjs";
    console.log("each " + JSON.stringify(await connectEach()));`,
  "each-transport.mjs": readFileSync(join(root, "test", "programs", "each-transport.mjs"), "utf8"),
};
for (const name of ["next.config.mjs", "instrumentation.js"]) {
  files[name] = settings.find(({ file }) => file === name)?.code as string;
}

test("every transport works there", async () => {
  ensurePrebuilt();
  const [built, other] = [temporaryFolder(), temporaryFolder()];
  for (const { remove } of [built, other]) onTestFinished(remove);
  const { tarball } = pack(other.folder);
  install([tarball, ...packages], built.folder, runtimes()[0] as Runtime);
  mkdirSync(join(built.folder, "app"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(built.folder, name), text);
  const env = { ...process.env, NODE_ENV: "production" as const, NEXT_TELEMETRY_DISABLED: "1" };
  const next = join("node_modules", "next", "dist", "bin", "next");
  execFileSync(process.execPath, [next, "build"], { cwd: built.folder, env, stdio: "pipe" });
  const moved = join(other.folder, "moved");
  cpSync(join(built.folder, ".next", "standalone"), moved, { recursive: true, verbatimSymlinks: true });
  built.remove();

  const server = spawn(process.execPath, ["server.js"], {
    cwd: moved,
    env: { ...env, PORT: "0", HOSTNAME: "127.0.0.1" },
  });
  onTestFinished(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: server.stdout })) {
    lines.push(line);
    if (line.startsWith("each ")) break;
  }
  expect(lines.at(-1)).toBe('each {"udp":"works","websocket":"works","gns":"works","memory":"works"}');
}, 600_000);
