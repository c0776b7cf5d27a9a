// A server and a client over WebTransport, on the package of its binaries: web-transport.mjs <exchange or exit>. It
// needs no other binary. The client trusts the server's own certificate by its hash.
import { Delivery, ReceivedPacket } from "valve-sockets/socket";
import { WebTransportSocketFactory } from "valve-sockets/socket/webtransport";

const COUNT = 200;
const DATAGRAMS = 10;

/** Two messages that take many packets each, and 198 small ones, all with different bytes. */
function messageOf(index) {
  const size = index % 100 === 0 ? 16_384 : 1 + ((index * 37) % 200);
  return Uint8Array.from({ length: size }, (_, offset) => (index * 31 + offset) & 255);
}

/** Calls `onPacket` with each packet that the socket has. */
function read(socket, onPacket) {
  const packet = new ReceivedPacket();
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        onPacket(packet.handle, packet.buffer.slice(packet.offset, packet.offset + packet.length), packet.delivery);
      }
      socket.flush();
    },
    onIncoming: () => true,
    onConnect() {},
    onDisconnect() {},
    onWritable() {},
  };
}

async function open() {
  const factory = new WebTransportSocketFactory({ port: 0, bindHost: "127.0.0.1" });
  const server = factory.createServerSocket();
  read(server, (handle, bytes, delivery) => server.send(handle, bytes, bytes.length, delivery));
  await server.bind(factory.getBindEndPoint());
  const { certificateHashes } = factory;
  const clients = new WebTransportSocketFactory({ certificateHashes });
  const client = clients.createClientSocket();
  return { server, client, connect: () => client.connect(clients.getConnectEndPoint("127.0.0.1", server.boundPort)) };
}

/** Sends messages and datagrams, and throws if other ones come back. */
export async function exchangeOverWebTransport() {
  const { server, client, connect } = await open();
  const answers = [];
  let datagrams = 0;
  const done = new Promise((resolve) => {
    read(client, (_handle, bytes, delivery) => {
      if (delivery === Delivery.Unreliable) datagrams++;
      else answers.push(bytes);
      if (answers.length === COUNT && datagrams > 0) resolve();
    });
  });
  const handle = await connect();
  for (let index = 0; index < COUNT; index++) {
    const message = messageOf(index);
    if (!client.send(handle, message, message.length, Delivery.Reliable)) throw new Error("a message was refused");
    if (index < DATAGRAMS) client.send(handle, messageOf(1), messageOf(1).length, Delivery.Unreliable);
  }
  client.flush();
  await done;
  const isRight = answers.every((bytes, index) => Buffer.compare(bytes, messageOf(index)) === 0);
  if (!isRight) throw new Error("the messages arrived with other bytes");
  return { answers: answers.length, close: () => Promise.all([client.close(), server.close()]) };
}

function say(line) {
  console.log(`${line} ${Date.now()}`);
}

const programs = {
  async exchange() {
    const { answers, close } = await exchangeOverWebTransport();
    say(`exchanged ${answers}`);
    await close();
    say("ends");
  },
  async exit() {
    await exchangeOverWebTransport();
    say("ends");
    process.exit(3);
  },
};

await programs[process.argv[2]]?.();
