// The page of the quick start: its dots, and what its switches do to them.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser-page.js";
import { type Program, startProgram } from "../support/program.js";

let browser: Browser;
let program: Program;

beforeAll(async () => {
  browser = await launchBrowser();
  program = startProgram("../../examples/bad-network/main", ["0", "--inspect"], [], {
    DISPLAY: "",
    WAYLAND_DISPLAY: "",
  });
});
afterAll(async () => {
  program.child.kill("SIGINT");
  await Promise.all([browser.close(), program.end()]);
});

/** What the page notes of its first bot since the last `restart()`. A bot's place tells of which tick it is. */
interface Notes {
  /** How many values came. */
  changes: number;
  /** The most ticks in a row of which each came. */
  longestRun: number;
  /** How far off the dot was that is shown, in each frame, from the server's way between two ticks. */
  errors: number[];
}

const takeNotes = (page: Page) =>
  page.evaluate(`(async () => {
    const { placeOf } = await import("/game.mjs");
    const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);
    let [tick, run] = [0, 0];
    globalThis.restart = () => {
      run = 0;
      globalThis.notes = { changes: 0, longestRun: 0, errors: [] };
    };
    restart();
    const firstBot = () => [...badNetwork().bots].find(({ number }) => number === 0);
    const tickOf = (position) => {
      const now = badNetwork().client.time.tick;
      for (let one = now + 20; one > now - 100; one--) if (distance(placeOf(0, one), position) < 1e-5) return one;
      throw new Error("The server has never had the bot there");
    };
    firstBot().on("position", (position) => {
      const next = tickOf(position);
      run = next === tick + 1 ? run + 1 : 0;
      tick = next;
      notes.changes++;
      notes.longestRun = Math.max(notes.longestRun, run);
    });
    requestAnimationFrame(function frame() {
      requestAnimationFrame(frame);
      const bot = firstBot();
      if (!bot) return;
      const { shownTick } = badNetwork().world;
      const [from, to] = [placeOf(0, Math.floor(shownTick)), placeOf(0, Math.ceil(shownTick))];
      const part = shownTick % 1;
      const place = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
      notes.errors.push(distance(place, bot.shown.position));
    });
  })()`);

const set = (page: Page, switchName: string, value: number) => page.locator(`#${switchName}`).fill(String(value));
const notesWhen = async (page: Page, condition: string): Promise<Notes> => {
  await page.evaluate("restart()");
  await page.waitForFunction(condition, undefined, { timeout: 0 });
  return page.evaluate("notes");
};
const share = (values: number[], isRight: (value: number) => boolean) => values.filter(isRight).length / values.length;

/**
 * How many colours there are on each canvas at the places of its bots, each of which has one of its own. It waits for a
 * frame in which no dot (radius 0.06) covers another one's middle.
 */
const COLOURS_DRAWN = `new Promise((resolve) => {
  const places = (placeOf) => [...badNetwork().bots].map(placeOf);
  const areApart = (all) => {
    const isNear = (one, other) => one !== other && Math.hypot(one.x - other.x, one.y - other.y) < 0.1;
    return !all.some((one) => all.some((other) => isNear(one, other)));
  };
  const coloursAt = (id, all) => {
    const canvas = document.getElementById(id);
    const pixel = (part) => Math.round(((1 + part) / 2) * canvas.width);
    const context = canvas.getContext("2d");
    const colours = all.map(({ x, y }) => context.getImageData(pixel(x), pixel(y), 1, 1).data.join());
    return new Set(colours.filter((colour) => colour !== "0,0,0,0")).size;
  };
  requestAnimationFrame(function look() {
    requestAnimationFrame(() => {
      const raw = places(({ position }) => position);
      const shown = places((bot) => bot.shown.position);
      if (!areApart(raw) || !areApart(shown)) return look();
      resolve({ raw: coloursAt("raw", raw), shown: coloursAt("shown", shown) });
    });
  });
})`;

test("the dots obey the switches for loss, lag and transport", async () => {
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  const errors: unknown[] = [];
  page.on("pageerror", (error) => errors.push(error));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(await program.line("Page: "));
  const isThere = "badNetwork?.().world.shownTick != null && badNetwork().bots.size === 5";
  await page.waitForFunction(isThere, undefined, { timeout: 0 });
  await page.waitForFunction("document.getElementById('figures').textContent.startsWith('Over webtransport')");
  await takeNotes(page);

  await set(page, "lag", 0);
  await set(page, "loss", 0);
  await page.waitForFunction("badNetwork().client.time.roundTripTimeMs < 60", undefined, { timeout: 0 });
  const good = await notesWhen(page, "notes.longestRun >= 40");
  await set(page, "loss", 50);
  await notesWhen(page, "notes.changes >= 10"); // until then the switch may be on its way
  const lossy = await notesWhen(page, "notes.changes >= 200");
  await set(page, "loss", 0);
  await notesWhen(page, "notes.longestRun >= 40");
  // Of 40 packets in a row, half of which are lost, not all arrive. What is shown stays on the bot's way.
  expect(lossy.longestRun).toBeLessThan(40);
  expect(share(good.errors, (error) => error < 0.01)).toBeGreaterThan(0.8);
  expect(share(lossy.errors, (error) => error < 0.1)).toBeGreaterThan(0.8);

  await set(page, "lag", 300);
  await page.waitForFunction("badNetwork().client.time.roundTripTimeMs > 300", undefined, { timeout: 0 });
  expect(await page.locator("output[for=lag]").textContent()).toBe("300 ms");

  // What `--inspect` opens beside it: who is there, and in one click why it is slow.
  const inspector = await browser.newPage();
  inspector.on("pageerror", (error) => errors.push(error));
  await inspector.goto(await program.line("Inspector: "));
  await inspector.getByRole("columnheader", { name: "Shown late" }).waitFor();
  await inspector.getByRole("button", { name: /^Why\? Player/ }).click();
  await inspector.getByRole("heading", { name: /^Why \d+(\.\d)? ms\? Most of it / }).waitFor();
  await inspector.getByRole("tab", { name: "Objects" }).click();
  await inspector.getByText("5 objects, of which 5 are listed").waitFor();
  await inspector.close();
  await set(page, "lag", 0);
  await page.waitForFunction("badNetwork().client.time.roundTripTimeMs < 200", undefined, { timeout: 0 });

  for (const transport of ["websocket", "webtransport"]) {
    await page.locator("#transport").selectOption(transport);
    await page.locator("#figures", { hasText: `Over ${transport}` }).waitFor();
    await page.waitForFunction(isThere, undefined, { timeout: 0 });
    expect(await page.evaluate(COLOURS_DRAWN)).toEqual({ raw: 5, shown: 5 });
  }
  const path = process.env.QUICKSTART_SCREENSHOT;
  if (path) await page.screenshot({ path });
  expect(errors).toEqual([]);
}, 300_000);
