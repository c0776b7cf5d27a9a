// The same small program for every platform and runtime: program.mjs <what> [port or count]. The tests copy it next to
// an installed package. It prints each step as a line with the time.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Endpoint, Library } from "valve-sockets";
import { PacketOpener, PacketSealer, TAG_SIZE_BYTES } from "valve-sockets/noise";
import { nativePrimitives } from "valve-sockets/noise/native";
import { nodePrimitives } from "valve-sockets/noise/node";

const COUNT = 1000;
const HOST = "127.0.0.1";

/** Ten messages that take many packets each, and 990 small ones, all with different bytes. */
function messageOf(index) {
  const size = index % 100 === 0 ? 20_000 : 1 + ((index * 37) % 200);
  return Uint8Array.from({ length: size }, (_, offset) => (index * 31 + offset) & 255);
}

function say(line) {
  console.log(`${line} ${Date.now()}`);
}

/** Answers each connection with the hash of its messages, once all of them have arrived. */
function answer(listener) {
  listener.on("connection", (connection) => {
    const hash = createHash("sha256");
    let received = 0;
    connection.on("message", ({ data }) => {
      hash.update(data);
      if (++received === COUNT) connection.send(hash.digest());
    });
  });
}

/** Sends the messages, and throws if another hash than theirs comes back. */
async function exchange(connection) {
  const hash = createHash("sha256");
  for (let index = 0; index < COUNT; index++) {
    const message = messageOf(index);
    hash.update(message);
    connection.send(message);
  }
  for await (const { data } of connection) {
    if (!hash.digest().equals(data)) throw new Error("the messages arrived with other bytes");
    break;
  }
  say(`exchanged ${COUNT}`);
}

async function open() {
  const server = new Endpoint();
  const listener = server.listen({ host: HOST });
  answer(listener);
  const client = new Endpoint();
  const connection = await client.connect({ host: HOST, port: listener.port });
  say(`open ${Library.statistics.driver}`);
  return { server, client, connection };
}

/** Throws if one end cannot open what the other has sealed, or opens a forged packet. */
function sealAndOpen(sealing, opening) {
  const key = new Uint8Array(32).fill(7);
  const sealer = new PacketSealer(sealing, key);
  const opener = new PacketOpener(opening, key);
  for (const [counter, size] of [0, 1, 64, 1200, 65_536].entries()) {
    const packet = new Uint8Array(13 + size + TAG_SIZE_BYTES).fill(counter);
    const end = sealer.seal(counter, packet, 0, 13, 13 + size);
    for (const at of [0, 13, end - 1]) {
      const forged = packet.slice();
      forged[at] ^= 1;
      if (opener.open(counter, forged, 0, 13, end) !== -1) throw new Error("a forged packet was opened");
      if (forged.subarray(13).some((byte) => byte !== 0)) throw new Error("something is left of a forged packet");
    }
    if (opener.open(counter, packet, 0, 13, end) !== 13 + size) throw new Error("a packet was not opened");
    if (packet.subarray(0, 13 + size).some((byte) => byte !== counter)) throw new Error("a packet has other bytes");
  }
}

const programs = {
  async seal() {
    const [addon, node] = [nativePrimitives(), nodePrimitives()];
    sealAndOpen(addon, addon);
    sealAndOpen(addon, node);
    sealAndOpen(node, addon);
    say(`sealed ${addon.aeadKey(new Uint8Array(32)).constructor.name}`);
    say("ends");
  },
  async exchange() {
    const { server, client, connection } = await open();
    await exchange(connection);
    await connection.close();
    await client.close();
    await server.close();
    say("ends");
  },
  async exit() {
    await open();
    say("ends");
    process.exit(3);
  },
  async throw() {
    await open();
    say("ends");
    setTimeout(() => {
      throw new Error("thrown on purpose");
    });
  },
  async worker() {
    const worker = new Worker(fileURLToPath(import.meta.url), { argv: ["stay"] });
    await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
    await worker.terminate();
    say("ends");
  },
  async stay() {
    await open();
    const { parentPort } = await import("node:worker_threads");
    parentPort.postMessage("open");
  },
  /** A server that ends when this many clients have connected and left. */
  async serve(clients) {
    const server = new Endpoint();
    const listener = server.listen({ host: HOST });
    answer(listener);
    let gone = 0;
    listener.on("connection", (connection) => {
      connection.on("close", async () => {
        if (++gone < clients) return;
        await server.close();
        say("ends");
      });
    });
    say(`listening ${listener.port}`);
  },
  async connect(port) {
    const client = new Endpoint();
    const connection = await client.connect({ host: HOST, port });
    say(`open ${Library.statistics.driver}`);
    await exchange(connection);
    await connection.close();
    await client.close();
    say("ends");
  },
};

const [what, argument] = process.argv.slice(2);
await programs[what](Number(argument));
