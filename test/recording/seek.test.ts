import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineProtocol, NetworkClient } from "../../lib/message/index.js";
import { record, replay } from "../../lib/recording/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { ObjectWorld, prefabs, RockPrefab } from "../support/object-world.js";
import { Chat, close, type Moment, recordGame, screen, stateOf } from "../support/recorded-game.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vs-recording-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const keyframesOf = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.includes('"recording:keyframe"'));

test("it goes anywhere and back: the world is the same there, and the time", async () => {
  const path = join(folder, "long.jsonl");
  const game = await recordGame(path, { isPrivate: true, runMs: 25_000 });
  expect(keyframesOf(path)).toHaveLength(2);
  const show = await screen(path);
  await show.during(show.client.connect());
  const random = seededRandom(21);
  for (let jump = 0; jump < 20; jump++) {
    const index = Math.floor(random() * (game.moments.length - 1));
    const { ms, tick, state } = game.moments[index] as Moment;
    await show.during(show.film.seek(ms + 1));
    expect(show.film.tick).toBe(tick);
    expect(stateOf(show.world.objects)).toEqual(state);
    if (ms > 2000) expect(Math.abs(show.client.time.tick - tick)).toBeLessThanOrEqual(1);
  }
  show.chat.length = 0;
  const { ms } = game.moments[400] as Moment;
  await show.during(show.film.seek(game.durationMs));
  expect(show.chat.at(-1)).toBe("step 500");
  show.chat.length = 0;
  await show.during(show.film.seek(ms));
  // What came from the keyframe on comes again, and nothing before.
  const steps = show.chat.map((text) => Number(text.slice(5)));
  expect(steps.length).toBeLessThanOrEqual(25);
  expect([...steps].sort((a, b) => a - b)).toEqual(steps);
  expect(steps.at(-1)).toBe(400);

  await show.during(show.film.seek(-5));
  expect(show.film.positionMs).toBe(0);
  expect(stateOf(show.world.objects)).toEqual((game.moments[0] as Moment).state);
  show.film.play();
  expect(show.film.isPlaying).toBe(true);
  await close(show);
});

test("a world that is large and rests has few keyframes: they are at most half of the file", async () => {
  const path = join(folder, "large.jsonl");
  const world = new ObjectWorld({ messages: [Chat] });
  await world.server.start();
  for (let count = 0; count < 6000; count++) world.objects.spawn(RockPrefab);
  await world.run(100);
  const recording = await record(world.server, path);
  world.server.on("ticked", () => void world.server.sendToAll(Chat, "a"));
  await world.run(125_000);
  await recording.stop();
  const bytes = keyframesOf(path).reduce((sum, line) => sum + line.length, 0);
  expect(keyframesOf(path).length).toBeGreaterThan(3);
  expect(keyframesOf(path).length).toBeLessThan(12);
  expect(bytes).toBeLessThan(recording.bytes / 2);
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
});

test("scenes: the client loads each before it gets what follows, and not again where it has it", async () => {
  const path = join(folder, "scenes.jsonl");
  const world = new ObjectWorld({ messages: [Chat] });
  await world.server.start();
  const load = async (name: string) => {
    const loading = world.server.loadScene(name);
    await world.run(100);
    await loading;
    world.server.sendToAll(Chat, `in ${name}`);
    await world.run(12_000);
  };
  await load("harbour");
  const recording = await record(world.server, path);
  await world.run(15_000);
  await load("\u{1f30a} sea");
  await recording.stop();
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;

  const protocol = defineProtocol({ name: "objects", version: 1, messages: [Chat] });
  const log: string[] = [];
  let finish: () => void = () => {};
  let fails = false;
  const show = await screen(path, protocol, {}, prefabs, { onError: () => {}, logger: { warn() {} } });
  show.client.onLoadScene = async (name) => {
    log.push(`load ${name}`);
    if (fails) throw new Error("no such scene");
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    log.push(`loaded ${name}`);
  };
  show.client.messageHandler.register(Chat, (text) => void log.push(text));
  await show.during(show.client.connect());
  const seek = (ms: number) => show.during(show.film.seek(ms));
  // Nothing of the film goes on meanwhile.
  const loading = show.film.seek(14_000);
  for (let turn = 0; turn < 400; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    show.clock.advance(1);
  }
  expect(log).toEqual(["load harbour"]);
  expect(show.film.positionMs).toBeLessThanOrEqual(50);
  const finishing = setInterval(() => finish(), 1);
  try {
    await show.during(loading);
    await seek(show.film.durationMs);
    expect(log).toEqual([
      "load harbour",
      "loaded harbour",
      "load \u{1f30a} sea",
      "loaded \u{1f30a} sea",
      "in \u{1f30a} sea",
    ]);
    log.length = 0;
    await seek(show.film.durationMs - 50);
    expect(log).toEqual([]); // the same scene
    for (const ms of [14_000, 5000]) {
      // The first has a keyframe before it.
      await seek(ms);
      expect(log).toEqual(["load harbour", "loaded harbour"]);
      await seek(show.film.durationMs);
      log.length = 0;
    }
    await seek(5000);
    log.length = 0;
    fails = true;
    await seek(show.film.durationMs);
    expect(log).toEqual(["load \u{1f30a} sea", "in \u{1f30a} sea"]);
  } finally {
    clearInterval(finishing);
  }
  await close(show);
});

test("closed or left in the middle, it says so, and nothing goes on", async () => {
  const path = join(folder, "closed.jsonl");
  await recordGame(path);
  const clock = new FakeClock();
  const show = await screen(path);
  await show.during(show.client.connect());
  const seeking = show.film.seek(2000);
  show.film.close();
  await expect(show.during(seeking)).rejects.toMatchObject({ code: "ERR_STATE" });
  await expect(show.film.seek(0)).rejects.toMatchObject({ code: "ERR_STATE" });
  await show.during(show.client.disconnect());
  // Once more, and back.
  await show.during(show.client.connect());
  await show.during(show.film.seek(2900));
  const back = show.film.seek(100);
  show.film.close();
  await expect(show.during(back)).rejects.toMatchObject({ code: "ERR_STATE" });
  await show.during(show.client.disconnect());

  // Closed while a client comes.
  const film = await replay(path, show.client.protocol, { clock });
  const client = new NetworkClient({
    protocol: show.client.protocol,
    clock: film.clock,
    socketFactory: film.socketFactory,
  });
  const connecting = client.connect();
  await null;
  film.close();
  await expect(connecting).rejects.toMatchObject({ code: expect.stringMatching(/ERR_CLOSED|ERR_CONNECT_FAILED/) });
  expect(clock.timerCount).toBe(0);
});
