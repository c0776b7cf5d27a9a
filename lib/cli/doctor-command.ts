import { defineCommand, UsageError } from "./command.js";
import { examine, type Finding } from "./examination.js";
import { jsonLine } from "./json-line.js";

const USAGE = `Usage: valve-sockets doctor [OPTIONS]

Examines what this package finds on this computer, and tries each transport over the loopback address. Send what it
prints with a bug report.

  valve-sockets doctor
  valve-sockets doctor --json > report.json

  --json  prints one JSON object
  --help  prints this

Exit codes: 0 all is well, 1 something does not work, 2 wrong arguments.
`;

export const doctorCommand = defineCommand({
  summary: "examines what works on this computer",
  usage: USAGE,
  options: { json: { type: "boolean", default: false } },
  async run({ json }, positionals) {
    if (positionals.length > 0) throw new UsageError(`It takes no ${positionals.join(" ")}`);
    const findings = await examine();
    const isWell = findings.every(({ advice }) => advice === null || advice.isHint);
    if (json) process.stdout.write(jsonLine(Object.fromEntries(findings.map(jsonOf))));
    else process.stdout.write(`${findings.map(lineOf).join("")}${isWell ? "All is well.\n" : ""}`);
    return isWell ? 0 : 1;
  },
});

/** Of the names. */
const WIDTH = 23;

const jsonOf = ({ name, value, advice }: Finding) =>
  [name, advice ? { value, advice: advice.text } : { value }] as const;

function lineOf({ name, value, advice }: Finding): string {
  const line = `${name.padEnd(WIDTH)}${value}\n`;
  return advice ? `${line}${" ".repeat(WIDTH)}${advice.isHint ? "hint" : "PROBLEM"}: ${advice.text}\n` : line;
}
