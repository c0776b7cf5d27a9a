import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Two voices in turn, 48 kHz, mono, 16 bits. */
const TEXTS: readonly (readonly [voice: string, text: string])[] = [
  [
    "en-gb",
    "The enemy base is behind the second hill. Wait for my signal, then go left and keep your head down. " +
      "I can see three of them near the old bridge, and one more on the roof.",
  ],
  [
    "en-us+f3",
    "Understood. We have enough fuel for twenty minutes, so please hurry. " +
      "Has anybody seen the blue key? It was lying on the table when we came in this morning.",
  ],
];

const folder = fileURLToPath(new URL("../../node_modules/.cache/speech", import.meta.url));
const spoken = join(folder, "two-voices.wav");

/** Whether this machine has the programs that make speech: the packages espeak-ng and sox. */
export const canSpeak = ["espeak-ng", "sox"].every((name) => spawnSync(name, ["--version"]).status === 0);

/** The path of a WAV file in which one of the voices, 0 or 1, speaks for about 10 s. It is made once. */
export function voiceFile(index: number): string {
  const [voice, text] = TEXTS[index] as (typeof TEXTS)[number];
  const path = join(folder, `voice-${index}.wav`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const [narrow, wide] = [`${path}-${process.pid}-narrow.wav`, `${path}-${process.pid}.wav`];
  run("espeak-ng", ["-v", voice, "-s", "150", "-w", narrow, text]);
  run("sox", [narrow, "-r", "48000", "-c", "1", "-b", "16", wide]);
  renameSync(wide, path);
  return path;
}

/** The path of a WAV file of about 20 s. It is made once. */
export function speechFile(): string {
  if (existsSync(spoken)) return spoken;
  mkdirSync(folder, { recursive: true });
  const parts = TEXTS.map(([voice, text], index) => {
    const path = join(folder, `voice-${index}-${process.pid}.wav`);
    run("espeak-ng", ["-v", voice, "-s", "150", "-w", path, text]);
    return path;
  });
  const joined = `${spoken}-${process.pid}.wav`;
  run("sox", [...parts, "-r", "48000", "-c", "1", "-b", "16", joined]);
  renameSync(joined, spoken);
  return spoken;
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}
