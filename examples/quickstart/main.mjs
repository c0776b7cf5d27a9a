// node main.mjs [--inspect]: a server and 8 clients on a bad network, a live table, and a summary; exit code 0 only if
// no promise was broken. With --inspect a page shows what the server does, beside it.
import { defaults, runQuickstart } from "./run.mjs";
import { nextSteps, summarize } from "./summary.mjs";
import { LiveTable } from "./table.mjs";

const { clients, loss, lag } = defaults;
console.log(`A server and ${clients} clients, ${loss} % of the packets lost, ${lag} ms of lag each way.\n`);
const table = new LiveTable(process.stdout, defaults);
const settings = { ...defaults, inspect: process.argv.includes("--inspect") };
const results = await runQuickstart(settings, (report) => {
  if (report.type === "inspector") console.log(`Inspector: ${report.url}\n`);
  else table.show(report);
});
const { ok, text } = summarize(results, defaults);
console.log(`\n${text}`);
if (ok) console.log(`\n${nextSteps()}`);
process.exitCode = ok ? 0 : 1;
