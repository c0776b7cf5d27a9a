import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NetworkError } from "../../lib/network-error.js";
import { replay } from "../../lib/recording/index.js";
import { readHeader, readSteps } from "../../lib/recording/recording-file.js";
import { NetworkWriter } from "../../lib/serialization/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { gameProtocol, plainLines, recordGame, screen, writeSealed } from "../support/recorded-game.js";

let folder: string;
let lines: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vs-recording-"));
  const path = join(folder, "game.jsonl");
  await recordGame(path, { isPrivate: true, runMs: 11_000 });
  const plain = plainLines(path);
  const keyframe = plain.findIndex((line) => line.includes(":keyframe"));
  lines = [...plain.slice(0, keyframe + 3), plain.at(-1) as string];
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of these lines with checks that are right. */
const sealed = (contents: readonly string[]) => writeSealed(join(folder, "sealed.jsonl"), contents);

/** Plays it all, there and back. @returns the error that ended it, if there was one */
async function play(path: string, isPartial = false): Promise<unknown> {
  let show: Awaited<ReturnType<typeof screen>>;
  try {
    show = await screen(path, gameProtocol(), { isPartial }, undefined, { onError: () => {}, logger: { warn() {} } });
  } catch (error) {
    return error;
  }
  const { client, film, during } = show;
  try {
    await during(client.connect());
    await during(film.seek(Math.min(film.durationMs, 15_000)));
    await during(film.seek(11_000));
    return null;
  } catch (error) {
    return error;
  } finally {
    await during(client.disconnect());
    film.close();
    expect(show.clock.timerCount).toBe(0);
  }
}

/** The lines, with one more entry in one of them. */
const withEntry = (entry: string) =>
  lines.map((line, index) => (index === 5 ? line.replace('"messages":[', `"messages":[${entry},`) : line));

test("the lines play as they are", async () => {
  expect(await play(sealed(lines))).toBe(null);
});

