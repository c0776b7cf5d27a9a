import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = (name) => fileURLToPath(new URL(name, import.meta.url));

/** No run takes longer: a process that hangs is ended. */
const LIMIT_MS = 30_000;

export const defaults = { clients: 8, messages: 700, loss: 5, lag: 60 };

function start(path, settings) {
  const child = fork(path, [JSON.stringify(settings)], { timeout: LIMIT_MS });
  child.exited = once(child, "exit");
  return child;
}

/**
 * Runs a server and its clients, each in a process of its own. `onStatus` gets the clients' reports.
 * Returns the result of each client, null for one that ended without.
 */
export async function runQuickstart(options = {}, onStatus = (_report) => {}) {
  const settings = { ...defaults, clientProgram: program("client.mjs"), ...options };
  const server = start(program("server.mjs"), settings);
  const results = Array.from({ length: settings.clients }, () => null);
  try {
    const started = await Promise.race([once(server, "message"), server.exited]);
    const { port } = started[0] ?? {};
    if (port === undefined) throw new Error("The server did not start");
    const clients = results.map((_, id) => start(settings.clientProgram, { ...settings, id, port }));
    for (const client of clients) {
      client.on("message", (message) => {
        if (message.type === "result") results[message.id] = message;
        else onStatus(message);
      });
    }
    await Promise.all(clients.map((client) => client.exited));
  } finally {
    if (server.connected) server.disconnect();
    await server.exited;
  }
  return results;
}
