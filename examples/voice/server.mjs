// node server.mjs [UDP port] [HTTP port]: voice chat. Browsers open the page and speak over WebTransport or WebSocket,
// at the port of the page; programs (bot.mjs) speak over UDP.
import { PeerCommsNetwork } from "valve-sockets/comms";
import { MultiplexSocketFactory, printable } from "valve-sockets/socket";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { servePage } from "../page-server.mjs";

const [udpPort = "7777", httpPort = "8080"] = process.argv.slice(2);

const opus = new URL("./", import.meta.resolve("libopus-wasm"));
const http = await servePage(import.meta.url, Number(httpPort), { "libopus-wasm/": opus });
const udp = new UdpSocketFactory({ port: Number(udpPort) });
const socketFactory = new MultiplexSocketFactory(udp, new BrowserSocketFactory({ webSocket: { server: http } }));
const network = new PeerCommsNetwork({ socketFactory });
network.on("fault", (error) => console.error(error));
network.runAsDedicatedServer();

const { server } = network;
server.on("clientJoined", ({ name }) => console.log(`${printable(name)} is here`));
server.on("clientLeft", ({ name }) => console.log(`${printable(name)} is gone`));
server.on("startedListening", ({ name }, room) => console.log(printable(`${name} listens to ${room}`)));
await server.bound;
console.log(`UDP port: ${network.boundPort}`);
console.log(`Page: http://localhost:${http.address().port}/`);

process.once("SIGINT", () => {
  network.stop();
  http.close();
  http.closeAllConnections();
});
