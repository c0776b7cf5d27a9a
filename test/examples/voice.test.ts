// Two browsers and a bot in one room of examples/voice: what comes out of each browser is compared with what was
// spoken. Screenshots and recordings are kept in test/results/voice.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { openVoicePage, placeOf, SAMPLE_RATE } from "../../bench/harness/browser-voice.mjs";
import { createWavWriter, readWav } from "../../lib/comms/node.js";
import { type Program, startProgram } from "../support/program.js";
import { canSpeak, voiceFile } from "../support/speech.js";
import { stoi } from "../support/stoi.js";

if (!canSpeak) console.warn("Left out: voice between browsers. It needs the packages espeak-ng and sox.");

const results = fileURLToPath(new URL("../results/voice/", import.meta.url));
const WINDOW = 3 * SAMPLE_RATE;
const SLACK = 0.3 * SAMPLE_RATE;
/**
 * What is heard is compared with what the speaker's microphone recorded: the fake one drops samples on a busy machine,
 * and no listener can hear those. Another voice is below 0.5, and of frames that are dropped without concealment one in
 * ten makes 0.87. A quiet machine gives 0.98; nobody sees when the server or the bot, which are programs of Node, have
 * waited for a processor. The codec and the buffer have stricter tests.
 */
const LEAST_STOI = 0.93;
/** Where a page has waited longer than this for a processor, the machine is heard, and not the product. */
const MOST_WAIT_MS = 32;
/** What was said so long before is in the buffer. */
const BUFFERED_MS = 500;
/**
 * How many windows without such a wait are judged by their median, at least, and how often all speak for that, at most.
 * Where there are too few, the best of all has to be as good: what one frame in ten is missing from has no good part.
 */
const LEAST_WINDOWS = 4;
const ROUNDS = 4;

const programs: Program[] = [];
const pages: Awaited<ReturnType<typeof openVoicePage>>[] = [];

function start(name: string, ...parameters: string[]): Program {
  const program = startProgram(`../../examples/voice/${name}`, parameters);
  programs.push(program);
  return program;
}

afterAll(async () => {
  await Promise.all(pages.map(({ browser }) => browser.close()));
  for (const { child } of programs) child.kill("SIGKILL");
});

/**
 * What was spoken when this was heard: each second is looked for near its place, since the buffer plays faster and
 * slower where packets come unevenly. Only STOI minds that.
 */
function spokenAs(heard: Float32Array, file: Float32Array): Float32Array {
  const spoken = new Float32Array(heard.length);
  const place = placeOf(heard, file);
  for (let at = 0; at < heard.length; at += SAMPLE_RATE) {
    const first = Math.max(0, Math.min(place + at, file.length - SAMPLE_RATE) - SLACK);
    const around = file.subarray(first, place + at + SAMPLE_RATE + SLACK);
    const found = first + placeOf(heard.subarray(at, at + SAMPLE_RATE), around);
    spoken.set(file.subarray(found, found + Math.min(SAMPLE_RATE, heard.length - at)), at);
  }
  return spoken;
}

type VoicePage = (typeof pages)[number];
/** In samples. */
type Part = readonly [from: number, to: number];
type Recording = Awaited<ReturnType<VoicePage["recording"]>>;

/** A part of what was heard: how well it is understood, and how long a page has waited for a processor meanwhile. */
interface Judged {
  readonly value: number;
  readonly waitedMs: number;
}

/** How much later some pieces were recorded than others of the same time, by the wall clock. */
function waitedMs({ delays, startMs }: Recording, fromMs: number, toMs: number): number {
  const pieceOf = (ms: number) => Math.max(0, Math.floor(((ms - startMs) * SAMPLE_RATE) / 1000 / 128));
  const these = delays.slice(pieceOf(fromMs), pieceOf(toMs));
  return Math.max(...these) - Math.min(...these);
}

/** What was heard of a speech, in parts of 3 s. */
function judge(heard: Recording, [from, to]: Part, speech: Float32Array, speaker?: Recording): Judged[] {
  const judged: Judged[] = [];
  for (let at = from; at + WINDOW <= to; at += WINDOW) {
    const part = heard.samples.subarray(at, at + WINDOW);
    const startMs = heard.startMs + (at * 1000) / SAMPLE_RATE;
    const endMs = startMs + (WINDOW * 1000) / SAMPLE_RATE;
    const waits = [heard, ...(speaker ? [speaker] : [])].map((one) => waitedMs(one, startMs - BUFFERED_MS, endMs));
    judged.push({ value: stoi(spokenAs(part, speech), part, SAMPLE_RATE), waitedMs: Math.round(Math.max(...waits)) });
  }
  return judged;
}

