// The documentation as a site: npm run docs.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryPoints } from "../../scripts/entry-points.mjs";
import { deadLinks } from "../../scripts/site/dead-links.mjs";
import { launchBrowser } from "../support/browser-page.js";
import { root } from "../support/runtimes.js";

const folder = mkdtempSync(join(tmpdir(), "valve-sockets-site-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what leads nowhere is found: pages, pictures, headings", () => {
  const site = join(folder, "small");
  mkdirSync(join(site, "docs"), { recursive: true });
  const links = ["/", "docs/a.html#part", "docs/a.html#none", "docs/b.html", "https://example.org/", "#top"];
  writeFileSync(
    join(site, "index.html"),
    `<h1 id="top">Top</h1>${links.map((link) => `<a class="x" href="${link}">link</a>`).join("")}<img src="/no.png">`,
  );
  writeFileSync(join(site, "docs", "a.html"), '<h2 id="part">Part</h2><a href="../index.html#top"></a>');
  expect(deadLinks(site)).toEqual(["index.html: docs/a.html#none", "index.html: docs/b.html", "index.html: /no.png"]);
});

describe("the site", () => {
  const site = join(folder, "site");
  let server: Server;
  let browser: Browser;

  const hangLimitMs = 540_000;
  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(root, "scripts", "site", "build.mjs"), site]);
    server = createServer(serveFile).listen(0, "127.0.0.1");
    browser = await launchBrowser();
  }, hangLimitMs);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const serveFile: Parameters<typeof createServer>[1] = (request, response) => {
    const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
    const { pathname } = new URL(request.url ?? "", "http://site");
    const file = join(site, pathname === "/" ? "index.html" : pathname);
    try {
      const body = readFileSync(file);
      response.setHeader("Content-Type", types[extname(file) as keyof typeof types] ?? "application/octet-stream");
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  };

  async function open(path: string, width: number): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("response", (response) => response.status() >= 400 && problems.push(response.url()));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { waitUntil: "networkidle" });
    return { page, problems };
  }

  test.each([
    ["/", 375],
    ["/", 1440],
    ["/docs/tutorial.html", 375],
    ["/docs/tutorial.html", 1440],
    ["/reference/index.html", 375],
    ["/reference/index.html", 1440],
    ["/reference/classes/valve-sockets_message.NetworkServer.html", 375],
    ["/reference/classes/valve-sockets_message.NetworkServer.html", 1440],
  ])("%s fits into %i pixels, with all pictures and without errors", async (path, width) => {
    const { page, problems } = await open(path, width);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    expect(await page.evaluate("[...document.images].filter((image) => image.naturalWidth === 0).length")).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("leads to pages of four kinds, finds words, and names the files of a program", async () => {
    const { page, problems } = await open("/", 1440);
    const kinds = page.locator(".VPSidebar h2");
    expect(await kinds.allTextContents()).toEqual(["Tutorials", "How to", "Reference", "Explanation"]);
    expect(await page.locator('.VPContent img[alt^="The layers"]').count()).toBe(1);
    await page.locator(".VPSidebar a", { hasText: "Tutorial: an arena" }).click();
    await page.locator("h1", { hasText: "Tutorial: an arena" }).waitFor();
    const block = page.locator(".file-name", { hasText: "server.mjs" }).first();
    expect(await block.locator("+ div pre code").textContent()).toContain("new NetworkServer(");
    await page.locator(".VPNavBarSearch button").click();
    await page.locator("#localsearch-input").fill("maxSuspended");
    await page.locator(".VPLocalSearchBox a", { hasText: "Messages" }).first().waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  test("leads to the reference: every entry point, each export with its docstring, and back", async () => {
    const { page, problems } = await open("/", 1440);
    await page.locator(".VPSidebar a", { hasText: "All types" }).click();
    const modules = page.locator(".col-content .tsd-member-summary-name");
    await modules.first().waitFor();
    const names = (await modules.allTextContents()).map((name) => name.trim());
    expect(names.sort()).toEqual(entryPoints.map(({ name }) => name).sort());
    await page.goto(new URL("/reference/classes/valve-sockets_message.NetworkServer.html", page.url()).href);
    const method = page.locator("section", { has: page.locator("h3#sendtoall") });
    expect(await method.first().textContent()).toContain("Sends a message to all authenticated players");
    await page.getByRole("link", { name: "Documentation" }).first().click();
    await page.locator(".VPSidebar").waitFor();
    expect(new URL(page.url()).pathname).toBe("/");
    expect(problems).toEqual([]);
    await page.close();
  });
});
