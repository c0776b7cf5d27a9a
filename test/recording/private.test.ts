import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { record } from "../../lib/recording/index.js";
import { ObjectWorld, prefabs, ShipPrefab } from "../support/object-world.js";
import { Chat, close, gameProtocol, recordGame, screen, stateOf } from "../support/recorded-game.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vs-recording-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All messages in a file, one behind the other. */
const contentsOf = (path: string) =>
  readFileSync(path, "utf8").replace(/"([A-Za-z0-9+/]{8,}=*)"/g, (_, text) =>
    Buffer.from(text, "base64").toString("latin1"),
  );

test("a private recording has what single players were told, for a replay with their eyes", async () => {
  const path = join(folder, "private.jsonl");
  const { ids } = await recordGame(path, { isPrivate: true });
  const told = async (player?: number) => {
    const show = await screen(path, gameProtocol(), player === undefined ? {} : { player });
    await show.during(show.client.connect());
    await show.during(show.film.seek(1050));
    await close(show);
    return show.chat;
  };
  expect(await told(ids[0])).toEqual([10, 20].flatMap((step) => [`step ${step}`, `to one ${step}`, `to both ${step}`]));
  expect(await told(ids[1])).toEqual([10, 20].flatMap((step) => [`step ${step}`, `to both ${step}`]));
  expect(await told()).toEqual(["step 10", "step 20"]);
});

test("another one has nothing that not everybody may see", async () => {
  const path = join(folder, "public.jsonl");
  const game = await recordGame(path, { runMs: 1000 });
  const contents = contentsOf(path);
  expect(contents).toContain("step 10");
  expect(contents).not.toContain("to one");
  expect(contents).not.toContain("to both");
  const show = await screen(path, gameProtocol(), { player: game.ids[0] as number });
  await show.during(show.client.connect());
  const moment = game.moments[15] as (typeof game.moments)[0];
  await show.during(show.film.seek(moment.ms + 1));
  const hidden = Object.values(moment.state) as Record<string, number>[];
  for (const state of hidden) for (const name of ["ammo", "code"]) if (state[name] !== undefined) state[name] = 0;
  expect(stateOf(show.world.objects)).toEqual(moment.state);
  await close(show);
});

test("the messages of the library itself, with session keys and tickets, are in none", async () => {
  const path = join(folder, "secrets.jsonl");
  const world = new ObjectWorld({ messages: [Chat], resumeWindowMs: 5000 });
  await world.server.start();
  const recording = await record(world.server, path, { isPrivate: true });
  const { player, client } = await world.enter();
  world.objects.spawn(ShipPrefab, { owner: player });
  player.send(Chat, "welcome");
  await world.run(500);
  const { address } = player;
  void client.disconnect();
  await world.run(500);
  await recording.stop();
  const contents = contentsOf(path);
  expect(contents).toContain("welcome");
  expect(contents).not.toContain(address);
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;

  // Which messages these are, by what a client of the recording counts.
  const show = await screen(path, gameProtocol(), {}, prefabs);
  await show.during(show.client.connect());
  const counts = () =>
    show.client.protocol.messages.map((message) => show.client.player?.metricsOf(message).messagesReceived);
  const before = counts();
  await show.during(show.film.seek(400));
  const after = counts();
  const names = show.client.protocol.messages
    .map(({ name }) => name)
    .filter((_, index) => before[index] !== after[index]);
  expect(names.filter((name) => !/pong/i.test(name))).toEqual(["objects/ordered"]);
  await close(show);
});
