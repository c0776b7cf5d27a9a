// node server.mjs [port] [folder] [seconds]: keeps the files that clients send. A file of which nothing comes for so
// many seconds has stopped, so that its name is free for others.
import { createWriteStream } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { NetworkServer } from "valve-sockets/message";
import { decode } from "valve-sockets/serialization";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { Finish, Offer, part, protocol, REFUSED } from "./protocol.mjs";

const MAX_BYTES = 1_000_000_000;
const [port = "7777", folder = "inbox", seconds = "30"] = process.argv.slice(2);
await mkdir(folder, { recursive: true });

const server = new NetworkServer({ protocol, socketFactory: new UdpSocketFactory({ port: Number(port) }) });
/** What ends when a file is here or has stopped, by its name in small letters. */
const arriving = new Map();

/** null: there is no such file */
const sizeOf = (path) =>
  stat(path).then(
    ({ size }) => size,
    () => null,
  );

async function stateOf(name) {
  if (!isName(name)) return { isHere: false, hasBytes: 0 };
  const size = await sizeOf(join(folder, name));
  return { isHere: size !== null, hasBytes: size ?? (await sizeOf(join(folder, `${name}.part`))) ?? 0 };
}

server.messageHandler.registerRequest(Offer, ({ name }) => stateOf(name));

server.messageHandler.registerRequest(Finish, async ({ name }) => {
  await arriving.get(name.toLowerCase());
  return stateOf(name);
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
  const key = name.toLowerCase(); // on Windows and macOS `A.txt` is `a.txt`
  if (!isPossible || arriving.has(key)) return reject(REFUSED);
  const ending = keep(name, fromByte, sizeBytes, accept, reject);
  arriving.set(key, ending);
  await ending;
  arriving.delete(key);
}

async function keep(name, fromByte, sizeBytes, accept, reject) {
  const path = join(folder, `${name}.part`);
  try {
    // What is here is not replaced: somebody else may have sent it.
    const { isHere, hasBytes } = await stateOf(name);
    if (isHere || hasBytes !== fromByte) return reject(REFUSED);
    await pipeline(exactly(accept(), sizeBytes - fromByte), createWriteStream(path, { flags: "a" }));
    await rename(path, join(folder, name));
    console.log(`${name} is here`);
  } catch (error) {
    console.log(`${name} has stopped: ${error.message}`);
  }
}

/** What comes, if it is so many bytes. Whatever else happens ends the sender's stream. */
async function* exactly(stream, bytes) {
  const reader = stream.getReader();
  let left = bytes;
  let isSilent = false;
  const timer = setTimeout(() => {
    isSilent = true;
    reader.cancel(REFUSED).catch(() => {}); // `read` tells of it.
  }, 1000 * Number(seconds));
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      timer.refresh();
      left -= read.value.length;
      if (left < 0) throw new Error("It is longer than it was said to be");
      yield read.value;
    }
    if (isSilent) throw new Error(`Nothing has come for ${seconds} s`);
    if (left > 0) throw new Error("It is shorter than it was said to be");
  } finally {
    clearTimeout(timer);
    await reader.cancel(REFUSED);
  }
}

await server.start();
console.log(`Files go to ${folder}, from port ${server.boundPort}`);
process.once("SIGINT", () => server.stop());
