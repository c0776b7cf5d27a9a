// node list.mjs [seconds] [host:port]...: the servers that are named, or without any those of the local network (port
// 7777), again after so many seconds; once with 0.
import { setTimeout as pause } from "node:timers/promises";
import { discover } from "valve-sockets/message";
import { protocol } from "./protocol.mjs";

const [seconds = "5", ...named] = process.argv.slice(2);
const servers = named.map((address) => {
  const { hostname, port } = new URL(`udp://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 7777) };
});
const options = { protocol, servers, broadcast: servers.length === 0, timeoutMs: 1500 };
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

try {
  do {
    console.log("Servers:");
    for await (const server of discover({ ...options, signal: stop.signal })) {
      const { host, port, name, players, places, isSameProtocol, roundTripMs } = server;
      const version = isSameProtocol ? "" : `, another version (${server.version})`;
      console.log(`${name}: ${players} of ${places}, ${host}:${port}, ${Math.round(roundTripMs)} ms${version}`);
    }
    await pause(Number(seconds) * 1000, undefined, { signal: stop.signal });
  } while (Number(seconds) > 0);
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
