// Servers of players in browsers: WebTransport against WebSocket, with and without TLS, and node-datachannel (WebRTC).
// Both ends are Node and a Peer, or the socket alone, but for one case with a page in Chromium.
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { cache, root } from "../../scripts/paths.mjs";
import { run } from "../../scripts/run.mjs";
import { webTransportCrate } from "../../scripts/web-transport.mjs";
import { measurePage } from "../harness/echo-page.mjs";
import { LossyNetwork } from "../harness/lossy-network.mjs";
import { compareAll, compareGoal, describeSwarm, interleave, median } from "../harness/pairs.mjs";
import { echoLoad, handshakes, idle, prepareStack, program, swarm } from "../harness/stack.mjs";

const OURS = "WebTransport";
const COALESCED = "WebTransport, coalesceMs 1";
const stack = {
  [OURS]: { transport: "peer", socket: "webtransport" },
  wss: { transport: "peer", socket: "wss" },
  ws: { transport: "peer", socket: "websocket" },
};
const PAGE = "a page in Chromium, 60 Hz, 5 % loss";
/** Without a Peer: what the transport costs. */
const alone = Object.fromEntries(
  Object.entries(stack).map(([side, options]) => [side, { ...options, transport: "socket" }]),
);
const coalesced = { ...stack[OURS], coalesceMs: 1 };
const coalescedAlone = { ...alone[OURS], coalesceMs: 1 };
const webrtc = { transport: "data-channel" };
const rivals = join(root, "bench", "rivals");
const cargoFolder = join(cache, "cargo-webtransport-bench");
/** Clients in one process in Rust (deps/webtransport/examples/swarm.rs), which leave the processor to the server. */
const nativeSwarm = [join(cargoFolder, "release", "examples", "swarm")];

export function prepare() {
  prepareStack();
  const cargo = ["build", "--release", "--locked", "--quiet", "--example", "swarm"];
  run("cargo", cargo, { cwd: webTransportCrate, env: { ...process.env, CARGO_TARGET_DIR: cargoFolder } });
  if (existsSync(join(rivals, "node_modules"))) return;
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: rivals });
}

/** One case: what each of `sides` measures, and `OURS` against the others. */
function scenario(name, sides, measure, metrics, { describe = () => [] } = {}) {
  return {
    name,
    async run({ quick, onSample }) {
      const load = loadavg()[0].toFixed(1);
      const measures = Object.entries(sides).map(([side, options]) => [side, () => measure(options, quick)]);
      const samples = await interleave(Object.fromEntries(measures), quick ? 1 : 3, onSample);
      const ours = Object.keys(sides).filter((side) => side.startsWith(OURS));
      const others = Object.keys(sides).filter((side) => !side.startsWith(OURS));
      const cases = ours.flatMap((side) =>
        others.flatMap((other) => compareAll(`${name}, ${side}`, metrics, samples, side, other)),
      );
      const figures = (runs) =>
        metrics.map(({ key, name: what }) => `${what} ${median(runs.map((one) => one[key])).toPrecision(3)}`);
      const notes = Object.entries(samples).map(
        ([side, runs]) => `${name}, ${side}:${[...figures(runs), ...describe(runs)].join(";")}`,
      );
      return { cases, notes: [...notes, `${name}: load of the machine ${load} before it`] };
    },
  };
}

const crowd = [
  { key: "cpu", name: " CPU", unit: "CPU s/M msg, server" },
  { key: "p50", name: " p50", unit: "us" },
  { key: "p99", name: " p99", unit: "us" },
  { key: "kilobytes", name: " memory", unit: "KB a client" },
];
const trip = crowd.slice(1, 3);

/** A thousand clients with these options. */
const thousand = (options, quick) => ({
  ...options,
  ...{ connections: 1000, size: 64, seconds: quick ? 2 : 8, limit: 120 },
});

