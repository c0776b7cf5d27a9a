// Ping-pong over any transport: node examples/ping-pong/main.mjs <gns|udp|udp-dgram|udp-batched|websocket|memory>
// It runs a server, and a client in another process (with memory: in the same). For two machines:
// node main.mjs <transport> server [port], and node main.mjs <transport> client <port> [host]
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { playRallies } from "./client.mjs";
import { startServer } from "./server.mjs";
import { tableOf } from "./table.mjs";
import { transports } from "./transports.mjs";

const [transport = "udp", role = "both", port = "0", host = "localhost"] = process.argv.slice(2);
const createFactory = transports[transport];
if (!createFactory) throw new Error(`The transports are ${Object.keys(transports).join(", ")}; not ${transport}`);
const factory = createFactory(host, Number(port));

async function playHere() {
  console.log(tableOf(transport, await playRallies(factory, factory.getConnectEndPoint())));
}

async function playInAnotherProcess(serverPort) {
  const client = fork(fileURLToPath(import.meta.url), [transport, "client", `${serverPort}`, host]);
  const [code] = await once(client, "exit");
  process.exitCode = code ?? 1;
}

if (role === "client") await playHere();
else {
  const server = await startServer(factory);
  if (role === "server") {
    console.log(`Listening on port ${server.boundPort}`);
    await once(process, "SIGINT");
  } else if (transport === "memory") await playHere();
  else await playInAnotherProcess(server.boundPort);
  await server.close({ code: 0, text: "The server was shut down" });
}
