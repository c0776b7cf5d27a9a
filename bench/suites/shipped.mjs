// The binary that ships for Linux x64 against the development build, under the same JavaScript.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/paths.mjs";
import { binaryOf, platformNamed } from "../../scripts/platforms.mjs";
import { run } from "../../scripts/run.mjs";
import { compareAll, floodMetrics, interleave, withTarget } from "../harness/pairs.mjs";
import { addon as development, oneWay, roundTrip } from "./native.mjs";

const shipped = ["env", "PREBUILDS_ONLY=1", ...development];

export function prepare() {
  if (!existsSync(join(root, "build", "Release"))) run(process.execPath, [join(root, "scripts", "build.mjs")]);
  if (!existsSync(binaryOf(platformNamed("linux-x64")))) run(process.execPath, [join(root, "scripts", "prebuild.mjs")]);
}

function scenario(name, measure, metrics) {
  return {
    name,
    async run({ quick, onSample }) {
      const sides = { shipped: () => measure(shipped, quick), development: () => measure(development, quick) };
      const samples = await interleave(sides, quick ? 2 : 6, onSample);
      return { cases: compareAll(name, metrics, samples, "shipped", "development") };
    },
  };
}

const flood = (flow) => (program, quick) => oneWay(program, flow, quick);

export const scenarios = [
  scenario("one-way 64 B unreliable", flood({ size: 64, batch: 64 }), withTarget(floodMetrics, 0.97)),
  scenario("one-way 1200 B unreliable", flood({ size: 1200, batch: 16 }), withTarget(floodMetrics, 0.97)),
  scenario("64 B echo", roundTrip, [
    { key: "p50", name: " p50", unit: "us", target: 0.97 },
    { key: "cpu", name: " client", unit: "CPU s/M trips" },
  ]),
];
