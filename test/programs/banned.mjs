// A server that bans a player, over one transport, on an address that is not loopback: in a namespace of its own, which
// it makes. `banned.mjs <transport> <file>`; the guard's lists are written to the file for a second process, which is
// the server after a restart. Prints a line of JSON for each process.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ConnectionGuard } from "valve-sockets/guard";
import { defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

const [transport, file, inside] = process.argv.slice(2);
const HOST = "10.9.0.1";
const PORT = 7777;

if (!inside) {
  const script = `ip link set lo up && ip address add ${HOST}/32 dev lo && "$@"`;
  const node = [process.execPath, fileURLToPath(import.meta.url), transport, file, "inside"];
  for (let start = 0; start < 2; start++) {
    const { status } = spawnSync("unshare", ["-n", "sh", "-c", script, "sh", ...node], { stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
  }
  process.exit();
}

const guard = new ConnectionGuard();
const isRestarted = existsSync(file);
if (isRestarted) guard.import(JSON.parse(readFileSync(file, "utf8")));
const protocol = () => defineProtocol({ name: "test", version: 1, messages: [] });
const factory = (place) => (transport === "udp" ? new UdpSocketFactory(place) : new WebSocketFactory(place));
const own = transport === "udp" ? {} : { guard };
const socketFactory = factory({ bindHost: HOST, port: PORT, ...own });
const server = new NetworkServer({ protocol: protocol(), socketFactory, peer: { guard } });
await server.start();

/** @param isShort nobody will answer */
async function join(isShort) {
  const peer = { handshakeTimeoutMs: isShort ? 1000 : 10_000 };
  const client = new NetworkClient({ protocol: protocol(), socketFactory: factory({ host: HOST, port: PORT }), peer });
  const gone = new Promise((resolve) => client.on("disconnected", resolve));
  const outcome = await client.connect().then(
    () => "in",
    ({ code }) => code,
  );
  return { gone, outcome };
}

const { gone, outcome } = await join(isRestarted);
const seen = { outcome };
if (!isRestarted) {
  server.ban(server.players[0], 60_000, { code: 7, text: "rude" });
  seen.told = await gone;
  seen.again = (await join(true)).outcome;
  writeFileSync(file, JSON.stringify(guard.export()));
} else {
  guard.unban(HOST);
  seen.unbanned = (await join(false)).outcome;
}
console.log(JSON.stringify(seen));
await server.stop();
process.exit();
