// What players notice of hosts that die and that are drained, over three NATS servers: real processes and UDP; what a
// host costs that does nothing; and what GNS does in one thread for all workers of a process.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { quantiles } from "../engine/ends.mjs";
import { compareGoal, median } from "../harness/pairs.mjs";
import { prepare as build } from "./engine.mjs";

export const prepare = build;

const PLAYERS = 30;
const LOOK_MS = 5;
const rounds = (quick) => (quick ? 1 : 3);

/** Three hosts with `rooms` rooms, all at the first one, and players in some of them, who move on and on. */
async function withFleet(rooms, use) {
  const { startNats } = await import("../../scripts/nats-cluster.mjs");
  const { Fleet } = await import("../../examples/fleet/fleet.mjs");
  const { Bot } = await import("../../examples/fleet/bots.mjs");
  const { UdpSocketFactory } = await import("valve-sockets/socket/udp");
  const nats = await startNats(3, { jetstream: ", sync_interval: always" });
  const fleet = new Fleet(nats.servers, "bench");
  const bots = [];
  try {
    for (let host = 0; host < 3; host++) await fleet.add();
    const [first] = fleet.hosts;
    const ids = Array.from({ length: rooms }, (_, at) => `room${at}`);
    first.create(ids);
    while (first.rooms.length < rooms) await delay(50);
    for (let at = 0; at < PLAYERS; at++) {
      const bot = new Bot(new UdpSocketFactory({ host: "127.0.0.1" }));
      bots.push(bot);
      await bot.join(first.port, ids[at % rooms]);
      void bot.play(20);
    }
    await delay(1000);
    const figures = await use(first, bots);
    const faults = bots.flatMap((bot) => bot.faults);
    if (faults.length > 0) throw new Error(`Players have lost something: ${faults[0]}`);
    return figures;
  } finally {
    await Promise.all(bots.map((bot) => bot.leave()));
    await fleet.close();
    await nats.close();
  }
}

/** The longest time in which a move of each player was not acknowledged, until all have played for a second after. */
async function pausesDuring(bots, what) {
  const notes = bots.map(({ acknowledged }) => ({ acknowledged, atMs: performance.now(), longestMs: 0 }));
  const look = () => {
    for (const [at, { acknowledged }] of bots.entries()) {
      const note = notes[at];
      const nowMs = performance.now();
      note.longestMs = Math.max(note.longestMs, nowMs - note.atMs);
      if (note.acknowledged !== acknowledged) Object.assign(note, { acknowledged, atMs: nowMs });
    }
  };
  const timer = setInterval(look, LOOK_MS);
  const result = await what();
  const from = bots.map(({ acknowledged }) => acknowledged);
  while (!bots.every(({ acknowledged }, at) => acknowledged > from[at] + 10)) await delay(LOOK_MS);
  clearInterval(timer);
  return { pauses: notes.map(({ longestMs }) => longestMs), result };
}

async function repeat(count, onSample, run) {
  const samples = [];
  for (let round = 0; round < count; round++) {
    samples.push(await run());
    onSample();
  }
  return (key) => median(samples.map((sample) => sample[key]));
}

const killed = {
  name: "host killed",
  slow: true,
  run: async ({ quick, onSample }) => {
    const of = await repeat(rounds(quick), onSample, () =>
      withFleet(PLAYERS, async (first, bots) => {
        const { pauses } = await pausesDuring(bots, () => first.end("SIGKILL"));
        return quantiles(pauses);
      }),
    );
    return { cases: [compareGoal({ name: "host killed: all play again, p99", unit: "ms" }, of("p99"), 5000)] };
  },
};

