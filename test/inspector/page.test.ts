import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { InterestGrid } from "../../lib/object/index.js";
import { startCommand } from "../cli/command.js";
import { axeViolations, InspectedServer, type PlayerFigures } from "../support/inspected-server.js";

const VIEWS = ["Connections", "Timeline", "Left", "Messages", "Objects", "Voice", "All figures"];

const inspected = new InspectedServer();
const { ask, open } = inspected;
beforeAll(() => inspected.start());
afterAll(() => inspected.stop());

const choose = (page: Page, name: string) => page.getByRole("tab", { name }).click();

test("each view shows what the library has, over GNS, UDP and WebSocket, and texts as texts", async () => {
  const { page, errors } = await open();
  const { rows } = await ask();
  expect(rows).toHaveLength(6);
  await page.getByRole("cell", { name: rows[5]?.address as string, exact: true }).waitFor();
  for (const { id, address } of rows) {
    const row = page.getByRole("row", { name: new RegExp(`^${id} ${address.replaceAll(/[.[\]]/g, "\\$&")} `) });
    expect(await row.textContent()).toMatch(/ msWhy\?.*Authenticated/);
  }
  // Some of the clients tell how late they show the world.
  for (const name of ["Corrections", "Shown late"]) await page.getByRole("columnheader", { name }).waitFor();
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("<img src=x onerror=alert(1)> 3");

  await choose(page, "Messages");
  await page.getByRole("cell", { name: "chat <b>", exact: true }).waitFor();
  await choose(page, "Objects");
  await page.getByRole("cell", { name: /health 77/ }).waitFor();
  await page.getByRole("cell", { name: "0 B/s", exact: true }).first().waitFor(); // nothing of it changes
  expect(await page.getByRole("cell", { name: /health 77/ }).textContent()).toContain(
    "<script>alert(2)</script>\\u{202e}\\u{0}, ",
  );
  const squares = async () => (await page.locator(".map rect.watched title").allTextContents()).toSorted();
  const { grids } = await ask();
  const watched = (grids[0] as InterestGrid).cells.filter(({ watchers }) => watchers > 0);
  expect(watched.length).toBeGreaterThan(5);
  const texts = watched.map(
    (one) => `${one.column}, ${one.row}: objects ${one.objects}, players ${one.players}, watching ${one.watchers}`,
  );
  expect(await squares()).toEqual(texts.toSorted());
  expect(await page.locator(".map rect").count()).toBe(grids[0]?.count);
  await page.getByRole("img", { name: `Squares of 30: in ${grids[0]?.count} there is something. ` }).waitFor();
  await choose(page, "Voice");
  await page.getByRole("definition").getByText("Server", { exact: true }).waitFor();
  await page.getByText("A server hears nobody.").waitFor();
  await choose(page, "Left");
  await page.getByRole("cell", { name: "None" }).waitFor();

  await choose(page, "All figures");
  const figure = page.locator("div:has(> dt:text-is('connections.messagesReceived.0')) > dd");
  await figure.waitFor();
  const before = (await ask()).rows.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  const sent = page.locator("div:has(> dt:text-is('connections.bytesSent')) > dd");
  const numberOf = async () => Number((await sent.textContent())?.replaceAll(",", ""));
  while ((await numberOf()) < before) await page.waitForTimeout(50);
  await page.getByRole("button", { name: "Freeze" }).click();
  const frozen = await numberOf();
  const after = (await ask()).rows.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  expect(frozen).toBeGreaterThanOrEqual(before);
  expect(frozen).toBeLessThanOrEqual(after);
  expect(errors).toEqual([]);
});

