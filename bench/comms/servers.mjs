// Servers that send voice on. Each resolves with where it listens.
import { createSocket } from "node:dgram";
import { MessageCommsNetwork, PeerCommsNetwork } from "valve-sockets/comms";
import { defineProtocol, NetworkServer } from "valve-sockets/message";
import { generateServerKey } from "valve-sockets/noise";
import { nativePrimitives } from "valve-sockets/noise/native";
import { factoryOf, peerSettings } from "./factories.mjs";
import { startMumble } from "./mumble.mjs";

/** A bare relay: nothing is checked, encrypted or paced. Who sends its first datagram is a member. */
async function dgram() {
  const socket = createSocket({ type: "udp4", recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES });
  const members = new Map();
  socket.on("message", (data, { address, port }) => {
    if (!members.has(port)) {
      members.set(port, address);
      socket.send("welcome", port, address);
      return;
    }
    for (const [other, host] of members) if (other !== port) socket.send(data, other, host);
  });
  await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port };
}

const BUFFER_BYTES = 4 * 2 ** 20;

/** A session of its own over a socket. */
async function peer(socket, isEncrypted) {
  const primitives = nativePrimitives();
  const { privateKey, publicKey } = generateServerKey(primitives);
  const encryption = isEncrypted ? { primitives, serverKeys: [privateKey] } : null;
  const network = new PeerCommsNetwork({ socketFactory: factoryOf(socket, 0), peer: peerSettings(encryption) });
  network.on("fault", fail);
  network.runAsDedicatedServer();
  return { port: await network.server.bound, key: isEncrypted ? publicKey : "" };
}

/** Beside a game's messages. */
async function message() {
  const server = new NetworkServer({
    protocol: defineProtocol({ name: "voice", version: 1, messages: [] }),
    socketFactory: factoryOf("udp", 0),
    tickRate: 0,
    peer: peerSettings(null),
  });
  new MessageCommsNetwork({ server }).on("fault", fail);
  await server.start();
  return { port: server.boundPort };
}

/** The benchmark ends with what went wrong. */
function fail(error) {
  throw error;
}

export const servers = {
  dgram,
  message,
  udp: () => peer("udp", false),
  noise: () => peer("udp", true),
  gns: () => peer("gns", false),
  mumble: startMumble,
};
