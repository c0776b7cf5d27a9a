import { execFileSync } from "node:child_process";
import { closeSync, linkSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { defineMessage, defineProtocol, NetworkServer } from "../../lib/message/index.js";
import type { NetworkError } from "../../lib/network-error.js";
import { record, replay } from "../../lib/recording/index.js";
import { TapeConnection } from "../../lib/recording/tape-connection.js";
import { bytes, string } from "../../lib/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { FakeClock } from "../../lib/testing/index.js";
import { ObjectWorld, prefabs, RockPrefab, ShipPrefab } from "../support/object-world.js";
import { Chat, close, gameProtocol, type Moment, recordGame, screen, stateOf } from "../support/recorded-game.js";

const Bulk = defineMessage("bulk", bytes(60_000));
const Extra = defineMessage("extra", string(200));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vs-recording-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ["in memory", undefined],
  ["over UDP", (port: number) => new UdpSocketFactory({ port })],
] as const)("a game %s", (name, sockets) => {
  test("is the same in a replay at each moment, and nobody has noticed", async () => {
    const path = join(folder, `${name}.jsonl`);
    const game = await recordGame(path, { ...(sockets && { sockets }), isPrivate: true });
    expect(game.players).toHaveLength(2);
    expect(game.observers).toBe(1); // its owner
    expect(readFileSync(path).length).toBe(game.bytes);

    const show = await screen(path);
    await show.during(show.client.connect());
    expect(show.film.durationMs).toBeCloseTo(game.durationMs, 2);
    for (const index of [0, 7, 19, 20, 44, 45, 55]) {
      const { ms, tick, state } = game.moments[index] as Moment;
      await show.during(show.film.seek(ms + 1));
      expect(show.film.tick).toBe(tick);
      expect(stateOf(show.world.objects)).toEqual(state);
    }
    await show.during(show.film.seek(Number.POSITIVE_INFINITY));
    expect(show.film.positionMs).toBe(show.film.durationMs);
    expect(show.sold).toEqual([[10, 20, 30, 40, 50, 60].map((step) => ["sold", step, step])]);
    expect(show.chat).toEqual(["step 10", "step 20", "step 30", "step 40", "step 50", "step 60"]);
    expect(Math.abs(show.client.time.tick - show.film.tick)).toBeLessThanOrEqual(1);
    await close(show);
  });
});

