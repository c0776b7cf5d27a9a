import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";

/** The system's Chromium, or the one of Playwright, without a window, in a network namespace if one is given. */
export async function launchBrowser(flags: readonly string[] = [], namespace?: string): Promise<Browser> {
  const found = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  const args = ["--no-sandbox", ...flags];
  if (namespace === undefined) return chromium.launch({ ...(found && { executablePath: found }), args });
  const folder = mkdtempSync(join(tmpdir(), "vs-browser-"));
  const executablePath = join(folder, "browser");
  const command = `exec ip netns exec ${namespace} ${found ?? chromium.executablePath()} "$@"`;
  writeFileSync(executablePath, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  try {
    return await chromium.launch({ executablePath, args });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The system's Chromium, which trusts this certificate's owner as an authority for other certificates. */
export async function launchTrustingBrowser(authority: string, flags: readonly string[]): Promise<Browser> {
  const home = mkdtempSync(join(tmpdir(), "vs-browser-"));
  const database = join(home, ".pki", "nssdb");
  mkdirSync(database, { recursive: true });
  const certutil = (...args: string[]) => execFileSync("certutil", ["-d", `sql:${database}`, ...args]);
  try {
    writeFileSync(join(home, "authority.pem"), authority);
    certutil("-N", "--empty-password");
    certutil("-A", "-n", "authority", "-t", "C,,", "-i", join(home, "authority.pem"));
    const executablePath = "/usr/bin/chromium";
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...flags], env: { HOME: home } });
    browser.on("disconnected", () => rmSync(home, { recursive: true }));
    return browser;
  } catch (error) {
    rmSync(home, { recursive: true });
    throw error;
  }
}

/** The code of a page that imports from `dist`, bundled for browsers. */
export async function bundlePage(code: string, resolveFolder: string): Promise<string> {
  const [file] = await bundle(code, resolveFolder, {}, true);
  return file?.text ?? "";
}

async function bundle(code: string, resolveFolder: string, files: Record<string, string>, resolvesDist: boolean) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: resolveFolder, loader: "ts" },
    entryPoints: files,
    external: ["node:*", "module", "fs", "path"],
    bundle: true,
    format: "esm",
    platform: "browser",
    outdir: "/",
    write: false,
    // The paths of this repository are not those of an installed package.
    ...(resolvesDist && { tsconfigRaw: "{}" }),
  });
  return outputFiles;
}

/** What a page consists of besides its code. */
export interface PageParts {
  /** More files that are bundled, each for itself: by name without `.js`, where the source is. */
  files?: Record<string, string>;
  /** The Content-Security-Policy. */
  policy?: string;
}

/** A server of one page that runs `code`, bundled for browsers. */
export async function servePage(
  code: string,
  resolveFolder: string,
  { files = {}, policy }: PageParts = {},
): Promise<Server> {
  const outputFiles = await bundle(code, resolveFolder, files, false);
  return createServer((request, response) => {
    const script = outputFiles.find(({ path }) => path === request.url)?.text;
    if (policy !== undefined) response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Content-Type", script === undefined ? "text/html" : "text/javascript");
    response.end(
      script ?? '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/stdin.js"></script>',
    );
  });
}
