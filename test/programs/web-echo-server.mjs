// A server for pages that sends back what it hears: node web-echo-server.mjs <address>. Says { port }, and then
// { came: transport } and { left: transport } of each player.
import { defineMessage, defineProtocol, NetworkServer } from "../../dist/message/index.js";
import { Channel } from "../../dist/peer/index.js";
import { u32 } from "../../dist/serialization/index.js";
import { BrowserSocketFactory } from "../../dist/socket/browser-server.js";

const Shot = defineMessage("shot", u32);
const Move = defineMessage("move", u32, { channel: Channel.Unreliable });
const protocol = defineProtocol({ name: "echo", version: 1, messages: [Shot, Move] });
const socketFactory = new BrowserSocketFactory({ bindHost: process.argv[2], port: 0 });
const server = new NetworkServer({ protocol, socketFactory, peer: { timeoutMs: 3000 } });
for (const message of [Shot, Move]) {
  server.messageHandler.register(message, (number, player) => void player.send(message, number));
}
server.on("authenticated", ({ transport }) => process.send({ came: transport }));
server.on("disconnected", ({ transport }) => process.send({ left: transport }));
await server.start();
process.send({ port: server.boundPort });
