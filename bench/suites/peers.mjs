// An echo of 64 B between two processes: the Peer over its transports against other packages, and under loss against
// ws.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/paths.mjs";
import { run } from "../../scripts/run.mjs";
import { LossyNetwork } from "../harness/lossy-network.mjs";
import { compareAll, interleave, median, withTarget } from "../harness/pairs.mjs";
import { echoLoad, prepareStack, program } from "../harness/stack.mjs";

const rivals = join(root, "bench", "rivals");

/** The rivals have dependencies of their own, so that those of the project stay few. None needs its install script. */
export function prepare() {
  prepareStack();
  if (existsSync(join(rivals, "node_modules"))) return;
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: rivals });
}

const GNS = "Peer, GNS";
const UDP = "Peer, UDP";
const NOISE = "Peer, UDP with Noise NK";
const ours = {
  [GNS]: { transport: "peer", socket: "gns" },
  [UDP]: { transport: "peer", socket: "udp" },
  [NOISE]: { transport: "peer", socket: "udp", noise: true },
};
const others = {
  "node-datachannel": { transport: "data-channel" },
  ws: { transport: "ws" },
  "socket.io": { transport: "socket-io" },
  enet: { transport: "enet" },
  "node:dgram": { transport: "dgram" },
};
/** Who is compared with whom: what is encrypted with all, what is not with what is not. */
const opponents = {
  [GNS]: Object.keys(others),
  [NOISE]: ["node-datachannel", "ws"],
  [UDP]: ["ws", "socket.io", "enet", "node:dgram"],
};

/** Messages on their way at once, where it is the rate that is measured. */
const WINDOW = 256;

const metrics = [
  { key: "cpu", name: ", CPU", unit: "CPU s/M msg, both" },
  { key: "rate", name: ", rate", unit: "msg/s", better: "more" },
  { key: "p50", name: ", p50", unit: "us" },
  { key: "p99", name: ", p99", unit: "us" },
];

const times = (quick) => (quick ? { warmup: 0.3, seconds: 0.4 } : { warmup: 0.7, seconds: 2 });

/** CPU and rate with many messages on their way, latencies with one. */
async function measure(options, quick) {
  const busy = await echoLoad({ ...options, ...times(quick), window: WINDOW });
  const calm = await echoLoad({ ...options, ...times(quick), window: 1 });
  return { rate: busy.rate, cpu: busy.cpu, p50: calm.p50, p99: calm.p99 };
}

function echoScenario(reliable) {
  const name = `64 B ${reliable ? "reliable" : "unreliable"} echo`;
  return {
    name,
    slow: reliable,
    async run({ quick, onSample }) {
      const sides = {};
      for (const [side, options] of Object.entries({ ...ours, ...others })) {
        sides[side] = () => measure({ ...options, reliable }, quick);
      }
      const samples = await interleave(sides, quick ? 1 : 5, onSample);
      const cases = [];
      for (const [side, rivalsOfSide] of Object.entries(opponents)) {
        for (const rival of rivalsOfSide) {
          const goals = rival === "node-datachannel" ? withTarget(metrics, 3) : metrics;
          cases.push(...compareAll(side, goals, samples, side, rival));
        }
      }
      const figures = (runs) =>
        metrics.map(({ key, name: what }) => `${what} ${median(runs.map((figure) => figure[key])).toPrecision(3)}`);
      const notes = Object.entries(samples).map(([side, runs]) => `${name}, ${side}${figures(runs).join("")}`);
      return { cases, notes };
    },
  };
}

const latencies = [
  { key: "p50", name: ", p50", unit: "us" },
  { key: "p99", name: ", p99", unit: "us", target: 3 },
];

/** All arrive on either side, so that what is lost shows as time: one message on its way, and 60 a second. */
function lossScenario(percent) {
  const name = `64 B echo, ${percent} % loss`;
  return {
    name,
    async run({ quick, onSample }) {
      if (process.getuid?.() !== 0) return { cases: [], notes: [`${name}: left out, network namespaces need root`] };
      const network = new LossyNetwork();
      try {
        network.setLoss(percent);
        const programs = network.prefixes.map(program);
        const seconds = quick ? 1 : 6;
        const side = (options) => () =>
          echoLoad({ ...options, host: network.host, warmup: 0.5, seconds, limit: 30 }, programs);
        const sides = {
          "Peer, GNS, reliable": side({ ...ours[GNS], reliable: true }),
          "Peer, UDP, reliable": side({ ...ours[UDP], reliable: true }),
          "Peer, UDP, unreliable, 60 Hz": side({ ...ours[UDP], hz: 60 }),
          "Peer, UDP, reliable, 60 Hz": side({ ...ours[UDP], reliable: true, hz: 60 }),
          ws: side(others.ws),
          "ws, 60 Hz": side({ ...others.ws, hz: 60 }),
        };
        const samples = await interleave(sides, quick ? 1 : 5, onSample);
        const cases = [];
        for (const ourSide of Object.keys(sides).filter((text) => text.startsWith("Peer"))) {
          const rival = ourSide.includes("60 Hz") ? "ws, 60 Hz" : "ws";
          cases.push(...compareAll(`${name}: ${ourSide}`, latencies, samples, ourSide, rival));
        }
        return { cases };
      } finally {
        network.remove();
      }
    },
  };
}

export const scenarios = [echoScenario(false), echoScenario(true), lossScenario(2), lossScenario(5)];
