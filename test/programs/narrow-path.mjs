// In a network namespace of its own: a path that drops UDP packets above a size, in one direction, from the start or
// later; "single" is from the start, with one message of each kind; "unreliable" is later, with 200 unreliable messages
// at least. Prints what became of messages both ways.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Channel, Peer } from "valve-sockets/peer";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const HEADS_BYTES = 28; // of IPv4 and UDP, which nft counts as well
const [transport, direction, mostBytes, begin, inside] = process.argv.slice(2);
const MESSAGES = begin === "single" ? 1 : 60;
const UNRELIABLE_MESSAGES = 200;
/** Three of them fill a packet. */
const UNRELIABLE_BYTES = transport === "gns" ? 370 : 400;
if (!inside) {
  const node = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2), "inside"];
  const parameters = ["-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...node];
  // nft sees packets before the system cuts them, which is at the end of a real path's first host.
  const env = { ...process.env, VALVE_SOCKETS_WITHOUT: "gso" };
  process.exit(spawnSync("unshare", parameters, { stdio: "inherit", env }).status ?? 1);
}

function narrow(port) {
  const side = direction === "up" ? "dport" : "sport";
  const drop = `udp ${side} ${port} meta length > ${Number(mostBytes) + HEADS_BYTES} drop;`;
  const input = `table inet path { chain path { type filter hook input priority filter; ${drop} }\n}\n`;
  const { status, stderr } = spawnSync("nft", ["-f", "-"], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

const options = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 };
// Half of the time that GNS takes by default to end such a connection, and to say why.
const [factory, config] =
  transport === "gns"
    ? [new GnsSocketFactory({ ...options, closeTimeoutMs: 500 }), { timeoutMs: 5000 }]
    : [new UdpSocketFactory(options), {}];
const ends = [];

/** A Peer, its connection, and what has become of it. */
function end(socket) {
  const state = { received: 0, unreliable: 0, reason: null, connection: null, peer: null };
  const handler = {
    onMessage(_from, message, channel) {
      if (channel === Channel.Unreliable) state.unreliable++;
      if (begin === "unreliable" && ends.every((each) => each.unreliable >= UNRELIABLE_MESSAGES)) finish();
      if (channel !== Channel.Reliable) return;
      const [number] = message.copy();
      if (number !== state.received) throw new Error(`${number} came in place of ${state.received}`);
      state.received++;
      if (ends.every(({ received }) => received === MESSAGES)) finish();
    },
    onConnected(connection) {
      state.connection = connection;
    },
    onDisconnected(_connection, reason) {
      state.reason = reason.code;
      if (ends.every((each) => each.reason !== null)) finish();
    },
  };
  state.peer = new Peer(socket, factory.maxPacketSize, handler, config);
  ends.push(state);
  return state;
}

function finish(error = null) {
  const sizes = ends.map(({ connection }) => connection?.metrics.maxPacketSize ?? null);
  const received = ends.map((each) => each.received);
  const unreliable = ends.map((each) => each.unreliable);
  const reasons = ends.map(({ reason }) => reason);
  console.log(JSON.stringify({ error, received, unreliable, reasons, sizes }));
  process.exit(0);
}

const [server, client] = [end(factory.createServerSocket()), end(factory.createClientSocket())];
await server.peer.bind(factory.getBindEndPoint());
const port = server.peer.boundPort;
if (begin === "start" || begin === "single") narrow(port);
try {
  client.connection = await client.peer.connect(factory.getConnectEndPoint(undefined, port));
} catch (error) {
  finish(error.code);
}
for (let number = 0; number < MESSAGES || begin === "unreliable"; ) {
  await new Promise((resolve) => setTimeout(resolve, 10));
  if (!server.connection) continue;
  if (number === MESSAGES / 3 && begin !== "start") narrow(port);
  for (const { connection } of ends) {
    if (begin === "unreliable") {
      for (let count = 0; count < 3; count++) connection.send(new Uint8Array(UNRELIABLE_BYTES), Channel.Unreliable);
    } else {
      connection.send(new Uint8Array(1100), Channel.Unreliable);
      connection.send(new Uint8Array(5000).fill(number));
    }
  }
  number++;
}
