import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeObjects } from "../support/arena-objects.mjs";
import { launchBrowser } from "../support/browser-page.js";
import { type Program, startProgram } from "../support/program.js";

const TICK_RATE = 30;
const SECONDS = 30;
/** Metres: what is rounded on the way. */
const PRECISION = 0.01;
/** Metres: how far shots reach, and more than a ship has from its middle to its edge. */
const [RANGE, SHIP_SIZE] = [30, 5];
/** What a page has is at most so far from what it shows. */
const SEARCHED_TICKS = 90;

/** What a world has, by the numbers of its objects. */
type World = Record<string, readonly (string | number | boolean)[]>;

interface Look {
  /** The tick that is shown. */
  tick: number;
  shown: [netId: number, x: number, y: number][];
  newest: World;
  /** The page's own ship: it is ahead of the server. */
  own: number | null;
}

interface Shot {
  tick: number;
  /** Which ship it hit for the page, and for the server; 0 for none. */
  saw: number;
  hit?: number;
}

interface PageNotes {
  looks: Look[];
  shots: Shot[];
  /** By tick of a shot: what was shown. */
  views: Record<number, View>;
  corrections: number;
}

/** What a page shows at a shot: how many ticks before it, from where it was fired, and where the other ships were. */
interface View {
  age: number;
  from: readonly [x: number, y: number];
  ships: Record<string, readonly [x: number, y: number]>;
}

interface ServerNotes {
  /** By tick. */
  history: Record<number, World>;
  /** By tick: how old a view the server believed at least, whether it had that input, and what it looked at. */
  shots: Record<number, { believedTicks: number; hadInput: boolean; looked: World }>;
  missing: number;
  /** By tick: how many ships there were that were shot down. */
  lost: Record<number, number>;
}

let browser: Browser;
let program: Program;

beforeAll(async () => {
  browser = await launchBrowser();
  program = startProgram("arena");
});

afterAll(async () => {
  program.child.stdin?.end();
  await Promise.all([browser.close(), program.end()]);
});

/** Has the page note what it has and shows in every fourth frame, and the time that is shown at each shot. */
const takeNotes = (page: Page) =>
  page.evaluate(`(() => {
    const describeObjects = ${describeObjects};
    const { client, world, ships } = arena;
    const firstTick = client.time.tick;
    globalThis.notes = { ticks: 0, looks: [], views: {} };
    const { onShot } = arena;
    arena.onShot = (shot) => {
      const others = [...ships].filter((ship) => ship !== arena.ship);
      const shown = others.map(({ identity, shown: { position: { x, y } } }) => [identity.netId, [x, y]]);
      const { x, y } = shot.ship.position;
      const view = { age: shot.tick - world.shownTick, from: [x, y], ships: Object.fromEntries(shown) };
      if (shot.ship === arena.ship) notes.views[shot.tick] ??= view;
      onShot(shot);
    };
    let count = 0;
    const look = () => {
      requestAnimationFrame(look);
      notes.ticks = client.time.tick - firstTick;
      if (world.shownTick === null || ++count % 4 > 0) return;
      const others = [...ships].filter((ship) => ship !== arena.ship);
      const shown = others.map(({ identity, shown: { position } }) => [identity.netId, position.x, position.y]);
      const own = arena.ship?.identity.netId ?? null;
      notes.looks.push({ tick: world.shownTick, shown, newest: describeObjects(world.objects), own });
    };
    look();
  })()`);

const readNotes = (page: Page): Promise<PageNotes> =>
  page.evaluate(`({
    ...notes,
    shots: arena.shots,
    corrections: arena.world.metrics.corrections,
  })`);

const isNear = (one: unknown, other: unknown) =>
  typeof one === "number" && typeof other === "number" ? Math.abs(one - other) < PRECISION : one === other;

/** Whether a page has what the server had after a tick; a part of it may be of the next one, whose rest is to come. */
const isWorldOf = (history: ServerNotes["history"], tick: number, { newest, own }: Look) =>
  Object.entries(newest).every(([netId, values]) => {
    const [before, after] = [history[tick]?.[netId], history[tick + 1]?.[netId]];
    if (Number(netId) === own) return true;
    return values.every((value, index) => isNear(value, before?.[index]) || isNear(value, after?.[index]));
  });

/** The tick of what a page has, not before `first`; null if the server was never like that. */
function tickOf(history: ServerNotes["history"], look: Look, first: number): number | null {
  const shown = Math.floor(look.tick);
  for (let tick = Math.max(first, shown - SEARCHED_TICKS); tick <= shown + SEARCHED_TICKS; tick++) {
    if (isWorldOf(history, tick, look)) return tick;
  }
  return null;
}

/** How far off what is shown is from the server's way between two ticks, of each ship that was seen by then. */
function errorsOf(history: ServerNotes["history"], { tick, shown }: Look, since: Map<string, number>): number[] {
  const [from, to] = [history[Math.floor(tick)], history[Math.ceil(tick)]];
  return shown.flatMap(([netId, x, y]) => {
    if ((since.get(String(netId)) ?? tick) >= tick) return [];
    const [, , , ...start] = from?.[netId] ?? [];
    const [, , , ...end] = to?.[netId] ?? [];
    const [left, top, right, bottom] = [...start, ...end].map(Number);
    if (left === undefined || top === undefined || right === undefined || bottom === undefined) return [];
    const part = tick % 1;
    return [Math.hypot(left + (right - left) * part - x, top + (bottom - top) * part - y)];
  });
}

