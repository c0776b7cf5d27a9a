// A NetworkServer and a NetworkClient in a network namespace, over UDP with encryption. The server's name has an
// address of each family. Both send numbered messages, and after a quarter of them the address that the client uses
// goes away. Prints what server and client had by the time that both had everything.
import { spawnSync } from "node:child_process";
import dns from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";

const [first, implementation, isInside] = process.argv.slice(2);
if (!isInside) {
  const node = [process.execPath, ...process.argv.slice(1), "inside"];
  process.exit(spawnSync("unshare", ["-n", ...node], { stdio: "inherit" }).status ?? 1);
}
const MESSAGES = 100;
const ADDRESSES = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];
dns.lookup = async () => (first === "IPv6" ? ADDRESSES.toReversed() : ADDRESSES);
syncBuiltinESMExports();

function ip(command) {
  const { status, stderr } = spawnSync("ip", command.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${command}: ${stderr}`);
}
ip("link set lo up");

const { defineMessage, defineProtocol, NetworkClient, NetworkServer } = await import("valve-sockets/message");
const { nodePrimitives } = await import("valve-sockets/noise/node");
const { struct, u32 } = await import("valve-sockets/serialization");
const { UdpSocketFactory } = await import("valve-sockets/socket/udp");

const Numbered = defineMessage("numbered", struct({ number: u32 }));
const options = {
  protocol: defineProtocol({ name: "test", version: 1, messages: [Numbered] }),
  socketFactory: new UdpSocketFactory({ port: 7777, implementation }),
  peer: { encryption: { primitives: nodePrimitives() } },
};

/** Listens to one end, until it has every message. */
function record(end, events) {
  const seen = { events: [], next: 0, wrong: 0 };
  for (const event of events) end.on(event, () => seen.events.push(event));
  return new Promise((resolve) => {
    end.messageHandler.register(Numbered, ({ number }) => {
      if (number !== seen.next) seen.wrong++;
      seen.next = number + 1;
      if (seen.next === MESSAGES) resolve(seen);
    });
  });
}

const server = new NetworkServer(options);
const client = new NetworkClient(options);
const all = [
  record(server, ["suspended", "resumed", "disconnected", "moved"]),
  record(client, ["suspended", "resumed", "disconnected"]),
];
await server.start();
const player = await client.connect({ host: "game.test" });
let number = 0;
const timer = setInterval(() => {
  if (number === MESSAGES / 4) ip(`address delete ${first === "IPv6" ? "::1/128" : "127.0.0.1/8"} dev lo`);
  player.send(Numbered, { number });
  for (const other of server.players) other.send(Numbered, { number });
  if (++number === MESSAGES) clearInterval(timer);
}, 20);
const [atServer, atClient] = await Promise.all(all);
const hosts = [...server.players].map(({ address }) => address.slice(0, address.lastIndexOf(":")));
console.log(JSON.stringify({ atServer, atClient, hosts }));
process.exit(0);