test("it plays at any speed, pauses, and begins again with another connection", async () => {
  const path = join(folder, "speed.jsonl");
  const game = await recordGame(path, { isPrivate: true });
  const show = await screen(path);
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      show.clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await show.during(show.client.connect());
  await pass(100);
  expect(show.film.positionMs).toBe(0);
  show.film.play(4);
  const startMs = show.clock.now();
  // It waits for the file, and then makes up for it.
  while (show.film.positionMs <= 700) await pass(1);
  expect(show.film.positionMs).toBeLessThanOrEqual(4 * (show.clock.now() - startMs));
  show.film.pause();
  const { positionMs } = show.film;
  const nowMs = show.film.clock.now();
  await pass(100);
  expect([show.film.positionMs, show.film.clock.now()]).toEqual([positionMs, nowMs]);
  const text = "5" as never;
  await expect(show.film.seek(text)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  expect(() => show.film.play(text)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  await expect(show.film.seek(Number.NaN)).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
  for (const speed of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1001])
    expect(() => show.film.play(speed)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));

  await show.during(show.client.disconnect());
  await pass(20);
  await expect(show.film.seek(0)).rejects.toMatchObject({ code: "ERR_STATE" });
  expect(() => show.film.play()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
  await show.during(show.client.connect());
  expect(show.film.positionMs).toBe(0);
  const { ms, state } = game.moments[3] as Moment;
  await show.during(show.film.seek(ms + 1));
  expect(stateOf(show.world.objects)).toEqual(state);
  show.film.play(1000);
  while (show.film.isPlaying) await pass(1);
  expect(show.film.positionMs).toBe(show.film.durationMs);
  await close(show);
});

describe("a file that is none, or not whole", () => {
  let whole: string;
  beforeAll(async () => {
    const path = join(folder, "whole.jsonl");
    await recordGame(path);
    whole = readFileSync(path, "utf8");
  });
  const fileWith = (content: string | Uint8Array) => {
    const path = join(folder, "damaged.jsonl");
    writeFileSync(path, content);
    return path;
  };
  const refused = (content: string | Uint8Array, text: RegExp, code = "ERR_RECORDING") =>
    expect(replay(fileWith(content), gameProtocol())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(text),
    });

  test("is refused by name", async () => {
    await expect(replay(join(folder, "none"), gameProtocol())).rejects.toMatchObject({ code: "ERR_RECORDING" });
    await refused("", /the file is empty/);
    await refused('{"source":"server-1","title":"valve-sockets"}\n', /Line 1 .*no recording/);
    await refused(new Uint8Array(5 * 2 ** 20).fill(7), /Line 1 .*longer/);
    await refused(whole.slice(0, -1), /cut/);
    const lines = whole.split("\n");
    await refused(`${lines.slice(0, 9).join("\n")}\n`, /Line 10 .*end is missing/);
    await refused(`${whole}${lines[3]}\n`, /follows the end/);
    await refused([...lines.slice(0, 4), ...lines.slice(5)].join("\n"), /Line 5 .*changed/);
  });

  test.runIf(process.platform === "linux")("nor is what is no file", async () => {
    const pipe = join(folder, "unread");
    execFileSync("mkfifo", [pipe]);
    symlinkSync(join(folder, "loop"), join(folder, "loop"));
    for (const path of [pipe, folder, "/dev/zero", join(folder, "loop")])
      await expect(replay(path, gameProtocol())).rejects.toMatchObject({ code: "ERR_RECORDING" });
  });

  test("that is changed while it plays ends the film", async () => {
    const path = join(folder, "changing.jsonl");
    expect((await recordGame(path, { runMs: 24_000 })).bytes).toBeGreaterThan(2 ** 16); // which is read at once
    const lines = readFileSync(path, "utf8").split("\n");
    const show = await screen(path);
    await show.during(show.client.connect());
    await show.during(show.film.seek(500));
    const at = lines.length - 9; // not read yet
    lines[at] = (lines[at] as string).replace("A", "B");
    writeFileSync(path, lines.join("\n"));
    await expect(show.during(show.film.seek(23_900))).rejects.toMatchObject({
      code: "ERR_RECORDING",
      message: expect.stringContaining(`Line ${at + 1} `),
    });
    await expect(show.film.seek(23_900)).rejects.toMatchObject({ code: "ERR_STATE" });

    await show.during(show.client.disconnect());
    await show.during(show.client.connect());
    await show.during(show.film.seek(500));
    rmSync(path);
    const back = show.during(show.film.seek(0));
    await expect(back).rejects.toMatchObject({ code: "ERR_RECORDING", message: expect.stringContaining("ENOENT") });
    await close(show);
  });

  test("whatever byte of it is another one, the line is named, and a part plays up to there", async () => {
    const bytes = Buffer.from(whole);
    for (let round = 0; round < 60; round++) {
      const at = Math.floor(((round + 0.5) / 60) * bytes.length);
      const damaged = Buffer.from(bytes);
      (damaged[at] as number) ^= 1 << (round % 7);
      const line = bytes.subarray(0, at).toString().split("\n").length;
      const path = fileWith(damaged);
      await expect(replay(path, gameProtocol())).rejects.toMatchObject({ code: "ERR_RECORDING" });
      if (line === 1) continue;
      const film = await replay(path, gameProtocol(), { isPartial: true });
      expect(film.durationMs).toBeLessThan(3100);
    }
  });

  test("a part plays", async () => {
    const lines = whole.split("\n");
    const show = await screen(fileWith(lines.slice(0, 30).join("\n")), gameProtocol(), { isPartial: true });
    await show.during(show.client.connect());
    await show.during(show.film.seek(Number.POSITIVE_INFINITY));
    expect(show.film.durationMs).toBeGreaterThan(500);
    expect(Object.keys(stateOf(show.world.objects))).toHaveLength(4);
    await close(show);
  });

  test("of another game, version or with other messages", async () => {
    const other = (name: string, version: number) => defineProtocol({ name, version, messages: [Chat] });
    const path = fileWith(whole);
    const mismatch = { code: "ERR_PROTOCOL_MISMATCH" };
    await expect(replay(path, other("another", 1))).rejects.toMatchObject(mismatch);
    await expect(replay(path, other("objects", 2))).rejects.toMatchObject(mismatch);
    const show = await screen(path, defineProtocol({ name: "objects", version: 1, messages: [Chat, Extra] }));
    await expect(show.during(show.client.connect())).rejects.toMatchObject(mismatch);
    show.film.close();
  });
});

