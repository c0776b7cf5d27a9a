// What docs/deploy.md says is done here: its nginx, Caddy and systemd files, and its servers, on free ports.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { defineProtocol, NetworkClient } from "../../lib/message/index.js";
import { BrowserSocketFactory } from "../../lib/socket/browser-server.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";
import { type Command, startProcess } from "../cli/command.js";
import { fromDebian } from "../support/debian.js";
import { freePort } from "../support/free-port.js";
import { root } from "../support/runtimes.js";
import { createTlsIdentity } from "../support/tls-identity.js";
import { findCodeBlocks } from "./code-blocks.js";

const blocks = findCodeBlocks("docs/deploy.md", readFileSync(join(root, "docs", "deploy.md"), "utf8"));
const protocol = defineProtocol({ name: "game", version: 1, messages: [] });
const identities = [createTlsIdentity(), createTlsIdentity()] as const;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "valve-sockets-deploy-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "valve-sockets"));
  writeCertificate(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeCertificate(index: 0 | 1): void {
  writeFileSync(join(folder, "fullchain.pem"), identities[index].cert);
  writeFileSync(join(folder, "privkey.pem"), identities[index].key);
}

/** The file of the page, with texts of this test in place of its own. */
function writeBlock(name: string, replaced: Record<string, string>): string {
  let { code } = blocks.find(({ file }) => file === name) ?? { code: "" };
  for (const [from, to] of Object.entries({ ...replaced, "/etc/letsencrypt/live/game.example.com": folder })) {
    expect(code.includes(from) || from.startsWith("/etc"), `${name} has ${from}`).toBe(true);
    code = code.replaceAll(from, to);
  }
  writeFileSync(join(folder, name), code);
  return join(folder, name);
}

function start(program: string, ...args: string[]): Command {
  const command = startProcess(program, args, folder);
  onTestFinished(async () => {
    command.child.kill("SIGTERM");
    await command.end();
  });
  return command;
}

async function startProxiedServer(): Promise<{ server: Command; port: string }> {
  const port = String(await freePort());
  const server = start(process.execPath, writeBlock("proxied.mjs", { 8080: port }));
  await server.waitFor("stdout", /listening/);
  return { server, port };
}

/** Connects over `wss:` to a proxy on ::1. The proxy's own connections come from 127.0.0.1. */
async function expectOwnAddress(server: Command, port: number): Promise<void> {
  const socketFactory = new WebSocketFactory({ host: `wss://[::1]:${port}`, tls: { ca: identities[0].cert } });
  const client = new NetworkClient({ protocol, socketFactory });
  await client.connect();
  expect(await server.waitFor("stdout", /1 .+/)).toMatch(/^1 \[?::1\]?(:\d+)? encrypted$/);
  await client.disconnect();
}

test("behind Debian's nginx a player over wss has its own address", async () => {
  const { server, port } = await startProxiedServer();
  const open = await freePort();
  writeBlock("game.conf", { "127.0.0.1:8080": `127.0.0.1:${port}`, "443 ssl": `[::1]:${open} ssl` });
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder};`);
  const main = `daemon off; pid nginx.pid; error_log stderr notice; events {}
    http { access_log off; ${paths.join(" ")} include game.conf; }`;
  writeFileSync(join(folder, "nginx.conf"), main);
  const nginx = start(fromDebian("nginx", "usr/sbin/nginx"), "-e", "stderr", "-p", folder, "-c", "nginx.conf");
  await nginx.waitFor("stderr", /start worker process /);
  await expectOwnAddress(server, open);
});

test("behind Debian's Caddy a player over wss has its own address", async () => {
  const { server, port } = await startProxiedServer();
  const open = await freePort();
  const tls = `  tls ${folder}/fullchain.pem ${folder}/privkey.pem\n`;
  const replaced = { "game.example.com {\n": `https://:${open} {\n  bind ::1\n${tls}`, "8080": port };
  const file = writeBlock("Caddyfile", replaced);
  writeFileSync(file, `{\n  admin off\n  auto_https off\n}\n${readFileSync(file, "utf8")}`);
  const caddy = start(fromDebian("caddy", "usr/bin/caddy"), "run", "--config", file, "--adapter", "caddyfile");
  await caddy.waitFor("stderr", /serving initial configuration/);
  await expectOwnAddress(server, open);
});

test("a server with TLS of its own takes a renewed certificate at SIGHUP", async () => {
  const port = await freePort();
  const server = start(process.execPath, writeBlock("server.mjs", { 443: String(port) }));
  const connect = async (index: 0 | 1) => {
    const { cert } = identities[index];
    const socketFactory = new BrowserSocketFactory({ port, secure: true, tls: { ca: cert }, webTransport: false });
    const client = new NetworkClient({ protocol, socketFactory });
    try {
      await client.connect();
      return client.player?.connection?.security;
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await client.disconnect();
    }
  };
  await server.waitFor("stdout", /ready/);
  expect(await connect(0)).toBe("authenticated");
  expect(await connect(1)).toBe("ERR_BAD_CERTIFICATE");
  writeCertificate(1);
  server.child.kill("SIGHUP");
  await server.waitFor("stdout", /renewed/);
  writeCertificate(0);
  expect(await connect(0)).toBe("ERR_BAD_CERTIFICATE");
  expect(await connect(1)).toBe("authenticated");
});

test("systemd finds no mistake in the unit", () => {
  const file = writeBlock("game.service", { "/usr/bin/node": process.execPath, "User=game\n": "" });
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
  // What it says of the system's own units, whose files may be missing here, is none of ours.
  const ours = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("game.service"));
  expect({ status, ours }).toEqual({ status: 0, ours: [] });
});
