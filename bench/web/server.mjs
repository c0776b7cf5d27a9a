// node server.mjs echo --host <address>: sends back what a page says, by whatever transport it comes.
import { NetworkServer } from "../../dist/message/index.js";
import { BrowserSocketFactory } from "../../dist/socket/browser-server.js";
import { Move, protocol, Shot } from "./protocol.mjs";

const bindHost = process.argv[process.argv.indexOf("--host") + 1];
const server = new NetworkServer({ protocol, socketFactory: new BrowserSocketFactory({ bindHost, port: 0 }) });
for (const message of [Shot, Move]) {
  server.messageHandler.register(message, (number, player) => void player.send(message, number));
}
await server.start();
process.stdout.write(`${JSON.stringify({ event: "listening", port: server.boundPort })}\n`);
