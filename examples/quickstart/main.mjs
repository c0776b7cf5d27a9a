// node main.mjs [--inspect]: a page with bots on a bad network; and a server and 8 clients on one, with a table and a
// summary. Exit code 0 only if no promise was broken. In a terminal the page stays until Ctrl+C, elsewhere the program
// ends by itself. With --inspect another page shows what the server of the first one does.
import { openBadNetwork } from "../bad-network/server.mjs";
import { openPage } from "../open-page.mjs";
import { defaults, runQuickstart } from "./run.mjs";
import { nextSteps, summarize } from "./summary.mjs";
import { LiveTable } from "./table.mjs";

const IS_TERMINAL = process.stdout.isTTY === true;
const { clients, loss, lag } = defaults;
let badNetwork = null;
try {
  badNetwork = await openBadNetwork({ isInspected: process.argv.includes("--inspect") });
  const { page, inspectorPage } = badNetwork;
  console.log(`Page: ${page} has bots on a bad network, with and without interpolation.`);
  if (inspectorPage) console.log(`Inspector: ${inspectorPage} shows what the server of that page does.`);
  for (const one of IS_TERMINAL ? [page, inspectorPage] : []) if (one) openPage(one);
} catch ({ message }) {
  console.log(`Without its page: ${message}`);
}
console.log(`A server and ${clients} clients, ${loss} % of the packets lost, ${lag} ms of lag each way:\n`);

const table = new LiveTable(process.stdout, defaults);
const results = await runQuickstart(defaults, (report) => table.show(report));
table.finish();
const { ok, text } = summarize(results, defaults);
console.log(`\n${text}`);
if (ok) console.log(`\n${nextSteps()}`);
process.exitCode = ok ? 0 : 1;

if (badNetwork && IS_TERMINAL) {
  const { page, inspectorPage } = badNetwork;
  console.log(`\nThe page stays until Ctrl+C: ${page}${inspectorPage ? `\nand its inspector: ${inspectorPage}` : ""}`);
  process.once("SIGINT", badNetwork.close);
} else await badNetwork?.close();
