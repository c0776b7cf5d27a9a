// Floods of a server in network namespaces (root, gcc, iproute2, nftables): how many players get in, with and without
// the guard and the kernel's packet filter. One case is one row of the table in docs/floods.md.
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/paths.mjs";
import { run } from "../../scripts/run.mjs";
import { whyNoAttackNetwork } from "../floods/network.mjs";
import { payloads, requestFlood, underFlood } from "../floods/run.mjs";
import { ratioOf } from "../harness/pairs.mjs";

export function prepare() {
  if (whyNoAttackNetwork) throw new Error(whyNoAttackNetwork);
  if (!existsSync(join(root, "dist", "guard", "node.js"))) run(process.execPath, [join(root, "scripts", "build.mjs")]);
}

/** Addresses all over a /10, and neighbours in a /24. */
const everywhere = { sources: 4096, span: 4_194_302 };
const neighbours = { sources: 50, span: 50 };

/** 10,000 players tried a row in a whole run: 99.9 % of less says little. Newcomers have an address each. */
const RATE = 100;
const secondsOf = (quick) => (quick ? 6 : 100);
const regulars = { addresses: 200, timeoutMs: 3000 };
const newcomers = { addresses: 20_000, timeoutMs: 8000 };

const GOAL = "the goal";

const percent = ({ ok, tried }) => (tried === 0 ? Number.NaN : (100 * ok) / tried);

/** What is measured in a row: [name, unit, better, figure of a result, target]. */
const figures = {
  success: (target, name = "players in") => [name, "%", "more", ({ players }) => percent(players), target],
  known: (target) => ["known players in", "%", "more", ({ players }) => percent(players.known), target],
  p99: ["p99", "ms", "less", ({ players }) => players.p99],
  knownP99: (target) => ["known p99", "ms", "less", ({ players }) => players.known.p99, target],
  memory: ["memory", "MB", "less", ({ server }) => server.memoryMegabytes, 50],
  overflows: (target) => ["ListenOverflows", "", "less", ({ server }) => server.kernel.listenOverflows, target],
  kept: (target) => ["messages of players that came back", "%", "more", keptOf, target],
};

const keptOf = ({ stayers }) => (100 * stayers.returned) / stayers.sent;

const noteOf = (name, protection, result, load) => {
  const { attack, players, stayers, server, calmAfterMs } = result;
  const { guard, bannedPlayers, routeFailures } = server;
  return [
    `${name}, ${protection}: load ${load.toFixed(1)};`,
    attack ? `the attackers reached ${attack.rate}/s${attack.peakOpen ? `, ${attack.peakOpen} open` : ""};` : "",
    players ? `${players.ok} of ${players.tried} players, others ${JSON.stringify(players.failures)};` : "",
    stayers ? `${stayers.lost} of the players were disconnected;` : "",
    guard
      ? `refused ${guard.throttled + guard.banned}, banned ${guard.bans}, of them players ${bannedPlayers.length};`
      : "",
    routeFailures ? `${routeFailures} batches were not routed;` : "",
    calmAfterMs === null ? "" : `calm after ${Math.round(calmAfterMs / 1000)} s;`,
    `evicted ${server.evicted ?? "-"}; server ${(server.cpuSeconds / server.seconds).toFixed(2)} cores,`,
    `event loop p99 ${server.loopP99Ms.toFixed(0)} ms`,
  ]
    .filter(Boolean)
    .join(" ");
};

/** A row: the same flood under several protections, the first of which is the one that has targets. */
function row(name, protections, metrics, settings) {
  return {
    name,
    async run({ quick, onSample }) {
      const results = {};
      const notes = [];
      for (const protection of protections) {
        const load = loadavg()[0];
        results[protection] = await underFlood({ protection, ...settings(quick, protection) });
        notes.push(noteOf(name, protection, results[protection], load));
        onSample();
      }
      const [ours, ...others] = protections;
      const cases = metrics.flatMap(([metric, unit, better, figure, goal]) => {
        const value = figure(results[ours]);
        const against = others.map((other) => [other, figure(results[other])]);
        if (goal !== undefined) against.push([GOAL, goal]);
        return against.map(([baselineName, baseline]) => ({
          ...{ name: `${name}: ${metric}, ${ours}`, unit, ours: value, baseline, baselineName },
          ...{ ratio: ratioOf(value, baseline, better), target: baselineName === GOAL ? 1 : undefined, runs: [] },
        }));
      });
      return { cases, notes };
    },
  };
}

