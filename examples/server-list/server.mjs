// node server.mjs <name> [UDP port] [HTTP port]: a server that can be found. Lists in terminals (list.mjs) ask it over
// UDP, those in browsers over WebSocket, at the port of the page with the list.
import { NetworkServer } from "valve-sockets/message";
import { MultiplexSocketFactory } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { servePage } from "../page-server.mjs";
import { protocol } from "./protocol.mjs";

const [name = "A server", udpPort = "7777", httpPort = "8080"] = process.argv.slice(2);

const http = await servePage(import.meta.url, Number(httpPort));

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
