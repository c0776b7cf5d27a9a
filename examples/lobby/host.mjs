// node host.mjs <name> <players> [UDP port] [HTTP port]: a game for that many players, including the host. The others
// join over GNS on the UDP port (client.mjs), or with a browser on the HTTP port.
import { NetworkServer, printable } from "valve-sockets/message";
import { MultiplexSocketFactory } from "valve-sockets/socket";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { servePage } from "../page-server.mjs";
import { Lobby } from "./lobby.mjs";
import { createPlayer, enter } from "./player.mjs";
import { protocol } from "./protocol.mjs";

const [name = "host", players = "3", udpPort = "7777", httpPort = "8080"] = process.argv.slice(2);

const http = await servePage(import.meta.url, Number(httpPort));

const gns = new GnsSocketFactory({ port: Number(udpPort) });
const socketFactory = new MultiplexSocketFactory(gns, new BrowserSocketFactory({ webSocket: { server: http } }));
const server = new NetworkServer({ protocol, socketFactory });
new Lobby(server, `${name}'s lobby`, Number(players));
/** Others have written it: what would command the terminal is shown as text. */
const print = (line) => console.log(printable(line));
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
