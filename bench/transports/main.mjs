// One end of a benchmark over any transport: roles echo, load, sink, flood and swarm; see the files named so.
import { readOptions } from "../peer/options.mjs";
import { reportError } from "../peer/report.mjs";
import { echo, load } from "./echo.mjs";
import { flood, sink } from "./one-way.mjs";
import { swarm } from "./swarm.mjs";

const roles = { echo, load, sink, flood, swarm };
const transports = ["peer", "dgram", "ws", "socket-io", "enet", "data-channel"];

try {
  const options = readOptions(process.argv.slice(2));
  if (!transports.includes(options.transport)) throw new Error(`no transport ${options.transport}`);
  setTimeout(() => reportError(new Error("time limit reached")), (options.limit ?? 60) * 1000).unref();
  await roles[options.role](await import(`./${options.transport}.mjs`), options);
} catch (error) {
  reportError(error);
}
