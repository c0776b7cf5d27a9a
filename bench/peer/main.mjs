// The package's end of the benchmarks and of the interoperability test: the same roles and options as gns-peer.
import { Driver } from "./driver.mjs";
import { runEcho } from "./echo.mjs";
import { runFlood, runSink } from "./one-way.mjs";
import { readOptions } from "./options.mjs";
import { runPing } from "./ping.mjs";
import { reportError } from "./report.mjs";
import { runReceive, runSend } from "./transfer.mjs";

const roles = { echo: runEcho, ping: runPing, flood: runFlood, sink: runSink, send: runSend, receive: runReceive };

try {
  const options = readOptions(process.argv.slice(2));
  const run = roles[options.role];
  if (!run) throw new Error(`unknown role ${options.role}`);
  run(new Driver(options), options);
} catch (error) {
  reportError(error);
}
