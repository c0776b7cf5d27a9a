// What hosts share, over three NATS servers: each figure beside that of a bare client of NATS in the same run, in
// turns, and beside the goal.
import { fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/paths.mjs";
import { run } from "../../scripts/run.mjs";
import { bareBucket, quantiles, rateOf, timesOf, VALUE, withNats } from "../engine/ends.mjs";
import { compareAll, compareGoal, interleave, median } from "../harness/pairs.mjs";

export function prepare() {
  if (!existsSync(join(root, "dist", "rooms", "engine", "index.js"))) {
    run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);
  }
}

const BARE = "a bare client";
const rounds = (quick) => (quick ? 2 : 5);

const latency = (p50, p99) => [
  { key: "p50", name: ", p50", unit: "ms", goal: p50 },
  { key: "p99", name: ", p99", unit: "ms", goal: p99 },
];

/** The rows of `samples`: against the bare client, and against the goal. */
function rowsOf(name, metrics, samples) {
  const goals = metrics
    .filter(({ goal }) => goal !== undefined)
    .map(({ key, name: suffix = "", unit, goal, better }) => {
      const ours = median(samples.ours.map((figures) => figures[key]));
      const row = compareGoal({ name: `${name}${suffix}`, unit }, ours, goal);
      return better === "more" ? { ...row, ratio: ours / goal } : row;
    });
  return [...compareAll(name, metrics, samples, "ours", BARE), ...goals];
}

/** A scenario of two sides, which `open(ends, cluster)` gives. */
function scenario(name, metrics, open, options) {
  return {
    name,
    run: ({ quick, onSample }) =>
      withNats(async (cluster, ends) => {
        const { sides, close = () => {} } = await open(ends, cluster, quick);
        try {
          for (const side of Object.values(sides)) await side(); // warm-up
          return { cases: rowsOf(name, metrics, await interleave(sides, rounds(quick), onSample)) };
        } finally {
          close();
        }
      }, options),
  };
}

const request = scenario("request between hosts", latency(0.4, 2), async (ends, cluster, quick) => {
  const program = fileURLToPath(new URL("../engine/responder.mjs", import.meta.url));
  const child = fork(program, [cluster.servers[2], "bench"]);
  await new Promise((resolve) => child.once("message", resolve));
  const engine = await ends.engine();
  const { connection } = await ends.bare();
  const count = quick ? 500 : 2000;
  return {
    sides: {
      ours: () => timesOf(count, () => engine.request("bench.ours", VALUE, { timeoutMs: 2000 })),
      [BARE]: () => timesOf(count, () => connection.request("bench.bare", VALUE, { timeout: 2000 })),
    },
    close: () => child.kill(),
  };
});

const create = scenario("create a room", latency(1.5, 8), async (ends, _cluster, quick) => {
  const bucket = await (await ends.engine()).bucket("ours");
  const kv = await bareBucket(await ends.bare(), "bare");
  const count = quick ? 200 : 1000;
  let keys = 0;
  return {
    sides: {
      ours: () => timesOf(count, () => bucket.create(`room${keys++}`, VALUE)),
      [BARE]: () => timesOf(count, () => kv.create(`room${keys++}`, VALUE)),
    },
  };
});

/** From the call to the change at a watcher on another server. */
function seen(count, write, seenAt) {
  return async () => {
    const times = [];
    for (let at = 0; at < count; at++) {
      const startMs = performance.now();
      const key = await write();
      times.push((seenAt.get(key) ?? (await new Promise((resolve) => seenAt.set(key, resolve)))) - startMs);
    }
    return quantiles(times);
  };
}

function hear(seenAt, key) {
  const waiting = seenAt.get(key);
  if (typeof waiting === "function") waiting(performance.now());
  else seenAt.set(key, performance.now());
}

const watch = scenario("seen by a watcher", latency(1.5), async (ends, _cluster, quick) => {
  const bucket = await (await ends.engine()).bucket("ours");
  const oursAt = new Map();
  await (await (await ends.engine(2)).bucket("ours")).watch(({ key }) => hear(oursAt, key));
  const kv = await bareBucket(await ends.bare(), "bare");
  const bareAt = new Map();
  const watcher = await (await bareBucket(await ends.bare(2), "bare")).watch();
  void (async () => {
    for await (const { key } of watcher) hear(bareAt, key);
  })();
  let keys = 0;
  const writing = (store) => async () => {
    const key = `room${keys++}`;
    await store.create(key, VALUE);
    return key;
  };
  const count = quick ? 200 : 1000;
  return { sides: { ours: seen(count, writing(bucket), oursAt), [BARE]: seen(count, writing(kv), bareAt) } };
});

