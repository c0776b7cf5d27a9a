// node server.mjs [port] [folder]: keeps the files that clients send.
import { createWriteStream } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { NetworkServer } from "valve-sockets/message";
import { decode } from "valve-sockets/serialization";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { Offer, part, protocol, REFUSED } from "./protocol.mjs";

const MAX_BYTES = 1_000_000_000;
const [port = "7777", folder = "inbox"] = process.argv.slice(2);
await mkdir(folder, { recursive: true });

const server = new NetworkServer({ protocol, socketFactory: new UdpSocketFactory({ port: Number(port) }) });
const arriving = new Set();

const sizeOf = (path) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

server.messageHandler.registerRequest(Offer, async ({ name }) => {
  if (!isName(name)) return { hasBytes: 0 };
  return { hasBytes: (await sizeOf(join(folder, name))) || (await sizeOf(join(folder, `${name}.part`))) };
});

// Each connection has an `onStream` of its own.
server.on("authenticated", ({ connection }) => {
  connection.onStream = (header, accept, reject) => void receive(header, accept, reject).catch(() => reject(REFUSED));
});

/** A name comes from a stranger: it must not lead out of the folder. */
const isName = (name) => /^\w[\w .-]*$/.test(name) && !name.endsWith(".part");

async function receive(header, accept, reject) {
  const { name, fromByte, sizeBytes } = decode(part, header);
  const path = join(folder, `${name}.part`);
  if (!isName(name) || sizeBytes > MAX_BYTES || arriving.has(name)) return reject(REFUSED);
  arriving.add(name);
  try {
    if ((await sizeOf(path)) !== fromByte) return reject(REFUSED);
    await pipeline(accept(), atMost(sizeBytes - fromByte), createWriteStream(path, { flags: "a" }));
    await rename(path, join(folder, name));
    console.log(`${name} is here`);
  } catch (error) {
    console.log(`${name} has stopped: ${error.message}`);
  } finally {
    arriving.delete(name);
  }
}

/** Passes on what it gets, exactly so many bytes. */
function atMost(bytes) {
  return async function* (chunks) {
    let left = bytes;
    for await (const chunk of chunks) {
      left -= chunk.length;
      if (left < 0) throw new Error("It is longer than it was said to be");
      yield chunk;
    }
    if (left > 0) throw new Error("It is shorter than it was said to be");
  };
}

await server.start();
console.log(`Files go to ${folder}, from port ${server.boundPort}`);
process.once("SIGINT", () => server.stop());
