// The Peer against node:dgram with the same payload, over GNS against one GNS message for each message, and what a
// message costs in bytes: of the heap and on the wire.
import { SINGLE_PACKET_MESSAGE_SIZE } from "valve-sockets/peer";
import {
  compare,
  compareAll,
  compareGrowth,
  compareWithGoal,
  describeSwarm,
  floodMetrics,
  interleave,
  median,
  withTarget,
} from "../harness/pairs.mjs";
import { PlainLoopback } from "../harness/plain-loopback.mjs";
import { alone, echoLoad, oneWay, prepareStack, program, swarm } from "../harness/stack.mjs";
import { addon, oneWay as gnsOneWay } from "./native.mjs";

export const prepare = prepareStack;

const udp = (implementation) => ({ transport: "peer", socket: "udp", implementation });
const dgram = { transport: "dgram" };
const times = (quick) => (quick ? { warmup: 0.3, seconds: 0.4 } : { warmup: 0.5, seconds: 2 });
const rounds = (quick) => (quick ? 1 : 6);

/** Targets of the rates over batched UDP and over node:dgram, by node:dgram's own. */
function oneWayScenario(name, flow, { batched = 0.8, managed = 0.8 } = {}) {
  return {
    name,
    async run({ quick, onSample }) {
      const side = (options) => () => oneWay({ ...options, ...flow, ...times(quick) });
      const sides = { batched: side(udp("batched")), dgram: side(udp("dgram")), "node:dgram": side(dgram) };
      const samples = await interleave(sides, rounds(quick), onSample);
      const rows = (side, target) =>
        compareAll(`${name}, ${side}`, withTarget(floodMetrics, target), samples, side, "node:dgram");
      return { cases: [...rows("batched", batched), ...rows("dgram", managed)] };
    },
  };
}

const SINGLE_UNRELIABLE = { size: SINGLE_PACKET_MESSAGE_SIZE };
const RELIABLE_1200 = { size: 1200, reliable: true };

const plainScenario = {
  name: "without segmentation offload",
  async run({ quick, onSample }) {
    if (process.getuid?.() !== 0) return { cases: [], notes: [`${this.name}: left out, network namespaces need root`] };
    const network = new PlainLoopback();
    try {
      const cases = [];
      for (const flow of [RELIABLE_1200, SINGLE_UNRELIABLE]) {
        const side = (options) => () => oneWay({ ...options, ...flow, ...times(quick) }, program(network.prefix));
        const sides = { batched: side(udp("batched")), "node:dgram": side(dgram) };
        const samples = await interleave(sides, rounds(quick), onSample);
        const name = `${flow.size} B ${flow.reliable ? "reliable" : "unreliable"}, batched, ${this.name}`;
        cases.push(...compareAll(name, withTarget(floodMetrics, 1.1), samples, "batched", "node:dgram"));
      }
      return { cases };
    } finally {
      network.remove();
    }
  },
};

/** Messages of many packets, whose size the path tells: 1452 bytes over the addon, 1232 over node:dgram. */
const bulkScenario = {
  name: "60,000 B reliable",
  async run({ quick, onSample }) {
    const flow = { size: 60_000, reliable: true, "in-flight": 64 };
    const side = (options) => () => oneWay({ ...options, ...flow, ...times(quick) });
    const samples = await interleave(
      { batched: side(udp("batched")), dgram: side(udp("dgram")) },
      rounds(quick),
      onSample,
    );
    const sizes = Object.entries(samples).map(
      ([which, runs]) => `${which} ${median(runs.map((run) => run.packetBytes))}`,
    );
    return {
      cases: compareAll("60,000 B reliable, batched", floodMetrics, samples, "batched", "dgram"),
      notes: [`60,000 B reliable, bytes in a packet: ${sizes.join(", ")}`],
    };
  },
};

