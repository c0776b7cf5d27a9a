// One process of a flood: server, players or stayers (see the functions named so).
import { readOptions } from "../peer/options.mjs";
import { limitSeconds, reportError } from "../peer/report.mjs";

try {
  const { role, ...options } = readOptions(process.argv.slice(2));
  limitSeconds(options.limit ?? 300);
  if (role === "server") await (await import("./server.mjs")).server(options);
  else await (await import("./players.mjs"))[role](options);
} catch (error) {
  reportError(error);
}
