// A Peer's server that says who connects, until it is killed: node restarting-server.mjs <implementation> <port> <key>

import { nodePrimitives } from "valve-sockets/noise/node";
import { Peer } from "valve-sockets/peer";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const [implementation, port, key] = process.argv.slice(2);
const factory = new UdpSocketFactory({ bindHost: "127.0.0.1", port: Number(port), implementation });
const handler = { onConnected: () => console.log("connected"), onMessage() {} };
const encryption = { primitives: nodePrimitives(), serverKeys: [key] };
const peer = new Peer(factory.createServerSocket(), factory.maxPacketSize, handler, { encryption });
await peer.bind(factory.getBindEndPoint());
console.log(`ready ${peer.boundPort}`);