/** @param attack options of flood.c without its time */
const tcp =
  (attack, players, more = {}) =>
  (quick) => {
    const seconds = secondsOf(quick);
    return {
      transport: "websocket",
      attack: { open: 20_000, ...attack, seconds: seconds + 2 },
      players: { rate: RATE, seconds, ...players },
      ...more,
    };
  };

const held = { ...everywhere, payload: payloads.silent };
const requests = (quick, sources) => ({
  kind: "udp",
  rate: 100_000,
  ...sources,
  seconds: secondsOf(quick) / 2,
  ...requestFlood(),
});
const stayers = (quick) => ({ count: 50, rate: 20, seconds: secondsOf(quick) / 2 });

const { success, known, p99, knownP99, memory, overflows, kept } = figures;

export const scenarios = [
  row(
    "2000/s held 8 s, 4096 addresses, 4096 descriptors",
    ["guard", "pools", "none"],
    [success(99.9), p99, memory, overflows()],
    tcp({ ...held, rate: 2000, hold: 8000 }, regulars, { descriptors: 4096 }),
  ),
  row(
    "5000/s held 8 s, 4096 addresses",
    ["guard", "none"],
    [success(), p99, memory, overflows()],
    tcp({ ...held, rate: 5000, hold: 8000 }, regulars),
  ),
  row(
    "10,000/s held 1 s, 4096 addresses",
    ["route", "guard", "none"],
    [known(99.9), knownP99(50), memory, overflows(0)],
    tcp({ ...held, rate: 10_000, hold: 1000 }, regulars, { calm: false }),
  ),
  row(
    "10,000/s held 1 s, newcomers",
    ["route", "guard"],
    [success(99, "newcomers in"), p99],
    tcp({ ...held, rate: 10_000, hold: 1000 }, newcomers),
  ),
  row(
    "2000/s one byte each, 50 addresses of a /24",
    ["guard", "none"],
    [success(99.9), p99, memory],
    tcp({ ...neighbours, payload: payloads.byte, rate: 2000, hold: 8000 }, regulars),
  ),
  row(
    "2000/s junk, 4096 addresses",
    ["guard", "none"],
    [success(99.9), p99, memory],
    tcp({ ...everywhere, payload: payloads.junk, rate: 2000, hold: 8000 }, regulars),
  ),
  row(
    "XCS: 2000/s held 8 s, 4096 addresses, 4096 descriptors",
    ["guard", "pools"],
    [success(99.9), p99, memory],
    tcp({ ...held, rate: 2000, hold: 8000 }, regulars, { transport: "xcs", descriptors: 4096 }),
  ),
  row("300 clients of one address at once, no attack", ["guard"], [success(100)], (quick) => ({
    transport: "websocket",
    players: { addresses: 1, rate: 300_000, seconds: 0.001, timeoutMs: 10_000, quick },
  })),
  row("calm after 2000/s", ["guard"], [["calm", "s", "less", ({ calmAfterMs }) => calmAfterMs / 1000, 35]], () => ({
    transport: "websocket",
    attack: { ...held, rate: 2000, hold: 1000, open: 20_000, seconds: 3 },
    calm: true,
  })),
  row(
    "connections that are refused, 10,000/s of 50 addresses",
    ["guard"],
    [["CPU of the server for each", "us", "less", refusalCost, 80]],
    (quick) => ({
      transport: "websocket",
      attack: {
        ...neighbours,
        payload: payloads.silent,
        rate: 10_000,
        hold: 100,
        open: 20_000,
        seconds: quick ? 5 : 20,
      },
    }),
  ),
  row("UDP: 100,000/s requests of 4096 addresses", ["guard", "pools"], [success(), p99, kept()], (quick) => ({
    transport: "udp",
    attack: requests(quick, everywhere),
    players: { rate: 20, seconds: secondsOf(quick) / 2, ...regulars },
    stayers: stayers(quick),
  })),
  row("UDP: 100,000/s requests of one address", ["guard", "pools"], [kept(99), success(), p99], (quick) => ({
    transport: "udp",
    attack: requests(quick, { sources: 1, span: 1 }),
    players: { rate: 20, seconds: secondsOf(quick) / 2, ...regulars },
    stayers: stayers(quick),
  })),
];

function refusalCost({ server }) {
  const { throttled, banned } = server.guard;
  return (server.cpuSeconds * 1e6) / (throttled + banned);
}
