// node server.mjs <name> [UDP port] [HTTP port]: a server that can be found. Lists in terminals (list.mjs) ask it over
// UDP, those in browsers over WebSocket, at the port of the page with the list.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { NetworkServer } from "valve-sockets/message";
import { MultiplexSocketFactory } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { protocol } from "./protocol.mjs";

const [name = "A server", udpPort = "7777", httpPort = "8080"] = process.argv.slice(2);
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

const udp = new UdpSocketFactory({ port: Number(udpPort) });
const socketFactory = new MultiplexSocketFactory(udp, new WebSocketFactory({ server: http }));
const server = new NetworkServer({ protocol, socketFactory, info: { name, places: 8 } });
await server.start();
console.log(`UDP port: ${server.boundPort}`);
console.log(`Page: http://localhost:${http.address().port}/`);

process.once("SIGINT", async () => {
  await server.stop();
  http.close();
  http.closeAllConnections();
});
