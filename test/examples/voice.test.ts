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
 * Undisturbed it is 0.98, and 0.95 on two processors beside a dozen other programs. Another voice is below 0.5, and of
 * frames that are dropped without concealment one in ten makes 0.87. The codec and the buffer have stricter tests.
 */
const LEAST_STOI = 0.9;
/** Browsers that wait for a processor drop samples of microphone and loudspeaker: then all speak once more. */
const ROUNDS = 3;

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
    const first = Math.max(0, place + at - SLACK);
    const around = file.subarray(first, place + at + SAMPLE_RATE + SLACK);
    const found = first + placeOf(heard.subarray(at, at + SAMPLE_RATE), around);
    spoken.set(file.subarray(found, found + SAMPLE_RATE), at);
  }
  return spoken;
}

/** How well the speech of a file can be understood in what was heard: of each 3 s, wherever in the file they are. */
async function understood(heard: Float32Array, file: string): Promise<number[]> {
  const { samples } = await readWav(file);
  const twice = new Float32Array(2 * samples.length);
  twice.set(samples);
  twice.set(samples, samples.length);
  const values: number[] = [];
  for (let from = 0; from + WINDOW <= heard.length; from += WINDOW) {
    const part = heard.subarray(from, from + WINDOW);
    values.push(stoi(spokenAs(part, twice), part, SAMPLE_RATE));
  }
  return values;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

async function keep(name: string, samples: Float32Array): Promise<void> {
  const wav = await createWavWriter(`${results}${name}.wav`, SAMPLE_RATE);
  await wav.write(samples);
  await wav.close();
}

type VoicePage = (typeof pages)[number];
type Part = readonly [from: number, to: number];

const speaks = ({ page }: VoicePage, name: string) => page.locator("li.speaking", { hasText: name }).waitFor();

/** Which part of what each page records is played within the next seconds, in samples. */
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
async function speakOnce(udpPort: string): Promise<Record<string, number[]>> {
  const [ada, ben] = pages as [VoicePage, VoicePage];
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

  const scores: Record<string, number[]> = {};
  for (const [index, page] of pages.entries()) {
    const name = ["Ada", "Ben"][index] as string;
    const { samples } = await page.recording("loudspeaker");
    await keep(name.toLowerCase(), samples);
    const score = (part: Part | undefined, voice: number) =>
      understood(samples.subarray(...(part as Part)), voiceFile(voice));
    scores[`${name} hears the other`] = await score(others[index], 1 - index);
    scores[`${name} hears the bot`] = await score(bots[index], 0);
  }
  console.log("STOI of 3 s each:", scores);
  return scores;
}

test.skipIf(!canSpeak)(
  "two browsers hear each other, and the bot, so that speech is understood",
  async () => {
    mkdirSync(results, { recursive: true });
    const server = start("server", "0", "0");
    const [udpPort, url] = [await server.line("UDP port: "), await server.line("Page: ")];
    const open = (name: string, voice: number) => openVoicePage({ url, name, file: voiceFile(voice) });
    pages.push(...(await Promise.all([open("Ada", 0), open("Ben", 1)])));
    const best: Record<string, number> = {};
    const isUnderstood = () => Object.values(best).every((value) => value > LEAST_STOI);
    for (let round = 0; round === 0 || (round < ROUNDS && !isUnderstood()); round++) {
      for (const [who, values] of Object.entries(await speakOnce(udpPort))) {
        best[who] = Math.max(best[who] ?? 0, median(values));
      }
    }
    console.log("The best median of each:", best);
    for (const value of Object.values(best)) expect(value).toBeGreaterThan(LEAST_STOI);
    expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
  },
  180_000,
);
