// Workers that are terminated in mid-traffic over WebTransport, beside a pair in the main thread. Argument: how many.
import { parentPort, Worker, workerData } from "node:worker_threads";
import { createDevelopmentCertificate } from "../../dist/socket/browser-server.js";
import { Delivery, ReceivedPacket } from "../../dist/socket/index.js";
import { WebTransportSocketFactory } from "../../dist/socket/webtransport-server.js";

const { certificate = createDevelopmentCertificate(), port } = workerData ?? {};
const { hash, ...tls } = certificate;
const options = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0, tls, certificateHashes: [hash] };
const factory = new WebTransportSocketFactory(options);
const bytes = new Uint8Array(1000);

/** Answers all that comes, over datagrams and a lane. `onPacket` hears of each. */
function answering(socket, onPacket = () => {}, onDisconnect = () => {}) {
  const packet = new ReceivedPacket();
  socket.events = {
    onReadable() {
      socket.tick();
      for (; socket.poll(); socket.tick()) {
        socket.receive(packet);
        socket.send(packet.handle, bytes, 1000, packet.delivery, packet.lane);
        onPacket();
      }
      socket.flush();
    },
    onIncoming: () => true,
    onConnect() {},
    onWritable() {},
    onDisconnect,
  };
  return socket;
}

async function listen(onDisconnect) {
  const socket = answering(factory.createServerSocket(), undefined, onDisconnect);
  await socket.bind(factory.getBindEndPoint());
  return socket;
}

/** Begins traffic with a server. */
async function play(to, onPacket) {
  const socket = answering(factory.createClientSocket(), onPacket);
  const handle = await socket.connect(factory.getConnectEndPoint(undefined, to));
  for (let count = 0; count < 8; count++) {
    socket.send(handle, bytes, 1000, count % 2 ? Delivery.Reliable : Delivery.Unreliable);
  }
  socket.flush();
  return socket;
}

if (parentPort) {
  let received = 0;
  const own = await listen();
  // It plays with the main thread, and with itself.
  await play(own.boundPort);
  await play(port, () => ++received === 200 && parentPort.postMessage("busy"));
} else {
  let ended = 0;
  let onEnd = () => {};
  const server = await listen(() => {
    ended++;
    onEnd();
  });
  let echoes = 0;
  let onEcho = () => {};
  const client = await play(server.boundPort, () => {
    echoes++;
    onEcho();
  });
  const total = Number(process.argv[2]);
  for (let round = 0; round < total; round += 2) {
    const workers = [0, 1].map(
      () => new Worker(new URL(import.meta.url), { workerData: { certificate, port: server.boundPort } }),
    );
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
    await Promise.all(workers.map((worker) => worker.terminate()));
    // The pair of this thread goes on.
    const wanted = echoes + 200;
    await new Promise((resolve) => {
      onEcho = () => echoes >= wanted && resolve();
    });
  }
  // The server hears of the end of each.
  await new Promise((resolve) => {
    onEnd = () => ended >= total && resolve();
    onEnd();
  });
  console.log(`terminated ${ended}`);
  await Promise.all([client.close(), server.close()]);
}
