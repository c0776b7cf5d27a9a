// Voice comms: what it costs a server to send voice on, against a bare relay of datagrams and against Debian's
// mumble-server; how long voice is on its way; what the codec takes.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/run.mjs";
import { ensureSystemPackages } from "../../scripts/system-packages.mjs";
import { openVoicePage, placeOf, SAMPLE_RATE } from "../harness/browser-voice.mjs";
import { compareAll, compareGoal, interleave, median } from "../harness/pairs.mjs";
import { withPeers } from "../harness/peer.mjs";
import { prepareStack } from "../harness/stack.mjs";

export const prepare = prepareStack;

const main = fileURLToPath(new URL("../comms/main.mjs", import.meta.url));
const example = fileURLToPath(new URL("../../examples/voice/server.mjs", import.meta.url));
const program = [process.execPath, main];
/** The ratio of a figure that may be so many times the other's. */
const within = (times) => Math.round(100 / times) / 100;
const times = (quick) => (quick ? { warmup: 1, seconds: 2 } : { warmup: 2, seconds: 8 });
const rounds = (quick) => (quick ? 1 : 4);

/** A session: the server's time for each frame that is heard, and how long the frames were on their way. */
function session(kind, members, speakers, room, quick) {
  return withPeers(async (start) => {
    const limit = 90 + members / 4; // Each of a thousand hears of all others.
    const server = start(program, "server", { kind, limit });
    const { event: _, ...place } = await server.next("listening");
    const all = start(program, "members", { kind, members, speakers, room, limit, ...times(quick), ...place });
    await all.next("warm");
    server.tell("start");
    const { expected, p50, p99, received, cpuSeconds: heardSeconds } = await all.next("result");
    server.tell("read");
    const { cpuSeconds } = await server.next("result");
    const each = 1e6 / received;
    return { cpu: each * cpuSeconds, heard: each * heardSeconds, p50, p99, delivered: received / expected };
  });
}

const describe = (name, runs) => {
  const shares = runs.map(({ delivered }) => (100 * delivered).toFixed(2));
  const of = (key) => median(runs.map((run) => run[key])).toFixed(2);
  // All members are one process: where a frame takes it long, the frames of 99 listeners wait for each other there.
  return `${name}: ${shares.join(", ")} % delivered, p50 ${of("p50")} ms; all members: CPU ${of("heard")} us a frame`;
};

/** The rows of each side against the last one of `sides`: { name: [run, target of the CPU, target of p99] }. */
async function compareSessions(name, sides, quick, onSample) {
  const runs = Object.fromEntries(Object.entries(sides).map(([side, [run]]) => [side, run]));
  const samples = await interleave(runs, rounds(quick), onSample);
  const baseline = Object.keys(sides).at(-1);
  const ours = Object.entries(sides).slice(0, -1);
  const cases = ours.flatMap(([side, [, cpu, p99]]) => {
    const metrics = [{ key: "cpu", name: ", CPU a listener", unit: "us, server", target: cpu }];
    if (p99 !== undefined) metrics.push({ key: "p99", name: ", p99", unit: "ms", target: p99 });
    return compareAll(`${name}, ${side}`, metrics, samples, side, baseline);
  });
  return { cases, notes: Object.entries(samples).map(([side, all]) => describe(`${name}, ${side}`, all)) };
}

const relayScenario = {
  name: "100 members, 10 speakers",
  run({ quick, onSample }) {
    const side = (kind) => () => session(kind, 100, 10, 100, quick);
    const sides = {
      "Peer over UDP": [side("udp"), within(1.25), within(1.5)],
      "Peer over UDP, encrypted": [side("noise")],
      "messages over UDP": [side("message"), within(1.35), within(1.5)],
      "Peer over GNS": [side("gns"), within(1.55), within(1.5)],
      "node:dgram": [side("dgram")],
    };
    return compareSessions(this.name, sides, quick, onSample);
  },
};

const mumbleScenario = {
  name: "200 members, 20 speakers",
  run({ quick, onSample }) {
    // invoke-rc.d of Debian starts no service then.
    process.env.RUNLEVEL = "1";
    ensureSystemPackages(["mumble-server"]);
    const side = (kind) => () => session(kind, 200, 20, 200, quick);
    const sides = {
      "Peer over UDP, encrypted": [side("noise"), within(1.2)],
      "Peer over UDP": [side("udp")],
      "mumble-server": [side("mumble")],
    };
    return compareSessions(this.name, sides, quick, onSample);
  },
};

