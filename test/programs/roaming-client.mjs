// A NetworkClient with two ways to its NetworkServer, over UDP with encryption. Both send numbered messages, and after
// a quarter of them the first way ends. Prints what server and client had by the time that both had everything.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import { nodePrimitives } from "valve-sockets/noise/node";
import { struct, u32 } from "valve-sockets/serialization";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { ends, runBoth, SERVER } from "./two-ways.mjs";

const [, implementation, end] = process.argv.slice(2);
const MESSAGES = 200;
const Numbered = defineMessage("numbered", struct({ number: u32 }));
const options = {
  protocol: defineProtocol({ name: "test", version: 1, messages: [Numbered] }),
  socketFactory: new UdpSocketFactory({ host: SERVER, bindHost: SERVER, port: 7777, implementation }),
  peer: { encryption: { primitives: nodePrimitives() } },
};

/** Listens to one end; `hasAll` is called when it has every message. */
function record(networkEnd, events, hasAll) {
  const seen = { events: [], next: 0, wrong: 0 };
  for (const event of events) networkEnd.on(event, () => seen.events.push(event));
  networkEnd.messageHandler.register(Numbered, ({ number }) => {
    if (number !== seen.next) seen.wrong++;
    seen.next = number + 1;
    if (number === MESSAGES - 1) hasAll(seen);
  });
  return seen;
}

function sendAll(player, onNumber) {
  let number = 0;
  const timer = setInterval(() => {
    onNumber(number);
    player.send(Numbered, { number });
    if (++number === MESSAGES) clearInterval(timer);
  }, 20);
}

const events = ["connected", "authenticated", "suspended", "resumed", "drained", "disconnected"];

async function listen() {
  const server = new NetworkServer(options);
  record(server, [...events, "moved"], (seen) => process.send(seen));
  server.on("authenticated", (player) => sendAll(player, () => {}));
  await server.start();
}

async function connect(serverProcess) {
  const client = new NetworkClient(options);
  const fromServer = once(serverProcess, "message");
  let hasAll = () => {};
  const all = new Promise((resolve) => {
    hasAll = resolve;
  });
  const seen = record(client, events, hasAll);
  const player = await client.connect();
  sendAll(player, (number) => {
    if (number === MESSAGES / 4) ends[end]();
  });
  const [server] = await fromServer;
  await all;
  console.log(JSON.stringify({ server, client: seen }));
}

await runBoth(fileURLToPath(import.meta.url), listen, connect);
