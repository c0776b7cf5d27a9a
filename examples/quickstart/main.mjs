// A server and 8 clients on a bad network, a live table, and a summary; exit code 0 only if no promise was broken.
import { defaults, runQuickstart } from "./run.mjs";
import { nextSteps, summarize } from "./summary.mjs";
import { LiveTable } from "./table.mjs";

const { clients, loss, lag } = defaults;
console.log(`A server and ${clients} clients, ${loss} % of the packets lost, ${lag} ms of lag each way.\n`);
const table = new LiveTable(process.stdout, defaults);
const results = await runQuickstart(defaults, (report) => table.show(report));
const { ok, text } = summarize(results, defaults);
console.log(`\n${text}`);
if (ok) console.log(`\n${nextSteps()}`);
process.exitCode = ok ? 0 : 1;
