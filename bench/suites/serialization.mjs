// Packing and unpacking of small messages against msgpackr (records) and @colyseus/schema; bit packers against a
// DataView.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/paths.mjs";
import { run } from "../../scripts/run.mjs";
import { compare, compareAll, compareGrowth, interleave, median } from "../harness/pairs.mjs";
import { withPeers } from "../harness/peer.mjs";

const program = fileURLToPath(new URL("../serialization/main.mjs", import.meta.url));

export function prepare() {
  if (!existsSync(join(root, "dist", "serialization", "index.js"))) {
    run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);
  }
}

/** One sample in a process of its own: what one side compiled for its shapes does not help or hinder the other. */
const sample = (side, options, quick, flags = []) =>
  withPeers((start) =>
    start([process.execPath, "--expose-gc", ...flags, program], side, {
      ...options,
      seconds: quick ? 0.1 : 0.25,
    }).next("result"),
  );

const rounds = (quick) => (quick ? 2 : 6);

/** Pack, unpack and size of one message against other libraries. */
function messageScenario(message, baselines, { targets = {}, label = message, flags } = {}) {
  return {
    name: label,
    async run({ quick, onSample }) {
      const names = ["ours", ...baselines];
      const sides = Object.fromEntries(names.map((side) => [side, () => sample(side, { message }, quick, flags)]));
      const samples = await interleave(sides, rounds(quick), onSample);
      const metrics = [
        { key: "pack", name: ", pack", unit: "ns", target: targets.pack },
        { key: "unpack", name: ", unpack", unit: "ns", target: targets.unpack },
        { key: "bytes", name: ", size", unit: "bytes", target: targets.bytes },
      ];
      return { cases: baselines.flatMap((baseline) => compareAll(label, metrics, samples, "ours", baseline)) };
    },
  };
}

/** Decoding should leave the message's object on the heap and nothing else. */
const memoryScenario = {
  name: "heap",
  async run({ quick, onSample }) {
    const sides = { ours: () => sample("ours", { heap: "movement" }, quick) };
    const { ours } = await interleave(sides, quick ? 1 : 5, onSample);
    const objects = ours.map(({ object }) => ({ heap: object }));
    const metric = { key: "heap", name: "movement, heap of a decode", unit: "bytes", target: 0.95 };
    return { cases: [compare(metric, ours, "the object alone", objects)] };
  },
};

function packerScenario(packer) {
  return {
    name: `packer ${packer}`,
    async run({ quick, onSample }) {
      const sides = {
        ours: () => sample("ours", { packer }, quick),
        DataView: () => sample("DataView", { packer }, quick),
      };
      const samples = await interleave(sides, rounds(quick), onSample);
      const metrics = [
        { key: "pack", name: ", pack", unit: "ns" },
        { key: "bytes", name: ", size", unit: "bytes" },
      ];
      return { cases: compareAll(packer, metrics, samples, "ours", "DataView") };
    },
  };
}

const growthScenario = {
  name: "growth",
  async run({ quick, onSample }) {
    const cases = [];
    for (const key of ["pack", "unpack"]) {
      const points = [];
      for (const count of [10, 100, 1000]) {
        const sides = { ours: () => sample("ours", { message: `${count} movements` }, quick) };
        const { ours } = await interleave(sides, quick ? 1 : 3, onSample);
        points.push([count, median(ours.map((figures) => figures[key]))]);
      }
      cases.push({ ...compareGrowth(`growth of ${key}, 10-1000 structs`, points), target: 1 });
    }
    return { cases };
  },
};

const targets = { pack: 1, unpack: 1, bytes: 2 };

export const scenarios = [
  messageScenario("movement", ["msgpackr", "colyseus"], { targets }),
  messageScenario("movement, floats", ["msgpackr", "colyseus"]),
  messageScenario("chat", ["msgpackr", "colyseus"]),
  // As in a page whose Content-Security-Policy forbids `new Function`, for both sides.
  messageScenario("movement", ["msgpackr"], {
    label: "movement, no eval",
    flags: ["--disallow-code-generation-from-strings"],
  }),
  memoryScenario,
  ...["10 bits", "packed", "quantized", "angle", "quaternion"].map(packerScenario),
  growthScenario,
];