function lossScenario(percent) {
  const measure = async (options, quick) => {
    if (process.getuid?.() !== 0) throw new Error("Loss needs network namespaces, and these need root");
    const network = new LossyNetwork();
    try {
      network.setLoss(percent);
      const load = { connections: 20, hz: 50, seconds: quick ? 2 : 6, host: network.host, limit: 60 };
      return await swarm({ ...options, ...load }, network.prefixes.map(program));
    } finally {
      network.remove();
    }
  };
  const sides = { [OURS]: stack[OURS], [`${OURS}, reliable`]: { ...stack[OURS], reliable: true }, ws: stack.ws };
  return scenario(`20 clients, 50 Hz, ${percent} % loss`, sides, measure, trip);
}

export const scenarios = [
  scenario(
    "1000 clients, 20 Hz",
    { ...stack, [COALESCED]: coalesced },
    (options, quick) => swarm(thousand(options, quick)),
    crowd,
    { describe: (runs) => [` ${describeSwarm(runs)}`] },
  ),
  scenario(
    "1000 clients, 20 Hz, the transport alone",
    { ...alone, [COALESCED]: coalescedAlone },
    (options, quick) => swarm(thousand(options, quick)),
    crowd,
    { describe: (runs) => [` ${describeSwarm(runs)}`] },
  ),
  scenario(
    "1000 clients, 20 Hz, the transport alone, the clients in Rust",
    { [OURS]: alone[OURS], [COALESCED]: coalescedAlone },
    (options, quick) => swarm(thousand(options, quick), [program(), nativeSwarm]),
    crowd,
    { describe: (runs) => [` ${describeSwarm(runs)}`] },
  ),
  scenario(
    "100 clients, 20 Hz",
    { ...stack, "node-datachannel": webrtc },
    (options, quick) => swarm({ ...options, connections: 100, size: 64, seconds: quick ? 2 : 6, limit: 120 }),
    crowd,
    { describe: (runs) => [` ${describeSwarm(runs)}`] },
  ),
  scenario(
    "one in flight",
    { ...stack, "node-datachannel": webrtc },
    (options, quick) => echoLoad({ ...options, seconds: quick ? 1 : 3 }),
    trip,
  ),
  ...["", ", the transport alone"].flatMap((suffix) => [
    scenario(
      `handshake${suffix}`,
      suffix ? alone : stack,
      (options) => handshakes({ ...options, connections: 300, limit: 120 }),
      [{ key: "milliseconds", name: " CPU", unit: "ms, server" }],
    ),
    scenario(
      `100 idle clients${suffix}`,
      suffix ? alone : stack,
      (options, quick) => idle({ ...options, connections: 100, warmup: quick ? 1 : 15, seconds: quick ? 3 : 10 }),
      [{ key: "percent", name: " CPU", unit: "% of a core" }],
    ),
  ]),
  lossScenario(2),
  lossScenario(5),
  {
    name: PAGE,
    async run({ quick, onSample }) {
      const sides = {
        datagrams: { kind: "datagrams" },
        reliable: { kind: "reliable" },
        WebSocket: { kind: "reliable", isWebSocket: true },
      };
      const load = { percent: 5, seconds: quick ? 5 : 20 };
      const measures = Object.entries(sides).map(([side, options]) => [
        side,
        () => measurePage({ ...options, ...load }),
      ]);
      const samples = await interleave(Object.fromEntries(measures), quick ? 1 : 3, onSample);
      const p99 = (side) => median(samples[side].map((one) => one.p99));
      const row = (side, goal) => compareGoal({ name: `${PAGE}, ${side} p99`, unit: "ms", target: 1 }, p99(side), goal);
      const notes = Object.entries(samples).map(([side, runs]) => {
        const [p50, p99s] = ["p50", "p99"].map((key) => median(runs.map((one) => one[key])).toFixed(1));
        const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
        return `${PAGE}, ${side}: p50 ${p50}, p99 ${p99s} ms; lost ${sum("lost")} of ${sum("sent")}`;
      });
      return { cases: [row("datagrams", 20), row("reliable", 100)], notes };
    },
  },
];
