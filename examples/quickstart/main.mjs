// node main.mjs [--inspect]: a page with bots on a bad network; and a server and 8 clients on one, with a table and a
// summary. Exit code 0 only if no promise was broken. In a terminal the page stays until Ctrl+C, elsewhere the program
// ends by itself. With --inspect another page shows what the server does.
import { openBadNetwork } from "../bad-network/server.mjs";
import { openPage } from "../open-page.mjs";
import { defaults, runQuickstart } from "./run.mjs";
import { nextSteps, summarize } from "./summary.mjs";
import { LiveTable } from "./table.mjs";

const IS_TERMINAL = process.stdout.isTTY === true;
const { clients, loss, lag } = defaults;
let badNetwork = null;
try {
  badNetwork = await openBadNetwork();
  console.log(`Page: ${badNetwork.page} has bots on a bad network, with and without interpolation.`);
  if (IS_TERMINAL) openPage(badNetwork.page);
} catch ({ message }) {
  console.log(`Without its page: ${message}`);
}
console.log(`A server and ${clients} clients, ${loss} % of the packets lost, ${lag} ms of lag each way:\n`);

const table = new LiveTable(process.stdout, defaults);
const settings = { ...defaults, inspect: process.argv.includes("--inspect") };
const results = await runQuickstart(settings, (report) => {
  if (report.type === "inspector") console.log(`Inspector: ${report.url}\n`);
  else table.show(report);
});
table.finish();
const { ok, text } = summarize(results, defaults);
console.log(`\n${text}`);
if (ok) console.log(`\n${nextSteps()}`);
process.exitCode = ok ? 0 : 1;

if (badNetwork && IS_TERMINAL) {
  console.log(`\nThe page stays until Ctrl+C: ${badNetwork.page}`);
  process.once("SIGINT", badNetwork.close);
} else await badNetwork?.close();
