// The object layer, through its managers, against @colyseus/schema, plain fields, copying memory, and the Peer alone.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/paths.mjs";
import { run } from "../../scripts/run.mjs";
import { compare, compareAll, compareGrowth, interleave, median } from "../harness/pairs.mjs";
import { withPeers } from "../harness/peer.mjs";

const program = fileURLToPath(new URL("../object/main.mjs", import.meta.url));

export function prepare() {
  if (!existsSync(join(root, "dist", "object", "index.js"))) {
    run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);
  }
}

/** One sample in a process of its own. */
const sample = (side, name, options, quick) =>
  withPeers((start) =>
    start([process.execPath, program], side, { case: name, seconds: quick ? 0.5 : 1.5, ...options }).next("result"),
  );

const rounds = (quick) => (quick ? 1 : 5);

/** Samples of each side; `sides` has the options of those that need other ones. */
function samplesOf(name, sides, options, { quick, onSample }) {
  const runs = Object.entries(sides).map(([side, own]) => [
    side,
    () => sample(side, name, { ...options, ...own }, quick),
  ]);
  return interleave(Object.fromEntries(runs), rounds(quick), onSample);
}

/** Figures of ours that are compared with a fixed goal. */
const goal = (metric, samples, value, baselineName = "the goal") =>
  compare(
    metric,
    samples,
    baselineName,
    samples.map(() => ({ [metric.key]: value })),
  );

const us = (key, target, name = key) => ({ key, name: `: ${name}`, unit: "us", target });

const stateScenario = {
  name: "state",
  async run(context) {
    const label = "1000 objects x 2 float32";
    const [plain, heard, small] = [
      await samplesOf("state", { ours: {}, colyseus: {}, floors: {} }, {}, context),
      await samplesOf("state", { ours: {}, colyseus: {} }, { listeners: 1 }, context),
      await samplesOf("state", { ours: { quantize: 1 }, colyseus: {} }, {}, context),
    ];
    const size = (target, name) => ({ key: "bytes", name, unit: "bytes", target });
    return {
      cases: [
        ...compareAll(
          label,
          [
            us("set", 2.5),
            us("encode", 10, "encode, once for all"),
            us("sent", undefined, "sent to one player"),
            us("decode", 25),
            size(1 / 0.67, ": bytes"),
          ],
          plain,
          "ours",
          "colyseus",
        ),
        ...compareAll(label, [us("set"), us("encode"), us("decode")], plain, "ours", "floors"),
        ...compareAll(label, [us("decode", 6, "decode, with a listener on each")], heard, "ours", "colyseus"),
        ...compareAll(label, [size(1 / 0.4, ": bytes, quantised to 16 bits")], small, "ours", "colyseus"),
      ],
    };
  },
};

const ms = (key, target, name = key) => ({ key, name: `: ${name}`, unit: "ms", target });

const WHOLE = "set + grid + packets";
const GROUND = "10,000 objects x 200 players, 100 seen, 10 % move";

function groundScenario(moving, name, label, slow = false) {
  return {
    name,
    slow,
    async run(context) {
      const samples = await samplesOf("ground", { ours: {}, colyseus: {} }, { moving }, context);
      const size = { key: "bytes", name: ": bytes", unit: "bytes", target: 1.25 };
      return {
        cases: compareAll(
          label,
          [ms("whole", 6, WHOLE), ms("set"), ms("send", undefined, "grid + packets"), size],
          samples,
          "ours",
          "colyseus",
        ),
      };
    },
  };
}

const lossScenario = {
  name: "ground, 5 % loss",
  async run({ quick, onSample }) {
    const sides = {
      lossy: () => sample("ours", "ground", { loss: 0.05 }, quick),
      "no loss": () => sample("ours", "ground", {}, quick),
    };
    const samples = await interleave(sides, rounds(quick), onSample);
    const metrics = [
      ms("send", 0.5, "grid + packets"),
      { key: "bytes", name: ": bytes", unit: "bytes", target: 1 / 1.08 },
    ];
    return { cases: compareAll("the same, 5 % loss", metrics, samples, "lossy", "no loss") };
  },
};

