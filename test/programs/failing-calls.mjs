// Sends reliable messages over a transport and prints how many came back, and that all were whole and in order. One
// process has both ends. Argument: "gns", "udp" or "webtransport". Over UDP all is sealed: a datagram that was cut off
// is then dropped, where in plain text it is taken for a mistake of the other side.
import { nodePrimitives } from "valve-sockets/noise/node";
import { Channel, Peer } from "valve-sockets/peer";
import { createDevelopmentCertificate } from "valve-sockets/socket/browser";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebTransportSocketFactory } from "valve-sockets/socket/webtransport";

const MESSAGES = 400;
const MESSAGE_BYTES = 5000;
/** On their way at once. */
const WINDOW = 40;
const place = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 };
const { hash, ...tls } = createDevelopmentCertificate();
const factory = {
  gns: () => new GnsSocketFactory({ ...place, sendRate: 16 * 2 ** 20 }),
  udp: () => new UdpSocketFactory({ ...place, implementation: "batched" }),
  webtransport: () => new WebTransportSocketFactory({ ...place, tls, certificateHashes: [hash] }),
}[process.argv[2]]();

let received = 0;
let end = () => {};
const done = new Promise((resolve) => {
  end = resolve;
});
const onDisconnected = (_connection, { code, text }) => end(`ended: ${code} ${text}`);
const limits = { encryption: { primitives: nodePrimitives() } };
const server = new Peer(
  factory.createServerSocket(),
  factory.maxPacketSize,
  {
    onConnected: () => {},
    onDisconnected,
    onMessage: (connection, { buffer, offset, length }) => connection.send(buffer, Channel.Reliable, 0, offset, length),
  },
  limits,
);
const client = new Peer(
  factory.createClientSocket(),
  factory.maxPacketSize,
  {
    onConnected: () => {},
    onDisconnected,
    onMessage: (_connection, message) => {
      const bytes = message.copy();
      const expected = received++ % 251;
      if (bytes.length !== MESSAGE_BYTES || bytes.some((byte) => byte !== expected))
        end(`message ${received} is wrong`);
      if (received === MESSAGES) end(`${received} in order`);
      sendNext();
    },
  },
  limits,
);
await server.bind(factory.getBindEndPoint());
const connection = await client.connect(factory.getConnectEndPoint(undefined, server.boundPort));
let sent = 0;
function sendNext() {
  if (sent < MESSAGES) connection.send(new Uint8Array(MESSAGE_BYTES).fill(sent++ % 251));
}
for (let count = 0; count < WINDOW; count++) sendNext();
console.log(await done);
await client.close();
await server.close();
