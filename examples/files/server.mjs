// node server.mjs [port] [folder]: keeps the files that clients send.
import { createWriteStream } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { NetworkServer } from "valve-sockets/message";
import { decode } from "valve-sockets/serialization";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { Finish, Offer, part, protocol, REFUSED } from "./protocol.mjs";

const MAX_BYTES = 1_000_000_000;
const [port = "7777", folder = "inbox"] = process.argv.slice(2);
await mkdir(folder, { recursive: true });

const server = new NetworkServer({ protocol, socketFactory: new UdpSocketFactory({ port: Number(port) }) });
/** What ends when a file is here or has stopped, by its name. */
const arriving = new Map();

const sizeOf = (path) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

server.messageHandler.registerRequest(Offer, async ({ name }) => {
  if (!isName(name)) return { hasBytes: 0 };
  return { hasBytes: (await sizeOf(join(folder, name))) || (await sizeOf(join(folder, `${name}.part`))) };
});

server.messageHandler.registerRequest(Finish, async ({ name }) => {
  await arriving.get(name);
  return { hasBytes: isName(name) ? await sizeOf(join(folder, name)) : 0 };
});

// Each connection has an `onStream` of its own.
server.on("authenticated", ({ connection }) => {
  connection.onStream = (header, accept, reject) => void receive(header, accept, reject).catch(() => reject(REFUSED));
});

/**
 * A name comes from a stranger: it must not lead out of the folder. Windows leaves out a dot at the end, has no case,
 * and takes NUL and the like for devices.
 */
const isName = (name) =>
  /^\w([\w .-]*\w)?$/.test(name) && !/\.part$|^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)/i.test(name);

async function receive(header, accept, reject) {
  const { name, fromByte, sizeBytes } = decode(part, header);
  const isPossible = isName(name) && fromByte <= sizeBytes && sizeBytes <= MAX_BYTES;
  if (!isPossible || arriving.has(name)) return reject(REFUSED);
  arriving.set(name, keep(name, fromByte, sizeBytes, accept, reject));
}

async function keep(name, fromByte, sizeBytes, accept, reject) {
  const path = join(folder, `${name}.part`);
  try {
    // What is here is not replaced: somebody else may have sent it.
    if ((await sizeOf(join(folder, name))) > 0 || (await sizeOf(path)) !== fromByte) return reject(REFUSED);
    await pipeline(accept(), exactly(sizeBytes - fromByte), createWriteStream(path, { flags: "a" }));
    await rename(path, join(folder, name));
    console.log(`${name} is here`);
  } catch (error) {
    console.log(`${name} has stopped: ${error.message}`);
  } finally {
    arriving.delete(name);
  }
}

/** Passes on what it gets, if it is so many bytes. */
function exactly(bytes) {
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