const rate = [{ key: "rate", unit: "1/s", better: "more", goal: 5000 }];
const puts = scenario("puts, 64 at a time", rate, async (ends, _cluster, quick) => {
  const bucket = await (await ends.engine()).bucket("ours");
  const kv = await bareBucket(await ends.bare(), "bare");
  const count = quick ? 2000 : 10_000;
  let keys = 0;
  return {
    sides: {
      ours: () => rateOf(count, 64, () => bucket.create(`room${keys++}`, VALUE)),
      [BARE]: () => rateOf(count, 64, () => kv.create(`room${keys++}`, VALUE)),
    },
  };
});

/** A commit waits for the end of its turn, and is behind its room's fence; the bare client names the last one too. */
const commit = scenario(
  "commit",
  latency(2, 10),
  async (ends, _cluster, quick) => {
    const { RoomLog } = await import("../../dist/rooms/fleet/room-log.js");
    const { systemClock } = await import("../../dist/clock.js");
    const engine = await ends.engine();
    const { log } = await RoomLog.open({
      ...{ log: await engine.log("ours"), id: "arena", epoch: 1n, owner: "bench", clock: systemClock },
      ...{ random: Math.random, apply: () => {}, fenced: () => {} },
    });
    const { jetstream, manager } = await ends.bare();
    await manager.streams.add({ name: "bare", subjects: ["bare.>"], num_replicas: 3, storage: "file" });
    let last = 0;
    const append = async () => {
      const options = { msgID: `${last}`, expect: { lastSubjectSequence: last } };
      last = (await jetstream.publish("bare.arena", VALUE, options)).seq;
    };
    const count = quick ? 100 : 500;
    return {
      sides: { ours: () => timesOf(count, () => log.commit(VALUE)), [BARE]: () => timesOf(count, append) },
      close: () => log.close(),
    };
  },
  { jetstream: ", sync_interval: always" },
);

/** Looks a room up in the directory, which needs no engine. */
const lookup = {
  name: "lookup of a room",
  async run({ quick, onSample }) {
    const { MemoryEngine } = await import("../../dist/rooms/engine/index.js");
    const { Directory } = await import("../../dist/rooms/fleet/directory.js");
    const engine = new MemoryEngine();
    const directory = await Directory.open(engine, "bench");
    const description = { kind: "game", isOpen: true, labels: [{ name: "map", value: "desert" }] };
    const ids = Array.from({ length: 1000 }, (_, at) => `room${at}`);
    for (const id of ids) await directory.createRoom({ ...description, id }, "host");
    const count = quick ? 200_000 : 2_000_000;
    const sample = () => {
      const startMs = performance.now();
      let owners = 0;
      for (let at = 0; at < count; at++) if (directory.findRoom(ids[at % 1000]).owner === "host") owners++;
      if (owners !== count) throw new Error("A room was not found");
      return { time: ((performance.now() - startMs) * 1000) / count };
    };
    const { ours } = await interleave({ ours: sample }, rounds(quick), onSample);
    directory.close();
    return { cases: [compareGoal({ name: "lookup of a room", unit: "us" }, median(ours.map(({ time }) => time)), 1)] };
  },
};

/** The memory of a server for a key of 120 bytes. */
const memory = {
  name: "directory, memory of a key",
  slow: true,
  run: ({ onSample }) =>
    withNats(async (cluster, ends) => {
      const count = 50_000;
      const bucket = await (await ends.engine()).bucket("ours");
      const residentBytes = () => cluster.nodes.map(({ pid }) => residentOf(pid));
      await rateOf(2000, 64, (at) => bucket.create(`warm${at}`, VALUE));
      const before = residentBytes();
      await rateOf(count, 128, (at) => bucket.create(`session${`${at}`.padStart(9, "0")}`, VALUE.subarray(0, 120)));
      onSample();
      const each = residentBytes().map((bytes, at) => (bytes - before[at]) / count);
      return { cases: [compareGoal({ name: "directory, memory of a key", unit: "bytes" }, Math.max(...each), 700)] };
    }),
};

const residentOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;

export const scenarios = [lookup, request, create, watch, puts, commit, memory];
