import { expect, test } from "vitest";
import type { Clock } from "../../../lib/clock.js";
import { defineAuthenticator, defineCredential, defineProtocol, NetworkError } from "../../../lib/message/index.js";
import type { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { Directory, type SessionEntry } from "../../../lib/rooms/fleet/directory.js";
import type { RoomKind } from "../../../lib/rooms/index.js";
import { decode, encode, string, u32 } from "../../../lib/serialization/index.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const newProtocol = () => defineProtocol({ name: "stops", version: 1, messages: [] });
const names = defineAuthenticator("name", string(20), (data) => ({ data }));
const as = (name: string) => ({ credential: defineCredential("name", string(20), () => name) });

/** A kind of rooms with a state, and with which states hosts have taken such rooms over. */
function countingGame() {
  const game = { count: 0, restored: [] as number[] };
  const kind: RoomKind = {
    ...{ capacity: 100, emptyMs: 60_000, open() {} },
    snapshot: () => encode(u32, game.count),
    restore: (_room, state) => void game.restored.push(decode(u32, state)),
  };
  return { game, kind };
}

/** Two hosts, the first with an engine that a test has changed. */
async function fleetWith(change: (engine: MemoryEngine, fleet: FleetWorld) => void, writeMs = 0) {
  const { game, kind } = countingGame();
  const fleet = new FleetWorld(newProtocol, { game: kind }, { authentication: { authenticators: [names] }, writeMs });
  const a = await fleet.add();
  await fleet.wait(a.host.stop());
  change(a.engine, fleet);
  await fleet.wait(a.host.start());
  const b = await fleet.add();
  await fleet.run(2500, 50);
  for (const id of ["one", "two"]) await fleet.wait(a.host.createRoom("game", { id }));
  await fleet.run(100);
  return { fleet, a, b, game };
}

/** Calls `before` in front of each write of a log, or of a session. */
function beforeWrites(engine: MemoryEngine, before: { log?(): Promise<void>; session?(text: string): void }): void {
  const { log: openLog, bucket: openBucket } = engine;
  engine.log = async (name) => {
    const log = await openLog.call(engine, name);
    const append: typeof log.append = async (...given) => {
      await before.log?.();
      return log.append(...given);
    };
    return { ...log, append };
  };
  engine.bucket = async (name, options) => {
    const bucket = await openBucket.call(engine, name, options);
    if (!name.endsWith("-sessions")) return bucket;
    const check = (value: Uint8Array) => before.session?.(new TextDecoder().decode(value));
    const create: typeof bucket.create = async (key, value, ttl) => {
      check(value);
      return bucket.create(key, value, ttl);
    };
    const update: typeof bucket.update = async (key, value, revision) => {
      check(value);
      return bucket.update(key, value, revision);
    };
    return { ...bucket, create, update };
  };
}

const nextTold = ({ client }: Awaited<ReturnType<FleetWorld["connect"]>>) =>
  new Promise((resolve) => client.on("suspended", resolve));

test("who changes rooms while a host that stops stores them is in the new one", async () => {
  let logMs = 0;
  const { fleet, a, b, game } = await fleetWith((engine, { clock }) => {
    beforeWrites(engine, { log: () => new Promise((resolve) => void clock.setTimeout(resolve, logMs)) });
  }, 100);
  const { client, rooms } = await fleet.connect(a, as("ann"));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(3000);
  logMs = 2000;
  game.count = 1;
  const resumed = new Promise((resolve) => client.on("resumed", resolve));
  const stopping = a.host.stop();
  await fleet.run(1950);
  await fleet.wait(rooms.joinById("two"));
  await fleet.wait(Promise.all([stopping, resumed]));
  expect([rooms.room?.id, b.host.fleet?.whereIs("ann")?.room]).toEqual(["two", "two"]);
});

test("a host stops as soon as all is stored, while players go on changing rooms", async () => {
  const { fleet, a } = await fleetWith(() => {}, 300);
  const players: Awaited<ReturnType<typeof fleet.connect>>[] = [];
  for (let number = 0; number < 8; number++) players.push(await fleet.connect(a, as(`p${number}`)));
  const told = Promise.race(players.map(nextTold));
  let isOver = false;
  const move = async () => {
    for (let turn = 0; !isOver; turn++) {
      const player = players[turn % players.length] as (typeof players)[number];
      void player.rooms.joinById(player.rooms.room?.id === "one" ? "two" : "one").catch(() => {});
      await new Promise<void>((resolve) => void fleet.clock.setTimeout(resolve, 200));
    }
  };
  void move();
  await fleet.run(2000);
  const sinceMs = fleet.clock.now();
  const stopping = a.host.stop();
  await fleet.wait(told);
  const toldMs = fleet.clock.now() - sinceMs;
  isOver = true;
  await fleet.wait(stopping);
  expect(toldMs).toBeLessThan(1700);
});

test("one session that cannot be stored keeps no other back, and the rooms go on as they were at the end", async () => {
  let lost = "nobody";
  const { fleet, a, b, game } = await fleetWith((engine) => {
    beforeWrites(engine, {
      session: (text) => {
        if (text.includes(lost)) throw new NetworkError("ERR_TIMEOUT", "The engine does not answer");
      },
    });
  });
  const players: Awaited<ReturnType<typeof fleet.connect>>[] = [];
  for (let number = 10; number < 50; number++) {
    const player = await fleet.connect(a, as(`p${number}`));
    await fleet.wait(player.rooms.joinById("one"));
    players.push(player);
  }
  await fleet.run(2500);
  lost = "p33";
  for (const { rooms } of players) void rooms.joinById("two");
  await fleet.run(20);
  const told = nextTold(players[0] as (typeof players)[number]);
  const sinceMs = fleet.clock.now();
  const count = () => {
    game.count++;
    timer = fleet.clock.setTimeout(count, 50);
  };
  let timer = fleet.clock.setTimeout(count, 50);
  const stopping = fleet.wait(a.host.stop());
  await fleet.wait(told);
  expect(fleet.clock.now() - sinceMs).toBeLessThan(3000);
  fleet.clock.clearTimeout(timer);
  await stopping;
  expect(fleet.clock.now() - sinceMs).toBeLessThan(10_000);
  await fleet.run(5000);
  const here = players.map(({ rooms }) => rooms.room?.id);
  expect([here.filter((id) => id === "two").length, here.filter((id) => id === "one").length]).toEqual([39, 1]);
  expect(game.restored).toHaveLength(2);
  for (const count of game.restored) expect(game.count - count).toBeLessThanOrEqual(10); // half a second
  expect(b.errors).toEqual([]);
});

/** A clock whose timers are early, as those of Node are by up to a millisecond: here by more than a step of time. */
const earlyClock = (clock: Clock): Clock => ({
  now: () => clock.now(),
  setTimeout: (callback, ms) => clock.setTimeout(callback, ms > 10 ? ms - 10 : ms),
  clearTimeout: (timer) => clock.clearTimeout(timer),
});

test("a drain ends at its deadline while the engine is away, also where a timer is early", async () => {
  const { game, kind } = countingGame();
  const fleet = new FleetWorld(newProtocol, { game: kind });
  const a = await fleet.add({ clock: earlyClock(fleet.clock) });
  await fleet.add();
  await fleet.run(2500, 50);
  await fleet.wait(a.host.createRoom("game"));
  await fleet.run(3000);
  game.count = 1;
  a.engine.disconnect();
  const sinceMs = fleet.clock.now();
  expect(await fleet.wait(a.host.drain({ deadlineMs: 1000 }))).toBe(0);
  expect(fleet.clock.now() - sinceMs).toBeLessThan(11_000);
});

test("all stops of a host at once are one, which ends in its time while the engine is away", async () => {
  const { fleet, a } = await fleetWith(() => {});
  const { rooms } = await fleet.connect(a, as("ann"));
  a.engine.disconnect();
  await fleet.wait(rooms.joinById("one"));
  const sinceMs = fleet.clock.now();
  const ends: number[] = [];
  const stop = ({ host }: FleetProcess) => host.stop().then(() => void ends.push(fleet.clock.now() - sinceMs));
  const stops = [stop(a), stop(a)];
  await fleet.run(3000);
  await fleet.wait(Promise.all([...stops, stop(a)]));
  expect(ends[0]).toBeLessThan(10_100);
  expect(ends).toEqual([ends[0], ends[0], ends[0]]);
});

test("who stops the server of a host stops the host: all is stored before players are told", async () => {
  const { fleet, a, b, game } = await fleetWith(() => {}, 100);
  const { client, rooms } = await fleet.connect(a, as("ann"));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(3000);
  const resumed = new Promise((resolve) => client.on("resumed", resolve));
  await fleet.wait(rooms.joinById("two"));
  game.count = 1;
  await fleet.wait(Promise.all([a.host.server.stop(), resumed]));
  expect([rooms.room?.id, b.host.fleet?.whereIs("ann")?.room, game.restored.at(-1)]).toEqual(["two", "two", 1]);
  expect(a.host.server.active).toBe(false);
});

test("a drain of the server of a host stores at its deadline before it tells players", async () => {
  const { fleet, a, b } = await fleetWith(() => {}, 100);
  const { client, rooms } = await fleet.connect(a, as("ann"));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(3000);
  const resumed = new Promise((resolve) => client.on("resumed", resolve));
  const draining = a.host.server.drain({ deadlineMs: 1000 });
  await fleet.run(980);
  await fleet.wait(rooms.joinById("two"));
  expect(await fleet.wait(draining)).toBe(1);
  await fleet.wait(resumed);
  expect([rooms.room?.id, b.host.fleet?.whereIs("ann")?.room]).toEqual(["two", "two"]);
});

test("who has just changed rooms, and whose redirect fails half way, goes on in the new room", async () => {
  let isSlow = false;
  const { fleet, a, b } = await fleetWith((engine, { clock }) => {
    const { bucket: open } = engine;
    engine.bucket = async (name, options) => {
      const bucket = await open.call(engine, name, options);
      const update: typeof bucket.update = async (...given) => {
        if (isSlow && name.endsWith("-sessions")) await new Promise<void>((go) => void clock.setTimeout(go, 1000));
        return bucket.update(...given);
      };
      return { ...bucket, update };
    };
  });
  const c = await fleet.add();
  const { client, rooms } = await fleet.connect(a, as("ann"));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(3000);
  isSlow = true;
  await fleet.wait(rooms.joinById("two"));
  await fleet.wait(rooms.joinById("one"));
  const resumed = new Promise((resolve) => client.on("resumed", resolve));
  void a.host.drain();
  await fleet.until(() => a.host.getRoom("one") === null, 1);
  const [taker, other] = b.host.getRoom("one") ? [b, c] : [c, b];
  await taker.kill();
  await fleet.wait(resumed);
  await fleet.run(3000);
  expect([rooms.room?.id, other.host.fleet?.whereIs("ann")?.room]).toEqual(["one", "one"]);
});

test("a late record of another host does not keep a host from writing where its player goes", async () => {
  const { fleet, a, b } = await fleetWith(() => {});
  const { rooms } = await fleet.connect(a, as("ann"));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(100);
  const directory = await fleet.wait(Directory.open(fleet.engine, "test"));
  const [here] = directory.sessionsOf("ann") as [SessionEntry];
  await fleet.wait(directory.putSession({ ...here, host: "another", room: "another", moves: here.moves + 1 }));
  for (const id of ["two", "one"]) {
    await fleet.wait(rooms.joinById(id));
    await fleet.run(100);
  }
  expect(b.host.fleet?.whereIs("ann")).toMatchObject({ host: a.id, room: "one" });
  directory.close();
});
