import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { launchBrowser } from "../support/browser-page.js";
import { addresses, NetworkWorld, whyNoNamespaces } from "../support/network-world.js";
import { type Program, startProgram } from "../support/program.js";

let browser: Browser;
const programs: Program[] = [];

function start(name: string, ...parameters: string[]): Program {
  const program = startProgram(`../../examples/lobby/${name}`, parameters);
  programs.push(program);
  return program;
}

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  for (const { child } of programs) child.kill("SIGKILL");
});

test("a host, a player over GNS and one in a browser meet, and begin a game together", async () => {
  const host = start("host", "ada", "3", "0", "0");
  const port = await host.line("UDP port: ");
  const address = await host.line("Page: ");
  await host.line("Entered ada's lobby");

  const grace = start("client", "grace", "localhost", port);
  await grace.line("Entered ada's lobby");
  await host.line("grace: Hello, grace here");

  const page = await browser.newPage();
  const errors: unknown[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(`${address}?name=linus`);
  const onPage = (text: string) => page.getByText(text, { exact: true }).waitFor();
  await onPage("Connected over webtransport");
  await onPage("Entered ada's lobby");
  await onPage("linus: Hello, linus here");
  await Promise.all([host.line("linus: Hello, linus here"), grace.line("linus: Hello, linus here")]);

  const everybody = "Roster: ada (ready), grace (ready), linus (ready)";
  await Promise.all([host.line(everybody), grace.line(everybody), onPage(everybody)]);
  await Promise.all([host.line("Loading arena"), grace.line("Loading arena"), onPage("Loading arena")]);
  const begin = "The game begins in arena";
  await Promise.all([host.line(begin), grace.line(begin), onPage(begin)]);

  const double = start("client", "ada", "localhost", port);
  expect(await double.end()).toMatchObject({ code: 1, errors: expect.stringContaining("There is a ada already") });

  host.child.kill("SIGINT");
  await Promise.all([
    grace.line("Disconnected: The host has closed the lobby"),
    onPage("Disconnected: The host has closed the lobby"),
  ]);
  expect(await grace.end()).toMatchObject({ code: 0, errors: "" });
  expect(await host.end()).toMatchObject({ code: 0, errors: "" });
  expect(errors).toEqual([]);
});

test("its page is on WebTransport, and on WebSocket where UDP is blocked", async () => {
  expect(whyNoNamespaces).toBeNull();
  const world = new NetworkWorld();
  const origin = `http://${addresses.p}:8080`;
  const flags = [`--unsafely-treat-insecure-origin-as-secure=${origin}`];
  const far = await launchBrowser([...flags, "--disable-features=LocalNetworkAccessChecks"], world.namespace("q"));
  try {
    world.start("p", "../../examples/lobby/host.mjs", ["ada", "9", "0", "8080"]);
    for (const [loss, transport] of [
      [0, "webtransport"],
      [100, "websocket"],
    ] as const) {
      world.setLoss(loss, "udp");
      const page = await far.newPage();
      await vi.waitUntil(() => page.goto(`${origin}?name=${transport}`).catch(() => null), { timeout: 30_000 });
      await page.getByText(`Connected over ${transport}`, { exact: true }).waitFor();
      await page.getByText(`${transport}: Hello, ${transport} here`, { exact: true }).waitFor();
    }
  } finally {
    await far.close();
    world.remove();
  }
});
