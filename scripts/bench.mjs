// npm run bench -- <suite> [--quick] [--only <case>]: prints a table and writes bench/results/<suite>.json.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../bench/harness/table.mjs";
import { root } from "./paths.mjs";
import { main } from "./run.mjs";

const suites = join(root, "bench", "suites");

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
  });
  const [name] = positionals;
  const file = join(suites, `${name}.mjs`);
  if (!name || !existsSync(file)) {
    const known = readdirSync(suites).map((entry) => entry.replace(/\.mjs$/, ""));
    throw new Error(`Usage: npm run bench -- <suite> [--quick] [--only <case>]; suites: ${known.join(", ")}`);
  }
  const suite = await import(file);
  const scenarios = suite.scenarios.filter((scenario) => !values.only || scenario.name.includes(values.only));
  if (scenarios.length === 0) {
    throw new Error(`No such case; cases: ${suite.scenarios.map((scenario) => scenario.name).join(", ")}`);
  }
  await suite.prepare?.();

  const cases = [];
  const notes = [];
  for (const scenario of scenarios) {
    if (values.quick && scenario.slow && !values.only) {
      notes.push(`${scenario.name}: left out by --quick`);
      continue;
    }
    process.stderr.write(`${scenario.name} `);
    try {
      const result = await scenario.run({ quick: values.quick, onSample: () => process.stderr.write(".") });
      cases.push(...result.cases);
      notes.push(...(result.notes ?? []));
    } catch (error) {
      // The figures of the others took minutes.
      notes.push(`${scenario.name}: FAILED: ${error.message}`);
      process.exitCode = 1;
    }
    process.stderr.write("\n");
  }
  console.log(formatTable(cases));
  for (const note of notes) console.log(note);

  const results = join(root, "bench", "results");
  mkdirSync(results, { recursive: true });
  const report = { suite: name, node: process.version, cases, notes };
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
});
