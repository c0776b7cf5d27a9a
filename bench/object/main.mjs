// node main.mjs <side> --case <name> [--objects <n> ...]: one sample of one side, in a process of its own.
import { parseArgs } from "node:util";
import { report, reportError } from "../peer/report.mjs";
import * as colyseus from "./colyseus.mjs";
import * as floors from "./floors.mjs";
import * as ours from "./ours.mjs";

const sides = { ours, colyseus, floors };
const numbers = ["objects", "players", "seen", "moving", "loss", "quantize", "listeners", "bytes", "budget", "seconds"];

try {
  const options = Object.fromEntries(["case", ...numbers].map((name) => [name, { type: "string" }]));
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const given = numbers.filter((name) => values[name] !== undefined).map((name) => [name, Number(values[name])]);
  report("result", await sides[positionals[0]][values.case](Object.fromEntries(given)));
} catch (error) {
  reportError(error);
}