const drained = {
  name: "drain",
  slow: true,
  run: async ({ quick, onSample }) => {
    const of = await repeat(rounds(quick), onSample, () =>
      withFleet(333, async (first, bots) => {
        const startMs = performance.now();
        const drain = async () => {
          if ((await first.end("SIGTERM")) !== 0) throw new Error("The drain left somebody behind");
          return performance.now() - startMs;
        };
        const { pauses, result } = await pausesDuring(bots, drain);
        return { ...quantiles(pauses), wholeMs: result };
      }),
    );
    return {
      cases: [
        compareGoal({ name: "drain: pause per player, p99", unit: "ms" }, of("p99"), 1000),
        compareGoal({ name: "drain: 333 rooms", unit: "ms" }, of("wholeMs"), 5000),
      ],
    };
  },
};

/** Runs `use` with a process of bench/rooms, which has said that it is ready. @param use gets that, and asks it */
async function withProcess(program, args, use) {
  const child = fork(fileURLToPath(new URL(`../rooms/${program}.mjs`, import.meta.url)), args.map(String));
  const next = async () => (await once(child, "message"))[0];
  const ask = () => {
    child.send("read");
    return next();
  };
  try {
    return await use(await next(), ask);
  } finally {
    child.kill("SIGKILL");
  }
}

const FLEET = 50;
const idle = {
  name: "host that idles",
  slow: true,
  run: async ({ quick, onSample }) => {
    const { startNats } = await import("../../scripts/nats-cluster.mjs");
    const nats = await startNats(1);
    const [server] = nats.servers;
    const seconds = quick ? 10 : 60;
    const measure = async (_ready, ask) => {
      await delay(quick ? 5000 : 60_000); // What is called 100 times a second is compiled late.
      const before = await ask();
      await delay(seconds * 1000);
      const { cpuUs, bytes, hosts } = await ask();
      onSample();
      if (hosts !== FLEET) throw new Error(`The host hears ${hosts} hosts and not ${FLEET}`);
      return { percent: (cpuUs - before.cpuUs) / seconds / 10_000, mb: bytes / 1e6 };
    };
    try {
      const { percent, mb } = await withProcess("idle-hosts", [server, FLEET - 1], () =>
        withProcess("idle-hosts", [server, 1], measure),
      );
      const name = `a host that idles in a fleet of ${FLEET}`;
      return {
        cases: [
          compareGoal({ name: `${name}, CPU`, unit: "% of a core" }, percent, 0.3),
          compareGoal({ name: `${name}, memory`, unit: "MB" }, mb, 110),
        ],
      };
    } finally {
      await nats.close();
    }
  },
};

const WORKERS = [1, 2, 4, 8];
const CLIENTS = 200;
/** What GNS does for all workers is in one thread, so that the busiest one says how much more workers can help. */
const gns = {
  name: "serial work of GNS",
  slow: true,
  run: async ({ quick, onSample }) => {
    const seconds = quick ? 4 : 20;
    const busiest = new Map();
    const cases = [];
    for (const count of WORKERS) {
      await withProcess("echo-workers", [count], ({ ports }, ask) =>
        withProcess("echo-load", [CLIENTS, ...ports], async () => {
          await delay(2000);
          const before = await ask();
          await delay(seconds * 1000);
          const after = await ask();
          onSample();
          const echoes = after.echoes - before.echoes;
          const perEcho = Object.entries(after.threads).map(
            ([id, runNs]) => (runNs - (before.threads[id] ?? 0)) / 1000 / echoes,
          );
          busiest.set(count, Math.max(...perEcho));
          const whole = perEcho.reduce((sum, us) => sum + us, 0);
          const name = `GNS, ${count} workers: busiest thread per echo`;
          cases.push({ ...compareGoal({ name, unit: "us" }, busiest.get(count), whole), baselineName: "all threads" });
        }),
      );
    }
    // The busiest thread has a worker's share and what is serial: the first and the last say how much.
    const most = WORKERS.at(-1);
    const serial = (most * busiest.get(most) - busiest.get(1)) / (most - 1);
    cases.push({
      ...compareGoal({ name: "GNS, serial work per echo", unit: "us" }, serial, 25),
      baselineName: "the prototype",
    });
    return { cases };
  },
};

export const scenarios = [killed, drained, idle, gns];
