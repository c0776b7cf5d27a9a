// A server over GNS that returns every message, in a worker of echo-workers.mjs.
import { parentPort } from "node:worker_threads";
import { NetworkServer } from "valve-sockets/message";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { Echo, newProtocol } from "./echo-protocol.mjs";

const socketFactory = new GnsSocketFactory({ bindHost: "127.0.0.1", port: 0 });
const server = new NetworkServer({ protocol: newProtocol(), socketFactory, errorBudget: null });
let echoes = 0;
server.messageHandler.register(Echo, (value, player) => {
  echoes++;
  player.send(Echo, value);
});
await server.start();
parentPort.on("message", () => parentPort.postMessage({ echoes }));
parentPort.postMessage({ port: server.boundPort });
