import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { placeOf } from "../../bench/harness/browser-voice.mjs";
import { readWav } from "../../lib/comms/node.js";
import { temporaryFolder } from "../support/packed.js";
import { startProgram } from "../support/program.js";
import { canSpeak, voiceFile } from "../support/speech.js";
import { stoi } from "../support/stoi.js";

if (!canSpeak) console.warn("Left out: voice between two programs. It needs the packages espeak-ng and sox.");

function start(name: string, ...parameters: string[]) {
  const program = startProgram(`../../examples/voice/${name}`, parameters);
  onTestFinished(() => void program.child.kill("SIGKILL"));
  return program;
}

test.skipIf(!canSpeak)("one program says a WAV file, and another writes what it hears into one", async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(folder, "heard.wav");
  const server = start("server", "0", "0");
  const port = await server.line("UDP port: ");
  const recorder = start("recorder", file, "127.0.0.1", port);
  await recorder.line("Recording lobby");
  const bot = start("bot", voiceFile(0), "127.0.0.1", port);
  await recorder.line("Bot speaks");
  await recorder.line("Bot is silent");
  expect(await bot.end()).toMatchObject({ code: 0, errors: "" });
  recorder.child.kill("SIGINT");
  expect(await recorder.end()).toMatchObject({ code: 0, errors: "" });
  server.child.kill("SIGINT");
  expect(await server.end()).toMatchObject({ code: 0, errors: "" });

  const [said, heard] = [await readWav(voiceFile(0)), await readWav(file)];
  expect(heard.sampleRate).toBe(said.sampleRate);
  // The best second: the others tell more of how busy the machine is. Another voice is below 0.5.
  const part = heard.sampleRate;
  const values: number[] = [];
  for (let at = 0; at + part <= heard.samples.length; at += part / 2) {
    const some = heard.samples.subarray(at, at + part);
    const place = placeOf(some, said.samples);
    values.push(
      place + part <= said.samples.length
        ? stoi(said.samples.subarray(place, place + part), some, heard.sampleRate)
        : 0,
    );
  }
  expect(Math.max(...values)).toBeGreaterThan(0.8);
});