test.each([
  ["a time that is earlier", (line: string) => line.replace(/"time":[0-9.]+/, '"time":1')],
  ["no time", (line: string) => line.replace(/"time":[0-9.]+/, '"time":null')],
  ["a tick that is none", (line: string) => line.replace(/"tick":\d+/, '"tick":-1')],
  ["a tick beyond 32 bits", (line: string) => line.replace(/"tick":\d+/, '"tick":4294967296')],
  ["no messages", (line: string) => line.replace(/"messages":\[.*\]/, '"messages":5')],
  ["a message that is no base64", (line: string) => line.replace(/"messages":\[/, '"messages":["§",')],
  ["an empty message", (line: string) => line.replace(/"messages":\[/, '"messages":["",')],
  ["a message that is null", (line: string) => line.replace(/"messages":\[/, '"messages":[null,')],
  [
    "a message that is longer than any",
    (line: string) => line.replace(/"messages":\[/, `"messages":["${"A".repeat(1_333_336)}",`),
  ],
  [
    "a message for no player",
    (line: string) => line.replace(/"messages":\[/, '"messages":[{"to":[-1],"message":"AAAA"},'),
  ],
  ["a scene that is none", (line: string) => line.replace(/"messages":\[/, '"messages":[{"scene":7},')],
  ["no data", (line: string) => line.replace(/"data":\{.*\}\}$/, '"data":null}}')],
  ["another name", (line: string) => line.replace("recording:tick", "recording:other")],
  ["no JSON", (line: string) => line.replace('"name"', "name")],
  ["null", () => "null}}"],
])("%s is refused, and the line is named", async (_, change) => {
  const path = sealed(lines.map((line, index) => (index === 5 ? change(line) : line)));
  await expect(replay(path, gameProtocol())).rejects.toMatchObject({
    code: "ERR_RECORDING",
    message: expect.stringMatching(/^Line 6 of /),
  });
});

test.each([
  ["a version that is none", /"version":1/, '"version":-1'],
  ["a tick rate that is none", /"tickRate":20/, '"tickRate":1e9'],
  ["a size beyond all", /"maxMessageSize":\d+/, '"maxMessageSize":1e12'],
  ["another format", /"format":1/, '"format":2'],
  ["no recording in it", /"recording":\{.*\}/, '"recording":null}'],
])("a header with %s is refused", async (_, from, to) => {
  const path = sealed(lines.map((line, index) => (index === 0 ? line.replace(from, to) : line)));
  await expect(replay(path, gameProtocol())).rejects.toMatchObject({
    code: "ERR_RECORDING",
    message: expect.stringMatching(/^Line 1 of /),
  });
});

test("a line of 4 MiB is read, and a longer one is not", async () => {
  const padded = (length: number) => {
    const [before, behind] = (withEntry('{"scene":"harbour","pad":""}')[5] as string).split('"pad":"') as [
      string,
      string,
    ];
    const check = ',"check":"0123456789abcdef"'.length;
    const pad = "x".repeat(length - check - before.length - '"pad":"'.length - behind.length);
    return sealed(lines.map((line, index) => (index === 5 ? `${before}"pad":"${pad}${behind}` : line)));
  };
  expect(await play(padded(4 * 2 ** 20))).toBe(null);
  await expect(replay(padded(4 * 2 ** 20 + 1), gameProtocol())).rejects.toMatchObject({
    code: "ERR_RECORDING",
    message: expect.stringMatching(/^Line 6 of .* longer than 4194304 bytes/),
  });
});

test("a game of more than a week is none that was recorded: nobody could go to its end", async () => {
  const { startMs } = JSON.parse(lines[0] as string).recording;
  const endingAt = (ms: number) => [
    ...lines.slice(0, -1),
    (lines.at(-1) as string).replace(/"time":[0-9.]+/, `"time":${startMs + ms}`),
  ];
  const week = 7 * 86_400_000;
  expect((await replay(sealed(endingAt(week)), gameProtocol())).durationMs).toBeCloseTo(week, 0);
  for (const ms of [week + 1, Number.MAX_SAFE_INTEGER - startMs])
    await expect(replay(sealed(endingAt(ms)), gameProtocol(), { isPartial: true })).rejects.toMatchObject({
      code: "ERR_RECORDING",
      message: expect.stringContaining("longer than a week"),
    });
});

test("a scene whose name is too long does not stop it", async () => {
  const scene = JSON.stringify({ scene: "x".repeat(100_000) });
  expect(await play(sealed(withEntry(scene)))).toBe(null);
});

test("a move into an era that there is none of: it is no message", async () => {
  const show = await screen(sealed(lines));
  const { messages } = show.client.protocol;
  show.film.close();
  const writer = new NetworkWriter();
  writer.writePacked(64 * messages.length + messages.findIndex(({ name }) => name === "network/move"));
  const move = Buffer.from(writer.toBytes()).toString("base64");
  expect(await play(sealed(withEntry(JSON.stringify(move))))).toBe(null);
});

test("bytes that were changed anywhere: refused, or the part before is read", async () => {
  const whole = readFileSync(sealed([...lines.slice(0, 9), ...lines.slice(-4)]));
  const random = seededRandom(210);
  const path = join(folder, "bytes.jsonl");
  for (let round = 0; round < ROUNDS; round++) {
    let damaged = Buffer.from(whole);
    for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
      const at = Math.floor(random() * damaged.length);
      if (random() < 0.8) damaged[at] = (damaged[at] as number) ^ (1 + Math.floor(random() * 255));
      else damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(Math.floor(random() * damaged.length))]);
    }
    if (damaged.equals(whole)) continue;
    writeFileSync(path, damaged);
    for (const isPartial of [false, true]) {
      let error: unknown = null;
      try {
        const { start } = await readHeader(path);
        for await (const { entries } of readSteps(path, start, isPartial)) expect(entries).toBeInstanceOf(Array);
      } catch (caught) {
        error = caught;
      }
      if (isPartial && error === null) continue;
      expect(error).toBeInstanceOf(NetworkError);
      expect(error).toMatchObject({ code: "ERR_RECORDING" });
    }
  }
});

test("messages that somebody made: the client plays them, or leaves with a reason", async () => {
  const random = seededRandom(211);
  const ends = new Set<string>();
  for (let round = 0; round < PLAYED; round++) {
    const rate = round % 2 === 0 ? 0.8 : 0.998;
    const changed = lines.map((line) =>
      line.replace(/(?<=[[,]|"message":)"([A-Za-z0-9+/]{8,}=*)"(?=[\],}])/g, (all, text) => {
        if (random() < rate) return all;
        const bytes = Buffer.from(text, "base64");
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        const length = random() < 0.2 ? 1 + Math.floor(random() * bytes.length) : bytes.length;
        return `"${bytes.subarray(0, length).toString("base64")}"`;
      }),
    );
    const error = await play(sealed(changed));
    if (error === null) ends.add("played");
    else {
      expect(error).toBeInstanceOf(NetworkError);
      ends.add((error as NetworkError).code);
    }
  }
  expect([...ends].sort()).toEqual(["ERR_STATE", "played"]);
});

/** How many files are read, and how many are played. */
const ROUNDS = Number(process.env.RECORDING_ROUNDS ?? 300);
const PLAYED = Math.ceil(ROUNDS / 10);