test("with controls it changes the network, and disconnects a player", async () => {
  const { page, errors } = await open();
  const latency = page.getByLabel("Latency (ms)");
  await latency.fill("20");
  await latency.press("Enter");
  while ((await ask()).conditions.latencyMs !== 20) await page.waitForTimeout(20);
  const { rows } = await ask();
  const last = rows.at(-1) as PlayerFigures;
  await page.getByRole("button", { name: `Disconnect ${last.id}`, exact: true }).click();
  await page.getByText("Slowest round trip").waitFor(); // it has not chosen the row
  await page.getByRole("cell", { name: last.address, exact: true }).waitFor({ state: "detached" });
  expect((await ask()).rows.map(({ id }) => id)).toEqual(rows.slice(0, -1).map(({ id }) => id));
  await latency.fill("0");
  await latency.press("Enter");
  while ((await ask()).conditions.latencyMs !== 0) await page.waitForTimeout(20);
  expect(errors).toEqual([]);
});

test("two clicks: why a player was sent away, and what one player gets", async () => {
  const { page, errors } = await open();
  const { rows } = await ask();
  await page.getByRole("row", { name: new RegExp(`^${rows[0]?.id} `) }).click();
  await page.getByText("May be sent").waitFor();
  await choose(page, "Messages");
  await page.getByText(`Of player ${rows[0]?.id}.`).waitFor();
  const sentOf = async () => {
    const text = await page
      .getByRole("row", { name: /^chat <b> / })
      .getByRole("cell")
      .nth(1)
      .textContent();
    return Number(text?.replaceAll(",", ""));
  };
  const one = await sentOf();
  await page.getByRole("button", { name: "All players" }).click();
  await page.getByText("Of all players who are here").waitFor();
  expect(await sentOf()).toBeGreaterThan(one);

  await choose(page, "Connections");
  const gone = rows.at(-1) as PlayerFigures;
  await page.getByRole("button", { name: `Disconnect ${gone.id}`, exact: true }).click();
  await choose(page, "Left");
  await page.getByRole("row", { name: new RegExp(`s ago ${gone.id} .*Disconnected by the inspector`) }).waitFor();
  expect(errors).toEqual([]);
});

test("a wrong token is told", async () => {
  const page = await inspected.browser.newPage();
  onTestFinished(() => page.close());
  await page.goto(inspected.url.replace(/#.*/, "#wrong"));
  await page.getByRole("status").getByText("token is missing or wrong").waitFor();
  expect(await page.getByRole("cell").count()).toBe(0);
  // The right address in the same tab is another document, though only what is behind # is another.
  await page.goto(inspected.url);
  await page.getByRole("cell").first().waitFor();
});

test.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 800],
  ["dark", 360],
] as const)("in %s at %i pixels every view is accessible, and fits", async (colorScheme, width) => {
  const { page, errors } = await open({ colorScheme, viewport: { width, height: 800 } });
  for (const view of VIEWS) {
    await choose(page, view);
    await page.locator("section[aria-label] > *").first().waitFor();
    expect(await axeViolations(page), view).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth"), view).toBeLessThanOrEqual(width);
    const folder = process.env.INSPECTOR_SCREENSHOTS;
    if (folder)
      await page.screenshot({
        path: `${folder}/inspector-${view.toLowerCase().replace(" ", "-")}-${colorScheme}-${width}.png`,
      });
  }
  expect(errors).toEqual([]);
});

test("the keyboard reaches everything: views, rows, and back", async () => {
  const { page } = await open();
  const row = page.getByRole("row", { name: /^1 / });
  await row.focus();
  await page.keyboard.press("Enter");
  await page.getByText("Round trip of player 1").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Slowest round trip").waitFor();
});

test("valve-sockets inspect shows the same in a terminal", async () => {
  const [, address = ""] = /^http:\/\/(.*)$/.exec(inspected.url.replace("/#", "#")) ?? [];
  const { rows } = await ask();
  const { code, stdout, stderr } = await startCommand("inspect", address, "--once").end();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const { id, address } of rows)
    expect(stdout).toMatch(new RegExp(`^${id} +${address.replaceAll(".", "\\.")} `, "m"));
  const wrong = await startCommand("inspect", address.replace(/#.*/, "#wrong"), "--once").end();
  expect(wrong).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("token") });
  expect(await startCommand("inspect", address.replace(/#.*/, "")).end()).toMatchObject({ code: 2, stdout: "" });
});
