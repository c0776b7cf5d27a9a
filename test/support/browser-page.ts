import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";

/** The system's Chromium, or the one of Playwright, without a window. */
export function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  return chromium.launch({ ...(executablePath && { executablePath }), args: ["--no-sandbox", ...flags] });
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
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: resolveFolder, loader: "ts" },
    entryPoints: files,
    external: ["node:*", "module", "fs", "path"],
    bundle: true,
    format: "esm",
    platform: "browser",
    outdir: "/",
    write: false,
  });
  return createServer((request, response) => {
    const script = outputFiles.find(({ path }) => path === request.url)?.text;
    if (policy !== undefined) response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Content-Type", script === undefined ? "text/html" : "text/javascript");
    response.end(
      script ?? '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/stdin.js"></script>',
    );
  });
}
