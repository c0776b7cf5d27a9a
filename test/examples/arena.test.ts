import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trace } from "../../examples/arena/rules.mjs";
import { describeObjects } from "../support/arena-objects.mjs";
import { launchBrowser } from "../support/browser-page.js";
import { type Program, startProgram } from "../support/program.js";

const TICK_RATE = 30;
const SECONDS = 30;
/** Metres: what is rounded on the way. */
const PRECISION = 0.01;
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

/** What the page had and showed when it shot. */
interface View extends Look {
  aim: number;
  /** Where its own ship was. */
  from: [x: number, y: number];
}

interface PageNotes {
  /** How long it has played. */
  ticks: number;
  looks: Look[];
  shots: Shot[];
  /** By tick of a shot. */
  views: Record<number, View>;
  corrections: number;
}

/** What the server notes of a shot. */
interface ServerShot {
  /** How old a view it believed at least. */
  believedTicks: number;
  hadInput: boolean;
  looked: World;
  /** The tick by which it had sent the player each ship. */
  since: Record<number, number>;
}

interface ServerNotes {
  /** By tick. */
  history: Record<number, World>;
  /** By tick. */
  shots: Record<number, ServerShot>;
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

/** Has the page note what it has and shows in every fourth frame, and at each shot. */
const takeNotes = (page: Page) =>
  page.evaluate(`(() => {
    const describeObjects = ${describeObjects};
    const { client, world, ships } = arena;
    const firstTick = client.time.tick;
    globalThis.notes = { ticks: 0, looks: [], views: {} };
    const look = () => {
      const others = [...ships].filter((ship) => ship !== arena.ship);
      const shown = others.map(({ identity, shown: { position } }) => [identity.netId, position.x, position.y]);
      const own = arena.ship?.identity.netId ?? null;
      return { tick: world.shownTick, shown, newest: describeObjects(world.objects), own };
    };
    const { onShot } = arena;
    arena.onShot = (shot) => {
      const { aim, ship: { position } } = shot;
      if (shot.ship === arena.ship) notes.views[shot.tick] ??= { ...look(), aim, from: [position.x, position.y] };
      onShot(shot);
    };
    let count = 0;
    const frame = () => {
      requestAnimationFrame(frame);
      notes.ticks = client.time.tick - firstTick;
      if (world.shownTick !== null && ++count % 4 === 0) notes.looks.push(look());
    };
    frame();
  })()`);

interface Notes {
  page: PageNotes;
  server: ServerNotes;
  /** What the server says of its ticks. */
  ticks: string;
}

/** What both sides have noted when the page has played for so long, by its own time, however slow the machine is. */
async function playFor(page: Page, seconds: number): Promise<Notes> {
  const isDone = `notes.ticks > ${seconds * TICK_RATE} && notes.looks.length > 30`;
  await page.waitForFunction(isDone, undefined, { timeout: 0 });
  const ofPage = await page.evaluate(
    "({ ...notes, shots: arena.shots, corrections: arena.world.metrics.corrections })",
  );
  program.child.stdin?.write(`${seconds}\n`);
  const server = JSON.parse(await program.line(`Notes ${seconds}: `)) as ServerNotes;
  return { page: ofPage as PageNotes, server, ticks: await program.line(`Ticks ${seconds}: `) };
}

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
    // What is wholly of the next one is.
    if (isWorldOf(history, tick, look)) return isWorldOf(history, tick + 1, look) ? tick + 1 : tick;
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
 * Whether a hit that the page saw has to be one. The server must have had the input, believe that old a view, still
 * have the ship that was hit, and have sent all that was in the way by then. The page must not have guessed, and must
 * have had its own ship where the server had it. What is rounded on the way must not matter.
 */
function isFair(
  history: ServerNotes["history"],
  { tick, saw, hit = 0 }: Shot,
  view?: View,
  shot?: ServerShot,
): boolean {
  if (!view || !shot?.hadInput || !shot.looked[saw] || !isClear(view, saw)) return false;
  const isKnown = (tickOf(history, view, 0) ?? 0) >= view.tick;
  const isBelieved = tick - view.tick <= Math.min(shot.believedTicks, TICK_RATE / 2);
  const [, , , x, y] = shot.looked[view.own ?? 0] ?? [];
  const isThere = isNear(x, view.from[0]) && isNear(y, view.from[1]);
  const wasSent = [saw, hit].every((netId) => netId === 0 || (shot.since[netId] ?? tick) <= view.tick);
  return isKnown && isBelieved && isThere && wasSent;
}

/** The hits that the page saw and that the server has answered, as far as they have to be ones. */
const fairHits = ({ page: { shots, views }, server: { history, shots: answers } }: Notes): Shot[] =>
  seenHits(shots).filter((shot) => isFair(history, shot, views[shot.tick], answers[shot.tick]));

const seenHits = (shots: Shot[]) => shots.filter(({ saw, hit }) => saw > 0 && hit !== undefined);

/** Whether a ray a little beside that of the page hits the same ship. */
function isClear({ aim, from: [x, y], shown }: View, saw: number): boolean {
  const ships = shown.map(([netId, x, y]) => ({ netId, position: { x, y } }));
  const way = (aim * Math.PI) / 180;
  return [-PRECISION, PRECISION].every((aside) => {
    const position = { x: x - aside * Math.sin(way), y: y + aside * Math.cos(way) };
    const hit = trace({ position }, aim, ships).hit as { netId: number } | null;
    return hit?.netId === saw;
  });
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
  // On a busy machine what is shown may be older than the server believes: then it plays on.
  let seconds = SECONDS;
  let notes = await playFor(page, seconds);
  while (fairHits(notes).length === 0) {
    seconds += SECONDS;
    notes = await playFor(page, seconds);
  }
  const { ticks, looks, shots, corrections } = notes.page;
  const { history, ...server } = notes.server;
  const report = [`ticks of the server: ${notes.ticks}`];
  const path = process.env.ARENA_SCREENSHOT;
  const image = await page.screenshot(path ? { path } : {});
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

  // Each hit that it saw is one, where that is fair.
  const fair = fairHits(notes);
  const hits = fair.filter(({ saw, hit }) => hit === saw);
  report.push(
    `shots ${shots.length}, hits seen ${seenHits(shots).length}, fair ${fair.length}, of which hits ${hits.length}`,
  );
  console.log(report.join("\n"));

  expect(same / looks.length).toBeGreaterThan(0.95);
  expect(right.length).toBeGreaterThanOrEqual(0.97 * shownErrors.length);
  // A correction follows from an input that the server had to do without, and each of them may need some.
  expect(corrections).toBeLessThanOrEqual(ticks / TICK_RATE + 4 * server.missing);
  expect(fair.filter((shot) => !hits.includes(shot))).toEqual([]);
  // Of a pilot a world has the name, and how many kills, deaths and stars it has.
  const pilots = Object.values(last).filter(({ length }) => length === 4);
  const [kills, deaths] = [1, 2].map((column) => pilots.reduce((sum, row) => sum + Number(row[column]), 0));
  expect([pilots.length, kills]).toEqual([17, deaths]);
  expect([server.lost[newest], server.lost[newest + 1]]).toContain(kills);
  expect(kills).toBeGreaterThan(0);
}, 300_000);
