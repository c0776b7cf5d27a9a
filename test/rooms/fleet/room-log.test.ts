import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../lib/random.js";
import { type Engine, type Log, MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { COMMIT_TIMEOUT_MS, type RoomHistory, RoomLog } from "../../../lib/rooms/fleet/room-log.js";
import { FakeClock } from "../../../lib/testing/fake-clock.js";
import { advance, bytes, faulty, randomFaults, settle, text } from "./support.js";

const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** A room's owner: what it has applied, and whether it was fenced. */
async function own(engine: Pick<Engine, "log">, clock: FakeClock, epoch: bigint, owner = `host${epoch}`) {
  const applied: string[] = [];
  const state = { fenced: 0 };
  const { log, history } = await RoomLog.open({
    log: await engine.log("test"),
    id: "arena",
    epoch,
    owner,
    clock,
    random: seededRandom(1),
    apply: (event) => applied.push(text(event)),
    fenced: () => void state.fenced++,
  });
  return { log, applied, state, replayed: replayOf(history), checkpoint: history.state && text(history.state) };
}

const replayOf = (history: RoomHistory) => history.events.map(text);

async function world() {
  const clock = new FakeClock();
  const engine = new MemoryEngine({ clock });
  const records = async () => {
    const found: bigint[] = [];
    for await (const { sequence } of (await engine.log("test")).read("arena", 0n)) found.push(sequence);
    return found.length;
  };
  return { clock, engine, records, open: (epoch: bigint, owner?: string) => own(engine, clock, epoch, owner) };
}

test("what was committed is applied in order, and replayed by the next owner once", async () => {
  const { clock, open } = await world();
  const first = await open(1n);
  expect([first.replayed, first.checkpoint]).toEqual([[], null]);
  const commits = ["a", "b", "c"].map((event) => first.log.commit(bytes(event)));
  await advance(clock, 0);
  expect(new Set(await Promise.all(commits)).size).toBe(1);
  const later = first.log.commit(bytes("d"));
  expect(first.applied).toEqual(["a", "b", "c"]);
  await advance(clock, 0);
  expect(await later).toBeGreaterThan((await commits[0]) ?? 0n);
  expect(first.applied).toEqual(["a", "b", "c", "d"]);
  expect((await open(2n)).replayed).toEqual(["a", "b", "c", "d"]);
});

test("events of one turn travel together, also those that come while others are being stored", async () => {
  const clock = new FakeClock();
  const engine = new MemoryEngine({ clock, latencyMs: 10 });
  const opening = own(engine, clock, 1n);
  for (let step = 0; step < 10; step++) await advance(clock, 10);
  const { log, applied } = await opening;
  const sequences: bigint[] = [];
  for (let at = 0; at < 100; at++) {
    void log.commit(bytes(`${at}`)).then((sequence) => sequences.push(sequence));
    await advance(clock, 1);
  }
  for (let step = 0; step < 5; step++) await advance(clock, 10);
  expect(applied).toEqual(Array.from({ length: 100 }, (_, at) => `${at}`));
  expect(new Set(sequences).size).toBeLessThanOrEqual(12);
});

test("an owner that was replaced is refused, and ends; what waits is told", async () => {
  const { clock, open } = await world();
  const old = await open(1n);
  const kept = old.log.commit(bytes("kept"));
  await advance(clock, 0);
  await kept;
  const next = await open(2n);
  expect(next.replayed).toEqual(["kept"]);
  const late = [old.log.commit(bytes("late")), old.log.checkpoint(bytes("late"))];
  const refused = late.map((commit) => expect(commit).rejects.toEqual(code("ERR_FENCED")));
  await advance(clock, 0);
  await Promise.all(refused);
  expect([old.state.fenced, old.applied]).toEqual([1, ["kept"]]);
  await expect(old.log.commit(bytes("later"))).rejects.toEqual(code("ERR_FENCED"));
  await expect(old.log.checkpoint(bytes("later"))).rejects.toEqual(code("ERR_FENCED"));
  expect(old.state.fenced).toBe(1);
  const own = next.log.commit(bytes("own"));
  await advance(clock, 0);
  await own;
  expect([(await open(3n)).replayed, next.state.fenced]).toEqual([["kept", "own"], 0]);
});

test("an owner whose claim is older than the fence in the log does not begin", async () => {
  const { open } = await world();
  const newer = await open(5n);
  await expect(open(4n)).rejects.toEqual(code("ERR_FENCED"));
  expect(newer.state.fenced).toBe(0);
  // The same claim may begin again: its answer was lost.
  await open(5n, "host5");
});

test("an owner gets in front of one that still writes", async () => {
  const { clock, engine } = await world();
  const log = await engine.log("test");
  const old = await own(engine, clock, 1n);
  let reads = 0;
  /** Between reading and appending, the old owner is faster for the first 5 times. */
  const slow: Log = {
    ...log,
    read: async function* (subject, after) {
      yield* log.read(subject, after);
      if (reads++ >= 5) return;
      const commit = old.log.commit(bytes(`${reads}`));
      await advance(clock, 0);
      await commit;
    },
  };
  const next = await own({ log: async () => slow }, clock, 2n);
  expect(next.replayed).toEqual(["1", "2", "3", "4", "5"]);
});

test("in an outage commits wait, and are stored once when it ends; the room goes on", async () => {
  const { clock, engine, open } = await world();
  const room = await open(1n);
  engine.disconnect();
  const commits = ["a", "b"].map((event) => room.log.commit(bytes(event)));
  await advance(clock, COMMIT_TIMEOUT_MS - 2000);
  expect([room.log.waitingCount, room.applied, room.state.fenced]).toEqual([2, [], 0]);
  engine.reconnect();
  await advance(clock, 1000);
  await Promise.all(commits);
  expect(room.applied).toEqual(["a", "b"]);
  expect((await open(2n)).replayed).toEqual(["a", "b"]);
});

test("a commit that waited for 30 s is told; what was on its way may be stored, what was not is gone", async () => {
  const { clock, engine, open } = await world();
  const room = await open(1n);
  engine.disconnect();
  const first = expect(room.log.commit(bytes("on its way"))).rejects.toEqual(code("ERR_TIMEOUT"));
  await advance(clock, 1000);
  const second = expect(room.log.commit(bytes("behind"))).rejects.toEqual(code("ERR_TIMEOUT"));
  await advance(clock, 10_000);
  const third = room.log.commit(bytes("in time"));
  for (let step = 0; step < 20; step++) await advance(clock, 1000);
  await Promise.all([first, second]);
  expect([room.state.fenced, room.log.waitingCount]).toEqual([0, 2]);
  engine.reconnect();
  await advance(clock, 2000);
  await third;
  expect(room.applied).toEqual(["on its way", "in time"]);
  expect((await open(2n)).replayed).toEqual(["on its way", "in time"]);
});

test("so many bytes of events wait; a large batch takes several records", async () => {
  const { clock, engine, open, records } = await world();
  const room = await open(1n);
  await expect(room.log.commit(new Uint8Array(1_000_000))).rejects.toEqual(code("ERR_MESSAGE_SIZE"));
  await expect(room.log.checkpoint(new Uint8Array(1_000_000))).rejects.toEqual(code("ERR_MESSAGE_SIZE"));
  await expect(room.log.commit("text" as unknown as Uint8Array)).rejects.toEqual(code("ERR_INVALID_ARG_TYPE"));
  engine.disconnect();
  const large = Array.from({ length: 41 }, () => room.log.commit(new Uint8Array(100_000)));
  await expect(room.log.commit(new Uint8Array(100_000))).rejects.toEqual(code("ERR_QUEUE_FULL"));
  engine.reconnect();
  await advance(clock, 0);
  await Promise.all(large);
  expect(await records()).toBe(1 + 5);
  const small = Array.from({ length: 2000 }, () => room.log.commit(new Uint8Array(0)));
  await advance(clock, 0);
  await Promise.all(small);
  expect((await open(2n)).replayed.length).toBe(2041);
});

test("a checkpoint replaces what is in it, and nothing else", async () => {
  const { clock, open, records } = await world();
  const room = await open(1n);
  for (const event of ["a", "b"]) {
    void room.log.commit(bytes(event));
    await advance(clock, 0);
  }
  const checkpoint = room.log.checkpoint(bytes(`state: ${room.applied}`));
  // It is made now: what is committed in the same turn is not in it.
  const behind = room.log.commit(bytes("c"));
  await expect(room.log.checkpoint(bytes(""))).rejects.toEqual(code("ERR_IN_USE"));
  await advance(clock, 0);
  await Promise.all([checkpoint, behind]);
  const next = await open(2n);
  expect([next.checkpoint, next.replayed]).toEqual(["state: a,b", ["c"]]);
  expect(await records()).toBe(3); // the checkpoint, c, and the fence of the second owner
  const empty = next.log.checkpoint(new Uint8Array(0));
  await advance(clock, 0);
  await empty;
  const third = await open(3n);
  expect([third.checkpoint, third.replayed]).toEqual(["", []]);
  await third.log.remove();
  expect(await records()).toBe(0);
});

test.each([0, 1, 2, 3, 4, 5, 6])(
  "a checkpoint says that it has what is applied, %i steps behind the answer of the engine",
  async (steps) => {
    const { clock, engine, open } = await world();
    let answered = Promise.resolve(0n);
    const answering: Pick<Engine, "log"> = {
      log: async (name) => {
        const log = await engine.log(name);
        const append: Log["append"] = (...given) => {
          answered = log.append(...given);
          return answered;
        };
        return { append, read: log.read.bind(log), trim: log.trim.bind(log) };
      },
    };
    const first = await own(answering, clock, 1n);
    const commit = first.log.commit(bytes("a"));
    await advance(clock, 0);
    await commit;
    const last = first.log.commit(bytes("b"));
    clock.advance(0);
    let later: Promise<unknown> = answered;
    for (let step = 0; step < steps; step++) later = later.then(() => {});
    const checkpoint = later.then(() => first.log.checkpoint(bytes(first.applied.join())));
    await settle();
    await advance(clock, 0);
    await Promise.all([last, checkpoint]);
    const next = await open(2n);
    expect([next.checkpoint, ...next.replayed].join()).toBe("a,b");
  },
);

describe("a log that has a newer owner", () => {
  /** The newer one has put a checkpoint in the place of its fence. */
  async function replaced() {
    const { clock, records, open } = await world();
    const old = await open(1n);
    const newer = await open(3n);
    const checkpoint = newer.log.checkpoint(bytes("state"));
    await advance(clock, 0);
    await checkpoint;
    const commit = newer.log.commit(bytes("a"));
    await advance(clock, 0);
    await commit;
    return { old, newer, records, open };
  }

  test("is not begun by one who has claimed the room before", async () => {
    const { open } = await replaced();
    await expect(open(2n)).rejects.toEqual(code("ERR_FENCED"));
    const next = await open(4n);
    expect([next.checkpoint, next.replayed]).toEqual(["state", ["a"]]);
  });

  test("is not removed by the one before; the newer one removes it, and once more does no harm", async () => {
    const { old, newer, records } = await replaced();
    await expect(old.log.remove()).rejects.toEqual(code("ERR_FENCED"));
    expect(await records()).toBe(2);
    await newer.log.remove();
    expect(await records()).toBe(0);
    await newer.log.remove();
    await old.log.remove();
    expect(await records()).toBe(0);
  });
});

test("who begins behind the end of a room begins with nothing, before the records are removed as well", async () => {
  const { clock, engine, open } = await world();
  const trims: (() => void)[] = [];
  const slow: Pick<Engine, "log"> = {
    log: async (name) => {
      const log = await engine.log(name);
      const trim: Log["trim"] = async (...given) => {
        await new Promise<void>((resolve) => trims.push(resolve));
        await log.trim(...given);
      };
      return { append: log.append.bind(log), read: log.read.bind(log), trim };
    },
  };
  const old = await own(slow, clock, 1n);
  const commit = old.log.commit(bytes("a"));
  await advance(clock, 0);
  await commit;
  const removed = old.log.remove();
  await settle();
  const next = await open(2n);
  expect([next.checkpoint, next.replayed]).toEqual([null, []]);
  const kept = next.log.commit(bytes("b"));
  await advance(clock, 0);
  await kept;
  for (const trim of trims) trim();
  await removed;
  expect((await open(3n)).replayed).toEqual(["b"]);
});

test("a checkpoint that is made while events are being stored does not have them, and they are replayed", async () => {
  const clock = new FakeClock();
  const engine = new MemoryEngine({ clock, latencyMs: 10 });
  const pass = async (steps = 10) => {
    for (let step = 0; step < steps; step++) await advance(clock, 10);
  };
  const opening = own(engine, clock, 1n);
  await pass();
  const room = await opening;
  void room.log.commit(bytes("a"));
  await pass();
  const commit = room.log.commit(bytes("b"));
  await advance(clock, 5); // b is on its way
  const checkpoint = room.log.checkpoint(bytes(room.applied.join()));
  await pass();
  await Promise.all([commit, checkpoint]);
  const reopening = own(engine, clock, 2n);
  await pass();
  const next = await reopening;
  expect([next.checkpoint, next.replayed]).toEqual(["a", ["b"]]);
});

test("a room that has ended stores nothing more; what applies an event may throw", async () => {
  const { clock, open } = await world();
  const room = await open(1n);
  const waiting = [room.log.commit(bytes("a")), room.log.checkpoint(bytes("a"))];
  const ended = waiting.map((one) => expect(one).rejects.toEqual(code("ERR_CLOSED")));
  room.log.close();
  await Promise.all(ended);
  await expect(room.log.commit(bytes("b"))).rejects.toEqual(code("ERR_CLOSED"));
  await advance(clock, 1000);
  expect([room.applied, room.state.fenced, clock.timerCount]).toEqual([[], 0, 0]);
});

test("a record that no host has written is told when the room begins", async () => {
  const { engine, open } = await world();
  const log = await engine.log("test");
  await log.append("arena", new Uint8Array([255, 255]), { expected: 0n, id: "1" });
  await expect(open(1n)).rejects.toThrow();
});

describe("owners that crash, freeze and come back, and answers that are lost", () => {
  test.each(Array.from({ length: 60 }, (_, at) => at + 1))("seed %i", async (seed) => {
    const random = seededRandom(seed);
    const clock = new FakeClock();
    const engine = new MemoryEngine({ clock });
    const unsteady = faulty(engine, randomFaults(random));
    const acknowledged: string[] = [];
    const given: string[] = [];
    let epoch = 0n;
    const owners: Awaited<ReturnType<typeof own>>[] = [];
    const begin = async () => {
      for (epoch++; ; ) {
        const begun = await own(unsteady, clock, epoch).catch((error) => {
          expect(error).toEqual(code("ERR_TIMEOUT"));
        });
        if (begun) return owners.push(begun);
      }
    };
    await begin();
    for (let round = 0; round < 100; round++) {
      // The newest owner mostly, or one that does not know yet that it was replaced.
      const at = random() < 0.8 ? owners.length - 1 : Math.floor(random() * owners.length);
      const owner = owners[at] as (typeof owners)[0];
      const dice = random();
      if (dice < 0.1) await begin();
      else if (dice < 0.2) {
        const state = JSON.stringify([...JSON.parse(owner.checkpoint ?? "[]"), ...owner.replayed, ...owner.applied]);
        void owner.log.checkpoint(bytes(state)).catch(() => {});
      } else {
        const event = `${seed}-${round}`;
        given.push(event);
        void owner.log.commit(bytes(event)).then(
          () => acknowledged.push(event),
          (error) => expect(error).toEqual(code("ERR_FENCED")),
        );
      }
      await advance(clock, Math.floor(random() * 200));
    }
    await advance(clock, 20_000);
    await begin();
    const last = owners.at(-1) as (typeof owners)[0];
    const history = [...JSON.parse(last.checkpoint ?? "[]"), ...last.replayed] as string[];
    expect(new Set(history).size).toBe(history.length); // nothing twice
    expect(acknowledged.filter((event) => !history.includes(event))).toEqual([]); // nothing lost
    expect(history).toEqual(given.filter((event) => history.includes(event))); // in order
    expect(acknowledged.length).toBeGreaterThan(20);
    await settle();
  });
});

test("a log that is paused has stored what was on its way, and writes nothing until it goes on", async () => {
  const clock = new FakeClock();
  const engine = new MemoryEngine({ clock, latencyMs: 10 });
  const pass = async (steps = 10) => {
    for (let step = 0; step < steps; step++) await advance(clock, 10);
  };
  const opening = own(engine, clock, 1n);
  await pass();
  const { log, applied } = await opening;
  void log.commit(bytes("a"));
  await advance(clock, 5); // a is on its way
  let isPaused = false;
  const pausing = log.pause().then(() => {
    isPaused = true;
    return [...applied];
  });
  await advance(clock, 0);
  expect(isPaused).toBe(false);
  await pass();
  expect(await pausing).toEqual(["a"]);
  const commit = log.commit(bytes("b"));
  const checkpoint = log.checkpoint(bytes("a"));
  await pass(50);
  expect([applied, log.waitingCount]).toEqual([["a"], 1]);
  log.unpause();
  await pass();
  await Promise.all([commit, checkpoint]);
  expect(applied).toEqual(["a", "b"]);
});
