// Prints how many bytes of UDP a message of 20 bytes takes over GNS: a client sends one after the other, unreliable
// ones and then reliable ones. A relay between client and server sees the packets.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Address, ConnectionState, Library, NetworkingSockets, SendFlags } from "valve-sockets";

const MESSAGES = 200;
const payload = new Uint8Array(20).fill(7);
Library.initialize();
const sockets = new NetworkingSockets();
const address = new Address();
address.setIPv4("127.0.0.1", 0);
const listener = sockets.createListenSocket(address);
const { port } = sockets.getListenSocketAddress(listener);

let sizes = [];
let clientPort = 0;
const [toClient, toServer] = [createSocket("udp4"), createSocket("udp4")];
toClient.on("message", (packet, sender) => {
  clientPort = sender.port;
  sizes.push(packet.length);
  toServer.send(packet, port, "127.0.0.1");
});
toServer.on("message", (packet) => toClient.send(packet, clientPort, "127.0.0.1"));
for (const socket of [toClient, toServer]) {
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
}

let heard = () => {};
const connected = new Promise((resolve) => {
  sockets.onReadable(() => {
    sockets.dispatchCallbacks(({ connection, connectionInfo: { state, listenSocket } }) => {
      if (state === ConnectionState.Connecting && listenSocket) sockets.acceptConnection(connection);
      if (state === ConnectionState.Connected && !listenSocket) resolve(connection);
    });
    for (const message of sockets.receiveMessagesOnListenSocket(listener, 256)) {
      message.destroy();
      heard();
    }
  });
});
address.setIPv4("127.0.0.1", toClient.address().port);
sockets.connect(address);
const connection = await connected;

/** The smallest packet with a message, while they go out one by one. An acknowledgement alone has about 35 bytes. */
async function smallest(flags) {
  sizes = [];
  for (let count = 0; count < MESSAGES; count++) {
    const arrived = new Promise((resolve) => {
      heard = resolve;
    });
    sockets.sendMessage(connection, payload, flags);
    await arrived;
  }
  return Math.min(...sizes.filter((size) => size > 45));
}

const unreliable = await smallest(SendFlags.NoNagle);
const reliable = await smallest(SendFlags.ReliableNoNagle);
console.log(JSON.stringify({ unreliable, reliable }));
process.exit(0);
