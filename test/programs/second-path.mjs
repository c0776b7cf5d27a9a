// A client with two ways to its server. The first way ends; prints from which addresses the server has heard the
// client, and how many sockets the client has at the end.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Delivery, ReceivedPacket } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { ends, runBoth, SERVER } from "./two-ways.mjs";

const [family, implementation, end] = process.argv.slice(2);
/** Where the system refuses to send, and the socket is told so, the client has no need of a timer. */
const IS_REFUSED = family === "IPv4" && implementation === "batched" && end.endsWith(" removed");
const withoutTimers = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => (ms === 0 ? setImmediate(callback) : null),
  clearTimeout: clearImmediate,
};
const clock = IS_REFUSED ? { clock: withoutTimers } : {};
const factory = new UdpSocketFactory({ host: SERVER, bindHost: SERVER, port: 7777, implementation, ...clock });
const packet = new ReceivedPacket();

function read(socket, onPacket) {
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        onPacket();
      }
      socket.flush();
    },
  };
}

async function listen() {
  const socket = factory.createServerSocket();
  const addresses = new Set();
  read(socket, () => {
    addresses.add(packet.handle.host);
    const answer = packet.buffer.slice(packet.offset, packet.offset + packet.length);
    socket.send(packet.handle, answer, answer.length, Delivery.Unreliable);
  });
  await socket.bind(factory.getBindEndPoint());
  process.on("message", () => process.send([...addresses]));
}

async function connect(server) {
  const socket = factory.createClientSocket();
  let sent = 0;
  let endedAt = Number.POSITIVE_INFINITY;
  let heard = () => {};
  const answered = new Promise((resolve) => {
    heard = resolve;
  });
  read(socket, () => {
    const [number] = packet.buffer.subarray(packet.offset);
    if (number === 3 && endedAt > sent) {
      ends[end]();
      endedAt = sent;
    }
    if (number > endedAt) heard();
  });
  const handle = await socket.connect(factory.getConnectEndPoint());
  const timer = setInterval(() => {
    // One packet is enough: it leaves from the new address too. (Over IPv6 it may be lost while neighbours are found.)
    if (family === "IPv4" && sent > endedAt) return;
    socket.send(handle, Uint8Array.of(++sent), 1, Delivery.Unreliable);
    socket.flush();
  }, 30);
  await answered;
  clearInterval(timer);
  server.send("end");
  const [addresses] = await once(server, "message");
  const sockets = ["udp", "udp6"].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, "utf8").trim().split("\n").slice(1),
  );
  console.log(JSON.stringify({ addresses, sockets: sockets.length }));
}

await runBoth(fileURLToPath(import.meta.url), listen, connect);