const roomScenario = {
  name: "room",
  async run({ quick, onSample }) {
    const { bytes } = await sample("ours", "room", {}, true);
    const context = { quick, onSample };
    const samples = await samplesOf("room", { ours: {}, floors: { bytes: Math.round(bytes) } }, {}, context);
    return {
      cases: compareAll(
        "a room: 1000 changes, 200 players",
        [{ ...ms("send", 0.5), name: "" }],
        samples,
        "ours",
        "floors",
      ),
    };
  },
};

const crowdScenario = {
  name: "crowd",
  async run(context) {
    const { ours } = await samplesOf("crowd", { ours: {} }, {}, context);
    const metric = { key: "pair", name: "a crowd: 200 x 1000 changes, 1200 bytes each", unit: "ns/pair", target: 1 };
    return { cases: [goal(metric, ours, 20)] };
  },
};

const rewindScenario = {
  name: "rewind",
  async run(context) {
    const { ours } = await samplesOf("rewind", { ours: {} }, {}, context);
    return {
      cases: [
        goal({ ...us("record", 1), name: "record 1000 changes" }, ours, 40),
        goal({ ...us("rewind", 1), name: "rewind 100 objects" }, ours, 15),
      ],
    };
  },
};

const PEER_BYTES = 120;

const tickScenario = {
  name: "tick",
  async run(context) {
    const sides = { ours: {}, floors: { bytes: PEER_BYTES } };
    const samples = await samplesOf("tick", sides, {}, context);
    return {
      cases: compareAll(
        "whole tick through Peer over MemorySocket, 200 players",
        [{ ...ms("tick", 0.5), name: "" }],
        samples,
        "ours",
        "floors",
      ),
    };
  },
};

/** Objects and players grow together, so that each player sees as many as before. */
const growthScenario = {
  name: "growth",
  async run({ quick, onSample }) {
    const points = [];
    const cases = [];
    for (const objects of [100, 1000, 10_000]) {
      const options = { objects, players: Math.max(objects / 50, 2), seen: Math.min(100, objects) };
      const { ours } = await interleave(
        { ours: () => sample("ours", "ground", options, quick) },
        quick ? 1 : 3,
        onSample,
      );
      const middle = median(ours.map(({ whole }) => whole));
      points.push([objects, middle]);
      const name = `${objects} objects, ${options.players} players: ${WHOLE}`;
      if (objects === 10_000) cases.push(goal({ key: "whole", name, unit: "ms", target: 1 }, ours, 1));
      else cases.push({ name, unit: "ms", ours: middle, runs: ours.map(({ whole }) => whole) });
    }
    return { cases: [...cases, { ...compareGrowth("growth with objects and players", points), target: 1 }] };
  },
};

const arenaScenario = {
  name: "arena",
  async run({ quick, onSample }) {
    const play = { ours: () => sample("ours", "arena", { seconds: quick ? 3 : 30 }, quick) };
    const { ours } = await interleave(play, quick ? 1 : 3, onSample);
    const metric = (key, name) => ({ ...ms(key, 1), name: `arena with 16 bots, ${name}` });
    const figure = ({ key, name, unit }) => {
      const runs = ours.map((figures) => figures[key]);
      return { name, unit, ours: median(runs), runs };
    };
    return {
      cases: [
        goal(metric("p99", "tick, 99th percentile"), ours, 5),
        figure(metric("p50", "tick")),
        figure(metric("cpuMs", "processor time of a tick")),
      ],
    };
  },
};

export const scenarios = [
  stateScenario,
  groundScenario(0.1, "ground, 10 % move", GROUND),
  groundScenario(1, "ground, all move", "the same, all move", true),
  lossScenario,
  roomScenario,
  crowdScenario,
  rewindScenario,
  tickScenario,
  growthScenario,
  arenaScenario,
];
