import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineMessage, defineProtocol } from "../../lib/message/index.js";
import { definePrefab, NetworkBehaviour, networked } from "../../lib/object/index.js";
import { record } from "../../lib/recording/index.js";
import { bytes } from "../../lib/serialization/index.js";
import { ObjectWorld } from "../support/object-world.js";
import { Chat, close, gameProtocol, plainLines, recordGame, screen, writeSealed } from "../support/recorded-game.js";

const LENGTH = 50_000;
const Bulk = defineMessage("bulk", bytes(LENGTH));
const Blob = networked(class Blob extends NetworkBehaviour {}, { content: bytes(LENGTH) });
const BlobPrefab = definePrefab("blob", { blob: Blob });
const contentOf = (fill: number) => new Uint8Array(LENGTH).fill(fill);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vs-recording-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a world, a tick and a keyframe of 5 MB each are several lines, and play as one", async () => {
  const path = join(folder, "large.jsonl");
  const world = new ObjectWorld({ messages: [Bulk, Chat], prefabs: [BlobPrefab] });
  await world.server.start();
  for (let fill = 0; fill < 100; fill++)
    world.objects.spawn(BlobPrefab, { init: ({ blob }) => Object.assign(blob, { content: contentOf(fill) }) });
  await world.run(100);
  const recording = await record(world.server, path);
  await world.run(5000);
  for (let fill = 0; fill < 100; fill++) world.server.sendToAll(Bulk, contentOf(fill));
  await world.run(9000);
  world.objects.objects[0]?.destroy();
  await world.run(2000);
  await recording.stop();
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
  expect(world.errors).toEqual([]);
  const keyframes = readFileSync(path, "utf8").match(/:keyframe"/g) ?? [];
  expect(keyframes.length).toBeGreaterThan(2);

  const protocol = defineProtocol({ name: "objects", version: 1, messages: [Bulk, Chat] });
  const show = await screen(path, protocol, {}, [BlobPrefab]);
  const fills: number[] = [];
  show.client.messageHandler.register(Bulk, ([fill]) => void fills.push(fill as number));
  const hasAll = () => {
    const contents = show.world.objects.map(({ behaviours }) => (behaviours as { blob: { content: Uint8Array } }).blob);
    expect(contents.map(({ content }) => content[LENGTH - 1]).toSorted((a = 0, b = 0) => a - b)).toEqual(all);
  };
  const all = Array.from({ length: 100 }, (_, fill) => fill);
  await show.during(show.client.connect());
  await show.during(show.film.seek(13_500));
  expect(fills).toEqual(all);
  hasAll();
  await show.during(show.film.seek(15_900));
  expect(show.world.objects).toHaveLength(99);
  // What is back is in the first line of the keyframe before.
  await show.during(show.film.seek(13_500));
  hasAll();
  expect(fills).toEqual(all);
  await close(show);
});

test("of more than 4096 keyframes every second is forgotten, and it goes on with the one before", async () => {
  const path = join(folder, "keyframes.jsonl");
  await recordGame(path, { runMs: 11_000 });
  const lines = plainLines(path);
  const of = (kind: string) => JSON.parse(lines.find((line) => line.includes(`"recording:${kind}"`)) as string);
  const { tick, messages } = of("keyframe").data;
  const isChat = (message: unknown) => /step \d/.test(Buffer.from(`${message}`, "base64").toString("latin1"));
  const chat = lines.flatMap((line) => (line.includes(":tick") ? JSON.parse(line).data.messages : [])).find(isChat);
  const { startMs } = JSON.parse(lines[0] as string).recording;
  const step = (kind: string, ms: number, data: object) =>
    JSON.stringify({ time: startMs + ms, source: "recording", name: `recording:${kind}`, data });
  const made = [lines[0] as string];
  const COUNT = 4200;
  for (let at = 0; at < COUNT; at++) {
    made.push(step("keyframe", 100 * at, { tick: tick + 2 * at, messages }));
    made.push(step("tick", 100 * at + 50, { tick: tick + 2 * at + 1, messages: [chat] }));
  }
  const last = COUNT * 100;
  made.push(step("ended", last, { tick: tick + 2 * COUNT }));
  const show = await screen(writeSealed(path, made), gameProtocol());
  await show.during(show.client.connect());
  await show.during(show.film.seek(5000));
  /** How many messages come again on the way there: those since the keyframe. */
  const comeAgain = async (ms: number) => {
    show.chat.length = 0;
    await show.during(show.film.seek(ms));
    return show.chat.length;
  };
  // 2 s and more before 4410 and 4310 are keyframes of numbers 24 and 23: the second is forgotten.
  expect([await comeAgain(4410), await comeAgain(4310)]).toEqual([20, 21]);
  expect(show.world.objects.length).toBe(3);
  await close(show);
});