describe.runIf(process.platform === "linux")("a disk that does not take it", () => {
  async function start(path: string) {
    const world = new ObjectWorld({ messages: [Bulk] });
    await world.server.start();
    const recording = await record(world.server, path);
    const told = () => world.errors.map((error) => (error as NetworkError).message);
    const end = async () => {
      await expect(recording.stop()).rejects.toMatchObject({ code: "ERR_RECORDING" });
      const { length } = world.errors;
      world.server.sendToAll(Bulk, new Uint8Array(1000));
      await world.run(100);
      expect(world.errors).toHaveLength(length);
      const stopping = world.server.stop();
      await world.run(100);
      await stopping;
    };
    return { world, told, end };
  }

  test("since it is full: the recording ends, and the game goes on", async () => {
    const { world, told, end } = await start("/dev/full");
    await world.until(() => world.errors.length > 0);
    expect(told()).toEqual([expect.stringMatching(/dev\/full cannot be written: ENOSPC/)]);
    await end();
  });

  test("since it is too slow: 16 MiB wait, and then the recording ends", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, "r+"); // reads nothing
    const { world, told, end } = await start(path);
    let sent = 0;
    for (; world.errors.length === 0 && sent < 500; sent++) {
      world.server.sendToAll(Bulk, new Uint8Array(50_000));
      await world.run(5);
    }
    expect(told()).toEqual(["The disk is too slow: over 16 MiB of the recording wait"]);
    expect(sent * 50_000).toBeGreaterThan(12 * 2 ** 20);
    expect(sent * 50_000).toBeLessThan(14 * 2 ** 20);
    await end();
    closeSync(reader);
  });
});

test("it ends when the server stops, and can be one of several", async () => {
  const [one, two] = [join(folder, "one.jsonl"), join(folder, "two.jsonl")];
  const world = new ObjectWorld({ messages: [Chat] });
  await world.server.start();
  const first = await record(world.server, one);
  world.server.sendToAll(Chat, "to the first");
  await world.run(100);
  const second = await record(world.server, two);
  world.objects.spawn(RockPrefab);
  await world.run(100);
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
  await Promise.all([first.stop(), second.stop()]);
  expect([first.durationMs, second.durationMs]).toEqual([205, 100].map((ms) => expect.closeTo(ms, -2)));
  for (const [path, chat] of [
    [one, ["to the first"]],
    [two, []],
  ] as const) {
    const show = await screen(path, defineProtocol({ name: "objects", version: 1, messages: [Chat] }), {}, prefabs);
    await show.during(show.client.connect());
    await show.during(show.film.seek(show.film.durationMs - 10));
    expect(show.world.objects).toHaveLength(1);
    expect(show.chat).toEqual(chat);
    await close(show);
  }
});

test("a world that rests takes no room: what was sent has arrived", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  const recording = await record(world.server, join(folder, "rests.jsonl"));
  const { ship, engine } = world.objects.spawn(ShipPrefab);
  await world.run(200);
  ship.position = { x: 3, y: 4 };
  engine.heat = 5;
  ship.health = 6;
  await world.run(200);
  const { bytes } = recording;
  await world.run(5000);
  expect(recording.bytes).toBe(bytes);
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
});