/**
 * Whether the server owes a hit that a page saw: it had the input, and either believes that old a view or looked at the
 * same. A target that somebody else has shot down meanwhile is no hit, nor one behind a ship that the page does not
 * know.
 */
function isFair(shot: ServerNotes["shots"][number] | undefined, view: View | undefined, saw: number): boolean {
  if (!shot?.hadInput || !view || !shot.looked[saw]) return false;
  const ships = Object.entries(shot.looked).filter(([, { length, 0: pilot }]) => length === 5 && pilot !== "tester");
  const isInReach = ([, [, , , x, y]]: (typeof ships)[number]) =>
    Math.hypot(Number(x) - view.from[0], Number(y) - view.from[1]) < RANGE + SHIP_SIZE;
  if (ships.some((ship) => !view.ships[ship[0]] && isInReach(ship))) return false;
  const isSame = ships.every(([netId, [, , , x, y]]) => {
    const [shownX, shownY] = view.ships[netId] ?? [x, y];
    return isNear(x, shownX) && isNear(y, shownY);
  });
  return isSame || view.age <= shot.believedTicks;
}

test("a page plays for 30 s among 16 bots 100 ms away: it has, shows and hits what the server has", async () => {
  const address = await program.line("Page: ");
  await program.line("Bots: 16");
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const errors: unknown[] = [];
  page.on("pageerror", (error) => errors.push(error));
  page.on("console", (message) => errors.push(message.text()));
  await page.goto(`${address}?autopilot&name=tester`);
  // However slow the machine is: what is judged is the page's own time.
  await page.waitForFunction("globalThis.arena?.ship", undefined, { timeout: 0 });
  await takeNotes(page);
  await page.keyboard.press("n");
  await page.waitForFunction(`notes.ticks > ${SECONDS * TICK_RATE}`, undefined, { timeout: 0 });
  const { looks, shots, views, corrections } = await readNotes(page);
  const path = process.env.ARENA_SCREENSHOT;
  const image = await page.screenshot(path ? { path } : {});
  program.child.stdin?.write("notes\n");
  const { history, ...server } = JSON.parse(await program.line("Notes: ")) as ServerNotes;
  const report = [`ticks of the server: ${await program.line("Ticks: ")}`];
  expect(errors).toEqual([]);
  expect(image.length).toBeGreaterThan(10_000);

  // What it has is what the server had after some tick, and never of an older one than before.
  let [newest, same] = [0, 0];
  let last: World = {};
  const shownErrors: number[] = [];
  /** The tick since when it has had each object. */
  const since = new Map<string, number>();
  for (const look of looks) {
    const tick = tickOf(history, look, newest);
    if (tick === null) continue;
    newest = tick;
    last = look.newest;
    same++;
    for (const netId of since.keys()) if (!look.newest[netId]) since.delete(netId);
    for (const netId of Object.keys(look.newest)) if (!since.has(netId)) since.set(netId, tick);
    // Between two ticks that it has, it shows the way between them.
    if (tick >= look.tick) shownErrors.push(...errorsOf(history, look, since));
  }
  const right = shownErrors.filter((error) => error < 5 * PRECISION);
  report.push(`looks ${looks.length}, as a tick of the server ${same}`);
  report.push(`shown ships ${shownErrors.length}, where the server had them ${right.length}`);
  report.push(`corrections ${corrections}, inputs missing ${server.missing}`);

  const seen = shots.filter(({ saw, hit }) => saw > 0 && hit !== undefined);
  const fair = seen.filter(({ saw, tick }) => isFair(server.shots[tick], views[tick], saw));
  const hits = fair.filter(({ saw, hit }) => hit === saw);
  report.push(`shots ${shots.length}, hits seen ${seen.length}, fair ${fair.length}, of which hits ${hits.length}`);
  console.log(report.join("\n"));

  expect(looks.length).toBeGreaterThan(30);
  expect(same / looks.length).toBeGreaterThan(0.95);
  expect(right.length / shownErrors.length).toBeGreaterThan(0.97);
  // A correction follows from an input that the server had to do without, and each of them may need some.
  expect(corrections).toBeLessThanOrEqual(SECONDS + 4 * server.missing);
  expect(hits.length).toBeGreaterThanOrEqual(0.95 * fair.length);
  // Of a pilot a world has the name, and how many kills, deaths and stars it has.
  const pilots = Object.values(last).filter(({ length }) => length === 4);
  const [kills, deaths] = [1, 2].map((column) => pilots.reduce((sum, row) => sum + Number(row[column]), 0));
  expect([pilots.length, kills]).toEqual([17, deaths]);
  expect([server.lost[newest], server.lost[newest + 1]]).toContain(kills);
  expect(kills).toBeGreaterThan(0);
}, 300_000);
