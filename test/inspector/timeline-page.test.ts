import { readFileSync, writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { axeViolations, InspectedServer } from "../support/inspected-server.js";
import { type Cause, slowTrace } from "../support/slow-messages.js";

const inspected = new InspectedServer();
const { ask, open } = inspected;
beforeAll(() => inspected.start());
afterAll(() => inspected.stop());

/** Drops a file on the page. */
async function drop(page: Page, lines: readonly string[], name = "trace.jsonl"): Promise<void> {
  const content = lines.join("\n");
  const files = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}));
    return transfer;
  })()`);
  await page.dispatchEvent("main", "drop", { dataTransfer: files });
}

test.each([
  ["a lost packet", "lost and resent"],
  ["a late tick", "waiting for a tick"],
  ["a full queue", "queued"],
  ["a slow handler", "in its handler"],
] as [Cause, string][])("why 50 ms? A click on a message that %s delayed tells: %s", async (cause, stage) => {
  const { page, errors } = await open();
  await drop(page, await slowTrace(cause));
  await page.getByRole("button", { name: "Messages", exact: true }).click();
  await page.getByRole("row", { name: /slow \(reliable\)/ }).click();
  const why = page.getByRole("region", { name: "Where its time went" });
  expect(await why.getByRole("heading").textContent()).toMatch(new RegExp(`^Why \\d+ ms\\? Most of it ${stage}\\.$`));
  expect(await axeViolations(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test("one click in the first view: why a player's messages take so long", async () => {
  const { page, errors } = await open({ viewport: { width: 390, height: 800 } });
  const { rows } = await ask();
  const { id } = rows.find(({ transport }) => transport === "udp") as { id: number };
  await page.getByLabel("Latency (ms)").fill("60");
  await page.getByLabel("Latency (ms)").press("Enter");
  const why = page.getByRole("button", { name: `Why? Player ${id}`, exact: true });
  await why.click();
  await page.getByRole("heading", { name: `Player ${id}, udp` }).waitFor();
  await page.getByRole("heading", { name: /^Why (1[2-9]|[2-9]\d)\d ms\? Most of it on its way\.$/ }).waitFor();
  await page.getByText("It is the slowest one so far").waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByLabel("Latency (ms)").fill("0");
  await page.getByLabel("Latency (ms)").press("Enter");
  expect(errors).toEqual([]);
});

test("a player's timeline says what there is to see over its transport", async () => {
  const { page, errors } = await open();
  const { rows } = await ask();
  await page.getByRole("tab", { name: "Timeline" }).click();
  for (const [transport, says] of [
    ["udp", "every packet with its acknowledgement"],
    ["gns", "packets of its own, which nobody sees"],
    ["websocket", "packets of its own, which nobody sees"],
  ]) {
    const player = rows.find((one) => one.transport === transport);
    await page.getByLabel("Player").selectOption(`${player?.id}`);
    await page.getByRole("heading", { name: `Player ${player?.id}, ${transport}` }).waitFor();
    await page
      .getByRole("row", { name: /sent.*chat <b> \(reliable\)/ })
      .first()
      .waitFor();
    await page.getByText(says as string).waitFor();
  }
  await page.getByLabel("Player").selectOption("");
  await page.getByText("Choose a player, or drop a trace file").waitFor();
  expect(errors).toEqual([]);
});

test("a hostile file shows as text, and what is no trace is told", async () => {
  const { page, errors } = await open();
  const name = "<img src=x onerror=alert(9)>\u202e";
  const event = (what: string, data: object) => JSON.stringify({ time: 1, source: name, name: what, data });
  await drop(page, [
    event("connectivity:connection_started", { id: 1, address: name, transport: name }),
    event("messages:received", { id: 1, name, bytes: "<b>", channel: name }),
    event(name, { id: 1, from: name, [name]: name }),
    event("transport:packet_sent", { id: 1, number: 3, content: name, pieces: [[name]] }),
    "garbage",
  ]);
  await page.getByText("1 lines are none of a trace").waitFor();
  const rows = page.getByRole("row");
  for (let at = 0; at < (await rows.count()); at++) await rows.nth(at).click();
  await page.getByRole("region").first().waitFor();
  expect(await page.locator("img, main b").count()).toBe(0);
  expect(await page.locator("main").textContent()).toContain("\\u{202e}");
  expect(await page.locator("main").textContent()).not.toContain("\u202e");
  await page.getByRole("button", { name: "Close trace.jsonl" }).click();
  await drop(page, ["nothing"], "<b>.txt");
  await page.getByRole("status").getByText("<b>.txt: No line of the file is one of a trace").waitFor();
  // It stays, though new figures come.
  await page.waitForResponse(/snapshot/);
  await page.waitForResponse(/snapshot/);
  expect(await page.getByRole("status").textContent()).toContain("No line of the file");
  expect(errors).toEqual([]);
});

test("the screenshots of the docs are of this page, and small", async () => {
  const game = new InspectedServer();
  onTestFinished(() => game.stop());
  await game.start("2", "pirates", "ship 0");
  const { page } = await game.open({ viewport: { width: 960, height: 600 }, colorScheme: "light" });
  const shoot = async (name: string) => {
    const image = await page.screenshot();
    const folder = process.env.INSPECTOR_DOCS;
    if (folder) writeFileSync(`${folder}/inspector-${name}.png`, image);
    const shown = readFileSync(`docs/images/inspector-${name}.png`);
    for (const one of [image, shown]) {
      expect(one.length).toBeLessThan(150_000);
      expect([one.readUInt32BE(16), one.readUInt32BE(20)]).toEqual([960, 600]);
    }
  };
  await page.getByRole("row", { name: /udp/ }).first().waitFor();
  for (let count = 0; count < 20; count++) await page.waitForResponse(/snapshot/); // the plots have something
  await shoot("connections");
  await drop(page, await slowTrace("a lost packet"));
  await page.getByRole("button", { name: "Messages", exact: true }).click();
  await page.getByRole("row", { name: /slow \(reliable\)/ }).click();
  await page.getByRole("region", { name: "Where its time went" }).waitFor();
  await shoot("timeline");
  await page.getByRole("tab", { name: "Objects" }).click();
  await page.getByRole("row", { name: /ship 7/ }).click();
  await page.getByRole("region", { name: /^Object / }).waitFor();
  await page.evaluate("document.querySelector('section').scrollTop = 0");
  await shoot("objects");
});
