// A Peer that says what it hears and ends when it is told:
// node farewell.mjs <kind> [port of the server] [closeOnExit] [certificate and its hash, JSON]

// Its library closes all sockets of the addon when the process ends, those of UDP as well.
import { Library } from "valve-sockets";
import { Peer } from "valve-sockets/peer";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { WebTransportSocketFactory } from "valve-sockets/socket/webtransport";

const [kind, port, closeOnExit = "true", certificate = "{}"] = process.argv.slice(2);
const options = { host: "127.0.0.1", bindHost: "127.0.0.1", port: Number(port) };
const { hash, ...tls } = JSON.parse(certificate);
const onExit = { closeOnExit: closeOnExit === "true" };
const factories = {
  gns: () => new GnsSocketFactory(options),
  websocket: () => new WebSocketFactory({ ...options, ...onExit }),
  webtransport: () => new WebTransportSocketFactory({ ...options, ...onExit, tls, certificateHashes: [hash] }),
  batched: () => new UdpSocketFactory({ ...options, ...onExit, implementation: "batched" }),
  dgram: () => new UdpSocketFactory({ ...options, ...onExit, implementation: "dgram" }),
};
Library.initialize();
const factory = factories[kind]();

const handler = {
  onConnected: (connection) => {
    connection.send(Uint8Array.of(1));
    console.log("connected");
  },
  onMessage() {},
  onDisconnected: (_, { code, text }) => console.log(`ended ${code} ${text}`),
};
// Nothing but the farewell ends a connection.
const config = { timeoutMs: 86_400_000, keepAliveMs: 3_600_000 };
const socket = port === "0" ? factory.createServerSocket() : factory.createClientSocket();
const peer = new Peer(socket, factory.maxPacketSize, handler, { ...config, encryption: null });
if (port === "0") await peer.bind(factory.getBindEndPoint());
else await peer.connect(factory.getConnectEndPoint());
console.log(`ready ${peer.boundPort}`);
const orders = {
  exit: () => process.exit(5),
  disconnects() {
    for (const connection of peer.connections) {
      connection.send(new Uint8Array(10_000));
      connection.disconnect({ code: 7, text: "bye" });
    }
    process.exit(5);
  },
  throws() {
    throw new Error("uncaught");
  },
  listens() {
    process.once("SIGTERM", () => process.exit(6));
    console.log("listens");
  },
  // What has arrived by now is read before.
  look: () => setTimeout(() => console.log("looked"), 50),
};
process.stdin.on("data", (order) => orders[order]());
