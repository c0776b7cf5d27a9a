// node server.mjs [UDP port] [HTTP port]: a chat for browsers, and for client.mjs over UDP.
import { NetworkServer, RequestRefusedError } from "valve-sockets/message";
import { MultiplexSocketFactory } from "valve-sockets/socket";
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { servePage } from "../page-server.mjs";
import { Enter, MAX_MEMBERS, protocol, Said, Say } from "./protocol.mjs";

const [udpPort = "7777", httpPort = "8080"] = process.argv.slice(2);
const http = await servePage(import.meta.url, Number(httpPort));
const udp = new UdpSocketFactory({ port: Number(udpPort) });
const socketFactory = new MultiplexSocketFactory(udp, new BrowserSocketFactory({ webSocket: { server: http } }));
const server = new NetworkServer({ protocol, socketFactory, sessions: {} });

/** The names of those who have come in. */
const names = new Map();
const tellAll = (name, text) => server.sendToMany(names.keys(), Said, { name, text });

server.messageHandler.registerRequest(Enter, ({ name }, player) => {
  const others = [...names.values()];
  if (names.has(player)) throw new RequestRefusedError("You are in already");
  if (others.length === MAX_MEMBERS) throw new RequestRefusedError("The chat is full");
  if (!/^[\p{L}\p{N}][\p{L}\p{N}\p{M} _.-]*$/u.test(name))
    throw new RequestRefusedError("A name has letters and digits");
  if (others.includes(name)) throw new RequestRefusedError(`The name ${name} is taken`);
  names.set(player, name);
  tellAll(name, "has come in");
  return { others };
});
server.messageHandler.register(Say, (text, player) => {
  if (names.has(player)) tellAll(names.get(player), text);
});
server.on("disconnected", (player) => {
  const name = names.get(player);
  if (names.delete(player)) tellAll(name, "has left");
});

await server.start();
console.log(`UDP port: ${server.boundPort}`);
console.log(`Page: http://localhost:${http.address().port}/`);
process.once("SIGINT", async () => {
  await server.stop({ code: 0, text: "The chat is over" });
  http.close();
  http.closeAllConnections();
});