test("what was sent has arrived when it is written, and is forgotten", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  let [sent, waiting] = [0, 0];
  const { sendNotify } = TapeConnection.prototype;
  const spy = vi.spyOn(TapeConnection.prototype, "sendNotify");
  spy.mockImplementation(function (this: TapeConnection, bytes, callbacks, ...part) {
    sent++;
    waiting++;
    const onDelivered = () => {
      waiting--;
      callbacks.onDelivered?.();
    };
    return sendNotify.call(this, bytes, { onDelivered, onLost: () => callbacks.onLost?.() }, ...part);
  });
  onTestFinished(() => spy.mockRestore());
  const recording = await record(world.server, join(folder, "forgotten.jsonl"));
  const { ship } = world.objects.spawn(ShipPrefab);
  world.server.on("ticked", (tick) => {
    ship.position = { x: tick, y: 0 };
  });
  await world.run(2000);
  expect(sent).toBeGreaterThan(30);
  expect(waiting).toBe(0);
  await recording.stop();
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
});

test("it ends after a week", async () => {
  const path = join(folder, "week.jsonl");
  const clock = new FakeClock();
  const protocol = defineProtocol({ name: "objects", version: 1, messages: [Chat] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork({ clock }));
  const server = new NetworkServer({ protocol, clock, socketFactory, drive: "manual", tickRate: 20 });
  await server.start();
  const recording = await record(server, path);
  const turn = (ms: number) => {
    clock.advance(ms);
    server.updateReceive();
    server.sendToAll(Chat, `after ${ms}`);
    server.updateSent();
  };
  turn(50);
  turn(7 * 86_400_000);
  turn(50);
  await recording.stop();
  expect(recording.durationMs).toBeLessThan(7 * 86_400_000 + 100);
  const film = await replay(path, protocol);
  expect(readFileSync(path, "utf8").match(/:tick"/g)).toHaveLength(2);
  expect(film.durationMs).toBeLessThanOrEqual(7 * 86_400_000);
  await server.stop();
});

test("a file is recorded once at a time", async () => {
  const path = join(folder, "once.jsonl");
  const world = new ObjectWorld({ messages: [Chat] });
  await world.server.start();
  for (let round = 0; round < 2; round++) {
    const recording = await record(world.server, path);
    await expect(record(world.server, `${folder}/../${basename(folder)}/once.jsonl`)).rejects.toMatchObject({
      code: "ERR_STATE",
    });
    world.server.sendToAll(Chat, "kept");
    for (const [make, name] of [
      [symlinkSync, "soft.jsonl"],
      [linkSync, "hard.jsonl"],
    ] as const) {
      const other = join(folder, name);
      if (round === 0) make(path, other);
      await expect(record(world.server, other)).rejects.toMatchObject({ code: "ERR_STATE" });
    }
    await recording.stop();
    expect(readFileSync(path, "utf8").match(/recording:/g)).toEqual(["recording:", "recording:"]);
  }
  // Nobody else has it after a failure either.
  for (let round = 0; round < 2; round++)
    await expect(record(world.server, folder)).rejects.toMatchObject({ code: "ERR_RECORDING" });
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
});

test("a server that stops while the file opens is not recorded", async () => {
  const path = join(folder, "stopping.jsonl");
  const world = new ObjectWorld();
  await world.server.start();
  const recording = record(world.server, path);
  const stopping = world.server.stop();
  await expect(recording).rejects.toMatchObject({ code: "ERR_STATE" });
  await world.run(100);
  await stopping;
});

test("what is in no protocol: wrong arguments, and a server that is not active", async () => {
  const world = new ObjectWorld();
  await expect(record(world.server, join(folder, "x"))).rejects.toMatchObject({ code: "ERR_STATE" });
  await expect(record({} as never, join(folder, "x"))).rejects.toThrow(TypeError);
  await world.server.start();
  await expect(record(world.server, folder)).rejects.toMatchObject({ code: "ERR_RECORDING" });
  await expect(replay(5 as never, gameProtocol())).rejects.toThrow(TypeError);
  await expect(replay("x", {} as never)).rejects.toThrow(TypeError);
  await expect(replay("x", gameProtocol(), { speed: 2 } as never)).rejects.toMatchObject({
    code: "ERR_UNKNOWN_OPTION",
  });
  const stopping = world.server.stop();
  await world.run(100);
  await stopping;
});
