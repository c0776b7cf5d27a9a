// node host.mjs <name> <players> [UDP port] [HTTP port]: a game for that many players, including the host. The others
// join over GNS on the UDP port (client.mjs), or with a browser on the HTTP port.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { NetworkServer } from "valve-sockets/message";
import { MultiplexSocketFactory } from "valve-sockets/socket";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { Lobby } from "./lobby.mjs";
import { createPlayer, enter } from "./player.mjs";
import { protocol } from "./protocol.mjs";

const [name = "host", players = "3", udpPort = "7777", httpPort = "8080"] = process.argv.slice(2);
const library = fileURLToPath(new URL("../../dist/", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));

/** Serves the page and what it imports, from this folder and from the library. */
const http = createServer(async (request, response) => {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const match = /^\/(dist\/)?((?:[\w-]+\/)*[\w-]+\.m?js)$/.exec(path);
  const file = match ? (match[1] ? library : here) + match[2] : `${here}index.html`;
  try {
    const text = await readFile(file);
    response.setHeader("Content-Type", match ? "text/javascript" : "text/html");
    response.end(text);
  } catch {
    response.writeHead(404).end();
  }
});
http.listen(Number(httpPort));
await once(http, "listening");

const gns = new GnsSocketFactory({ port: Number(udpPort) });
const socketFactory = new MultiplexSocketFactory(gns, new WebSocketFactory({ server: http }));
const server = new NetworkServer({ protocol, socketFactory });
new Lobby(server, `${name}'s lobby`, Number(players));
const print = (line) => console.log(line);
const client = createPlayer(undefined, print);
const joined = new Promise((resolve) => client.on("authenticated", resolve));
await server.start({ localClient: client });
print(`UDP port: ${server.boundPort}`);
print(`Page: http://localhost:${http.address().port}/`);
await joined;
await enter(client, name, print);

process.once("SIGINT", async () => {
  await server.stop({ code: 0, text: "The host has closed the lobby" });
  http.close();
  http.closeAllConnections();
});
