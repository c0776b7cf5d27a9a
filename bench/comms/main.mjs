// One process of the benchmark of voice comms. Roles: server and members of a session; mouth-to-ear; codec.
import { Meter } from "../peer/meter.mjs";
import { readOptions } from "../peer/options.mjs";
import { limitSeconds, report, reportError } from "../peer/report.mjs";
import { codec } from "./codec.mjs";
import { members } from "./members.mjs";
import { mouthToEar } from "./mouth-to-ear.mjs";
import { servers } from "./servers.mjs";

/** A line `start` on the standard input begins a measurement of the processor time, `read` reports it. */
async function server({ kind }) {
  const { cpuSeconds, ...place } = await servers[kind]();
  const meter = new Meter(cpuSeconds);
  process.stdin.setEncoding("utf8").on("data", (text) => {
    if (text.includes("start")) meter.start();
    if (text.includes("read")) report("result", meter.read());
  });
  report("listening", place);
}

const roles = { server, members, codec, "mouth-to-ear": mouthToEar };

try {
  const { role, ...options } = readOptions(process.argv.slice(2));
  limitSeconds(options.limit ?? 120);
  await roles[role](options);
  if (role !== "server") process.exit(0);
} catch (error) {
  reportError(error);
}