const roomsScenario = {
  name: "1000 members in rooms of 50, 20 speakers",
  run({ quick, onSample }) {
    const sides = {
      "Peer over UDP": [() => session("udp", 1000, 20, 50, quick), within(1.1)],
      "100 members, 10 speakers": [() => session("udp", 100, 10, 100, quick)],
    };
    return compareSessions(this.name, sides, quick, onSample);
  },
};

const alone = (role, options) => withPeers((start) => start(program, role, options).next("result"));

const earScenario = {
  name: "mouth to ear in Node.js",
  async run({ quick, onSample }) {
    const result = await alone("mouth-to-ear", { settle: 10, seconds: quick ? 5 : 20 });
    onSample();
    const { count, delayMs, p50, p99, targetMs } = result;
    const notes = [
      `${this.name}: ${count} clicks, p99 ${p99.toFixed(0)} ms; buffer ${delayMs.toFixed(0)} of ${targetMs} ms`,
    ];
    return { cases: [compareGoal({ name: this.name, unit: "ms, median", target: 1 }, p50, 80)], notes };
  },
};

const codecScenario = {
  name: "Opus, 20 ms",
  async run({ quick, onSample }) {
    const { encode, decode } = await alone("codec", { frames: quick ? 500 : 3000 });
    onSample();
    const row = (what, ours, goal) => compareGoal({ name: `${this.name}, ${what}`, unit: "us", target: 1 }, ours, goal);
    return { cases: [row("encode", encode, 600), row("decode", decode, 50)] };
  },
};

const TEXT = "The enemy base is behind the second hill. Wait for my signal, then go left and keep your head down.";

/** A WAV file of 48 kHz in which a voice speaks. */
function speechIn(folder, voice) {
  const [narrow, wide] = [join(folder, `${voice}-narrow.wav`), join(folder, `${voice}.wav`)];
  run("espeak-ng", ["-v", voice, "-w", narrow, TEXT]);
  run("sox", [narrow, "-r", `${SAMPLE_RATE}`, "-c", "1", "-b", "16", wide]);
  return wide;
}

const WINDOW = 3 * SAMPLE_RATE;
/** The delay of the buffer has come down by then. */
const SETTLE_SECONDS = 10;

/** How long what one page's microphone gave took until the other page played it: of each 3 s, in ms. */
async function delaysBetween(speaker, listener) {
  const spoken = await speaker.recording("microphone");
  const heard = await listener.recording("loudspeaker");
  const delays = [];
  for (let from = SETTLE_SECONDS * SAMPLE_RATE; from + WINDOW <= heard.samples.length; from += WINDOW) {
    const heardMs = heard.startMs + (1000 * from) / SAMPLE_RATE;
    // Within the second before: the file repeats itself.
    const first = Math.max(0, Math.round(((heardMs - spoken.startMs - 1000) * SAMPLE_RATE) / 1000));
    const around = spoken.samples.subarray(first, first + WINDOW + SAMPLE_RATE);
    const place = first + placeOf(heard.samples.subarray(from, from + WINDOW), around);
    delays.push(heardMs - (spoken.startMs + (1000 * place) / SAMPLE_RATE));
  }
  return delays;
}

const browserScenario = {
  name: "mouth to ear of two Chromium",
  async run({ quick, onSample }) {
    ensureSystemPackages(["chromium", "espeak-ng", "sox"]);
    const folder = mkdtempSync(join(tmpdir(), "voice-"));
    const server = spawn(process.execPath, [example, "0", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const pages = [];
    try {
      const url = await lineOf(server, "Page: ");
      for (const [name, voice] of [
        ["Ada", "en-gb"],
        ["Ben", "en-us+f3"],
      ]) {
        pages.push(await openVoicePage({ url, name, file: speechIn(folder, voice), activation: "always" }));
      }
      const seconds = SETTLE_SECONDS + (quick ? 9 : 30);
      await Promise.all(pages.map(async (page) => page.waitUntil((await page.seconds()) + seconds)));
      onSample();
      const [ada, ben] = pages;
      const delays = [...(await delaysBetween(ada, ben)), ...(await delaysBetween(ben, ada))];
      const notes = [`${this.name}, 3 s each: ${delays.map((delay) => delay.toFixed(0)).join(", ")} ms`];
      return { cases: [compareGoal({ name: this.name, unit: "ms, median", target: 1 }, median(delays), 150)], notes };
    } finally {
      await Promise.all(pages.map(({ browser }) => browser.close()));
      server.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  },
};

/** The rest of the first line that begins so. */
async function lineOf(child, start) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(start)) return line.slice(start.length);
  }
  throw new Error(`The example ended without "${start}"`);
}

export const scenarios = [relayScenario, mumbleScenario, roomsScenario, earScenario, codecScenario, browserScenario];
