import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { LossyNetwork } from "./lossy-network.mjs";
import { withPeers } from "./peer.mjs";

const fileOf = (name) => fileURLToPath(new URL(`../web/${name}`, import.meta.url));
const HTML = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/**
 * How long a number takes from a page in Chromium to its server and back, in milliseconds, over a line that loses
 * `percent` of all packets in both directions. `kind`: `datagrams` or `reliable`.
 */
export async function measurePage({ percent, isWebSocket = false, kind, seconds }) {
  if (process.getuid?.() !== 0) throw new Error("Loss needs network namespaces, and these need root");
  const network = new LossyNetwork();
  const [atServer, atClient] = network.prefixes;
  const { host } = network;
  const browser = await launch(atClient);
  try {
    return await withPeers(async (start) => {
      const server = start([...atServer, process.execPath, fileOf("server.mjs")], "echo", { host });
      const { port } = await server.next("listening");
      const page = await openPage(browser);
      network.setLoss(percent);
      const options = { host, port, isWebSocket, kind, count: seconds * 60 };
      const { transport, took } = await page.evaluate((given) => globalThis.echo(given), options);
      const isRight = transport === (isWebSocket ? "websocket" : "webtransport");
      if (!isRight) throw new Error(`The page was on ${transport}`);
      const times = took.filter((ms) => ms !== null).sort((a, b) => a - b);
      const at = (share) => times[Math.min(Math.floor(times.length * share), times.length - 1)];
      return { p50: at(0.5), p99: at(0.99), sent: took.length, lost: took.length - times.length };
    });
  } finally {
    await browser.close();
    network.remove();
  }
}

/** A browser whose command begins with `prefix`: Playwright takes a path alone. */
async function launch(prefix) {
  const found = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  const folder = mkdtempSync(join(tmpdir(), "vs-bench-"));
  const executablePath = join(folder, "browser");
  writeFileSync(executablePath, `#!/bin/sh\nexec ${prefix.join(" ")} ${found ?? chromium.executablePath()} "$@"\n`);
  chmodSync(executablePath, 0o755);
  try {
    const args = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"];
    return await chromium.launch({ executablePath, args });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function openPage(browser) {
  const { outputFiles } = await build({
    entryPoints: [fileOf("page.mjs")],
    external: ["node:*", "module", "fs", "path"],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    tsconfigRaw: "{}", // The paths of this repository are not those of an installed package.
  });
  const script = outputFiles[0].text;
  const page = await browser.newPage();
  // A page from localhost is a secure one, and nothing has to serve it.
  await page.route("http://localhost/**", (route) => {
    const isScript = route.request().url().endsWith(".js");
    return route.fulfill({ contentType: isScript ? "text/javascript" : "text/html", body: isScript ? script : HTML });
  });
  await page.goto("http://localhost/");
  await page.waitForFunction("globalThis.echo !== undefined");
  return page;
}