const echoScenario = {
  name: "64 B echo",
  async run({ quick, onSample }) {
    const side = (options) => () => echoLoad({ ...options, ...times(quick) });
    const spinning = side({ ...udp("batched"), spin: 50 });
    const sides = { batched: side(udp("batched")), "batched, spin 50": spinning, "node:dgram": side(dgram) };
    const samples = await interleave(sides, rounds(quick), onSample);
    const metrics = [
      { key: "p50", name: " p50", unit: "us" },
      { key: "p99", name: " p99", unit: "us" },
      { key: "cpu", name: ", both ends", unit: "CPU s/M trips" },
    ];
    const rows = (which, wanted) => compareAll(`64 B echo, ${which}`, wanted, samples, which, "node:dgram");
    const goal = { key: "p50", name: "64 B echo, batched, spin 50 p50", unit: "us" };
    return {
      cases: [
        ...rows("batched", metrics),
        ...rows("batched, spin 50", withTarget(metrics, 3.5)),
        compareWithGoal(goal, samples["batched, spin 50"], 25),
      ],
    };
  },
};

/** IPv4 and UDP. */
const HEADER_BYTES = 28;
const SMALL_BYTES = 20;

const wireScenario = {
  name: "bytes on the wire",
  async run({ onSample }) {
    const cases = [];
    const bare = [{ bytes: SMALL_BYTES + HEADER_BYTES }];
    for (const reliable of [false, true]) {
      for (const perFlush of [1, 50]) {
        const result = await alone("wire", { perFlush, reliable, size: SMALL_BYTES });
        onSample();
        const ours = [{ bytes: result.bytes + result.packets * HEADER_BYTES }];
        const name = `${SMALL_BYTES} B ${reliable ? "reliable" : "unreliable"}, ${perFlush} a flush`;
        cases.push(compare({ key: "bytes", name, unit: "B on the wire" }, ours, "a datagram each", bare));
      }
    }
    return { cases };
  },
};

/** Nothing is collected while bytes are counted. */
const heapFlags = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"];
const heap = (options) => alone("allocation", { size: SMALL_BYTES, count: 20_000, ...options }, heapFlags);

const heapScenario = {
  name: "heap bytes",
  async run({ quick, onSample }) {
    const sides = {
      "node:dgram": () => heap({ socket: "dgram" }),
      createCipheriv: () => heap({ socket: "cipher" }),
      "the clock, 4 calls": async () => ({ bytes: 4 * (await heap({ socket: "clock" })).bytes }),
    };
    for (const socket of ["memory", "batched"]) {
      for (const perFlush of [1, 50]) {
        for (const reliable of [false, true]) {
          const name = `${socket}, ${reliable ? "reliable" : "unreliable"}, ${perFlush} a flush`;
          sides[name] = () => heap({ socket, perFlush, reliable });
        }
      }
    }
    const sealed = "memory, sealed, 1 a flush";
    sides[sealed] = () => heap({ socket: "memory", noise: true });
    const samples = await interleave(sides, quick ? 1 : 5, onSample);
    const ours = Object.keys(sides).filter((name) => name.includes(","));
    const row = (name, baseline) =>
      compareAll(`heap: ${name}`, [{ key: "bytes", unit: "B/msg" }], samples, name, baseline);
    return { cases: ours.flatMap((name) => row(name, name === sealed ? "createCipheriv" : "node:dgram")) };
  },
};

/** The figures of GNS's own program and of the Peer at the send rates that suit each: see DEAD_ENDS.md. */
const gnsReliable = { size: 64, reliable: true, "in-flight": 20_000 };
const MEBIBYTE = 2 ** 20;

const gnsScenario = {
  name: "64 B reliable over GNS",
  async run({ quick, onSample }) {
    const peer = (options) => () => oneWay({ transport: "peer", socket: "gns", ...options, ...times(quick) });
    const sides = {
      "20,000 in flight": peer(gnsReliable),
      "no limit": peer({ ...gnsReliable, "in-flight": 2 ** 30 }),
      "a GNS message each": () => gnsOneWay(addon, { ...gnsReliable, batch: 32 }, quick, { rate: 24 * MEBIBYTE }),
    };
    const baseline = "a GNS message each";
    const samples = await interleave(sides, rounds(quick), onSample);
    const rows = (side, target) =>
      compareAll(`64 B reliable over GNS, ${side}`, withTarget(floodMetrics, target), samples, side, baseline);
    return { cases: [...rows("20,000 in flight", 4), ...rows("no limit")] };
  },
};

