// One process of a benchmark over any transport. Roles of two processes: echo and load, sink and flood, echo and swarm,
// idle or handshakes;
// of one: allocation and wire. Options are those of the functions named so.
import { readOptions } from "../peer/options.mjs";
import { limitSeconds, reportError } from "../peer/report.mjs";
import { echo, load } from "./echo.mjs";
import { allocation, wire } from "./in-process.mjs";
import { flood, sink } from "./one-way.mjs";
import { handshakes, idle, swarm } from "./swarm.mjs";

const roles = { echo, load, sink, flood, swarm, idle, handshakes };
const localRoles = { allocation, wire };
const transports = ["peer", "socket", "dgram", "ws", "socket-io", "enet", "data-channel"];

try {
  const { role, transport, ...options } = readOptions(process.argv.slice(2));
  limitSeconds(options.limit ?? 60);
  if (localRoles[role]) await localRoles[role](options);
  else if (!transports.includes(transport)) throw new Error(`no transport ${transport}`);
  else await roles[role](await import(`./${transport}.mjs`), options);
} catch (error) {
  reportError(error);
}