/** A file, twice: it may be heard from its end into its beginning. */
async function fileTwice(path: string): Promise<Float32Array> {
  const { samples } = await readWav(path);
  const twice = new Float32Array(2 * samples.length);
  twice.set(samples);
  twice.set(samples, samples.length);
  return twice;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

async function keep(name: string, samples: Float32Array): Promise<void> {
  const wav = await createWavWriter(`${results}${name}.wav`, SAMPLE_RATE);
  await wav.write(samples);
  await wav.close();
}

const speaks = ({ page }: VoicePage, name: string) => page.locator("li.speaking", { hasText: name }).waitFor();

/** What each page plays within the next seconds, as parts of its recording. */
function listen(seconds: number): Promise<Part[]> {
  return Promise.all(
    pages.map(async (page) => {
      const begin = await page.seconds();
      await page.waitUntil(begin + seconds);
      return [begin * SAMPLE_RATE, (begin + seconds) * SAMPLE_RATE] as const;
    }),
  );
}

/** Both speak at once, and then the bot does. */
async function speakOnce(udpPort: string): Promise<Record<string, Judged[]>> {
  const [ada, ben] = pages as [VoicePage, VoicePage];
  const begins = await Promise.all(pages.map((page) => page.seconds("microphone")));
  await Promise.all([ada.push(true), ben.push(true)]);
  await Promise.all([speaks(ada, "Ben"), speaks(ben, "Ada")]);
  const others = await listen(12);
  await Promise.all(
    pages.map(({ page }, index) => page.screenshot({ path: `${results}${["ada", "ben"][index]}.png` })),
  );
  await Promise.all([ada.push(false), ben.push(false)]);
  await Promise.all(pages.map(({ page }) => page.locator("li.speaking").waitFor({ state: "detached" })));
  const bot = start("bot", voiceFile(0), "127.0.0.1", udpPort);
  await Promise.all([speaks(ada, "Bot"), speaks(ben, "Bot")]);
  const bots = await listen(9);
  expect(await bot.end()).toMatchObject({ code: 0, errors: "" });

  const botSpeech = await fileTwice(voiceFile(0));
  const judged: Record<string, Judged[]> = {};
  for (const [index, page] of pages.entries()) {
    const name = ["Ada", "Ben"][index] as string;
    const heard = await page.recording("loudspeaker");
    await keep(name.toLowerCase(), heard.samples);
    const other = await (pages[1 - index] as VoicePage).recording("microphone");
    const speech = other.samples.subarray((begins[1 - index] as number) * SAMPLE_RATE);
    judged[`${name} hears the other`] = judge(heard, others[index] as Part, speech, other);
    judged[`${name} hears the bot`] = judge(heard, bots[index] as Part, botSpeech);
  }
  console.log("STOI of 3 s each:", judged);
  return judged;
}

test.skipIf(!canSpeak)(
  "two browsers hear each other, and the bot, so that speech is understood",
  async () => {
    mkdirSync(results, { recursive: true });
    const server = start("server", "0", "0");
    const [udpPort, url] = [await server.line("UDP port: "), await server.line("Page: ")];
    const open = (name: string, voice: number) => openVoicePage({ url, name, file: voiceFile(voice) });
    pages.push(...(await Promise.all([open("Ada", 0), open("Ben", 1)])));
    const all: Record<string, Judged[]> = {};
    const undisturbed = (who: string) => (all[who] as Judged[]).filter(({ waitedMs }) => waitedMs < MOST_WAIT_MS);
    const isEnough = () => Object.keys(all).every((who) => undisturbed(who).length >= LEAST_WINDOWS);
    for (let round = 0; round === 0 || (round < ROUNDS && !isEnough()); round++) {
      for (const [who, judged] of Object.entries(await speakOnce(udpPort))) all[who] = [...(all[who] ?? []), ...judged];
    }
    if (!isEnough()) console.warn("This machine is too busy for the median: the best part of each is judged.");
    for (const [who, parts] of Object.entries(all)) {
      const judged = isEnough() ? undisturbed(who) : parts;
      const values = judged.map(({ value }) => value);
      const value = isEnough() ? median(values) : Math.max(...values);
      console.log(`${who}: ${value.toFixed(3)}, of ${values.length} parts`);
      expect(value).toBeGreaterThan(LEAST_STOI);
    }
    expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
  },
  180_000,
);