/** 400 round trips a run at least, or p99 would be the worst few. More than 20 a second, so that this takes seconds. */
const BESIDE_HZ = 100;

const streamScenario = {
  name: "messages beside a stream",
  async run({ quick, onSample }) {
    const transports = {
      "UDP, batched": udp("batched"),
      GNS: { transport: "peer", socket: "gns" },
      WebSocket: { transport: "peer", socket: "websocket" },
    };
    const cases = [];
    for (const [name, transport] of Object.entries(transports)) {
      const options = { ...transport, reliable: true, hz: BESIDE_HZ, warmup: 1, seconds: quick ? 4 : 8 };
      const sides = { idle: () => echoLoad(options), beside: () => echoLoad({ ...options, stream: true }) };
      const { idle, beside } = await interleave(sides, quick ? 1 : 5, onSample);
      for (const [key, target] of [["p50"], ["p99", 0.5]]) {
        const metric = { key, name: `reliable echo beside a stream, ${name}, ${key}`, unit: "us", target };
        cases.push(compare(metric, beside, "without", idle));
      }
    }
    return { cases };
  },
};

const swarmOf = (side, connections, quick) =>
  swarm({ ...side, connections, hz: 20, size: 60, warmup: 2, seconds: quick ? 2 : 5 });

/** Of the server's CPU for an echo, by node:dgram's. */
const swarmTargets = { "UDP, batched": 1.3, GNS: 0.8 };

function swarmScenario(connections) {
  const name = `${connections} clients at 20 Hz`;
  return {
    name,
    async run({ quick, onSample }) {
      const side = (options) => () => swarmOf(options, connections, quick);
      const over = (socket) => side({ transport: "peer", socket });
      const ours = {
        "UDP, batched": side(udp("batched")),
        "UDP, dgram": side(udp("dgram")),
        GNS: over("gns"),
        WebSocket: over("websocket"),
      };
      const baseline = "node:dgram";
      const samples = await interleave({ ...ours, [baseline]: side(dgram) }, quick ? 1 : 5, onSample);
      const metrics = [
        { key: "cores", unit: "cores, server" },
        { key: "cpu", unit: "CPU s/M echoes, server" },
      ];
      const notes = Object.entries(samples).map(([which, runs]) => `${name}, ${which}: ${describeSwarm(runs)}`);
      const rows = (which) =>
        compareAll(`${name}, ${which}`, withTarget(metrics, swarmTargets[which], "cpu"), samples, which, baseline);
      return { cases: Object.keys(ours).flatMap(rows), notes };
    },
  };
}

const growthScenario = {
  name: "growth",
  slow: true,
  async run({ quick, onSample }) {
    const cases = [];
    for (const implementation of ["batched", "dgram"]) {
      const points = [];
      for (const connections of [100, 400, 1600]) {
        const sides = { ours: () => swarmOf(udp(implementation), connections, quick) };
        const { ours } = await interleave(sides, 3, onSample);
        // Cost per echo times the echoes wanted: clients that fall behind do not flatter the server.
        points.push([connections, median(ours.map((figures) => figures.cpu)) * connections]);
      }
      cases.push(compareGrowth(`growth of CPU, 100-1600 clients, ${implementation}`, points));
    }
    return { cases };
  },
};

export const scenarios = [
  oneWayScenario("64 B unreliable", { size: 64 }),
  oneWayScenario(`${SINGLE_PACKET_MESSAGE_SIZE} B unreliable`, SINGLE_UNRELIABLE, { batched: 2 }),
  oneWayScenario("64 B reliable", { size: 64, reliable: true }),
  oneWayScenario("1200 B reliable", RELIABLE_1200, { batched: 2, managed: 0.6 }),
  plainScenario,
  bulkScenario,
  echoScenario,
  wireScenario,
  heapScenario,
  gnsScenario,
  streamScenario,
  swarmScenario(1000),
  growthScenario,
];
