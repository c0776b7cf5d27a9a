// How many bytes of the heap a message costs, there and back garbage included: `node --expose-gc main.mjs allocation`.
import { createCipheriv, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { generateServerKey } from "valve-sockets/noise";
import { nativePrimitives } from "valve-sockets/noise/native";
import { Channel, Peer } from "valve-sockets/peer";
import { MemoryNetwork, MemorySocketFactory, systemClock } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { report } from "../peer/report.mjs";

const local = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 };
const factories = {
  memory: (clock) => new MemorySocketFactory(new MemoryNetwork({ clock })),
  batched: (clock) => new UdpSocketFactory({ ...local, clock, implementation: "batched" }),
};

/** A client and a server in this process, driven by hand. */
export async function createPair({ socket, noise = false, clock = systemClock }) {
  const factory = factories[socket](clock);
  const key = generateServerKey(nativePrimitives());
  const primitives = nativePrimitives();
  let received = 0;
  const handler = { onMessage: () => received++ };
  const settings = (encryption) => ({
    drive: "manual",
    clock,
    encryption: noise ? { primitives, ...encryption } : null,
  });
  const create = (end, encryption) => new Peer(end, factory.maxPacketSize, handler, settings(encryption));
  const server = create(factory.createServerSocket(), { serverKeys: [key.privateKey] });
  const client = create(factory.createClientSocket(), { serverKey: key.publicKey });
  await server.bind(factory.getBindEndPoint());
  const turn = () => {
    client.updateSent();
    server.updateReceive();
    server.updateSent();
    client.updateReceive();
  };
  let connection = null;
  void client.connect(factory.getConnectEndPoint(undefined, server.boundPort ?? undefined)).then((opened) => {
    connection = opened;
  });
  while (connection === null) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    turn();
  }
  return {
    connection,
    turn,
    receivedCount: () => received,
    close: () => Promise.all([client.close(), server.close()]),
  };
}

/** Bytes of the young generation that `body` takes; it has to be small enough that nothing is collected meanwhile. */
async function heapBytes(body) {
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  await body();
  return process.memoryUsage().heapUsed - before;
}

/** V8 compiles and recompiles for a long time: after 800 turns, a message still took 30 bytes, after 100,000 none. */
const WARM_UP_TURNS = 100_000;
/** The one with the least counts: in others V8 compiles something anew, and runs it uncompiled meanwhile. */
const PIECES = 9;

async function peerBytes({ socket, noise, reliable, perFlush, size, count }) {
  const pair = await createPair({ socket, noise: noise === 1 });
  const payload = new Uint8Array(size).fill(120);
  const channel = reliable ? Channel.Reliable : Channel.Unreliable;
  const run = (turns) => {
    for (let turn = 0; turn < turns; turn++) {
      for (let index = 0; index < perFlush; index++) pair.connection.send(payload, channel);
      pair.turn();
    }
  };
  run(WARM_UP_TURNS);
  const bytes = [];
  for (let piece = 0; piece < PIECES; piece++) {
    const before = pair.receivedCount();
    const taken = await heapBytes(() => run(count));
    bytes.push(taken / (pair.receivedCount() - before));
  }
  await pair.close();
  return Math.min(...bytes);
}

async function dgramBytes({ size, count }) {
  const [sender, receiver] = [createSocket("udp4"), createSocket("udp4")];
  await new Promise((resolve) => receiver.bind(0, "127.0.0.1", resolve));
  await new Promise((resolve) => sender.connect(receiver.address().port, "127.0.0.1", resolve));
  const payload = Buffer.alloc(size, 120);
  const send = async (messages) => {
    let received = 0;
    await new Promise((resolve) => {
      receiver.removeAllListeners("message").on("message", () => {
        received++;
        if (received === messages) resolve();
        else sender.send(payload);
      });
      sender.send(payload);
    });
  };
  await send(count);
  const bytes = await heapBytes(() => send(count));
  sender.close();
  receiver.close();
  return bytes / count;
}

function cipherBytes({ size, count }) {
  const [key, nonce, plaintext] = [randomBytes(32), randomBytes(12), Buffer.alloc(size, 120)];
  const seal = (packets) => {
    for (let index = 0; index < packets; index++) {
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      cipher.update(plaintext);
      cipher.final();
      cipher.getAuthTag();
    }
  };
  seal(count);
  return heapBytes(() => seal(count)).then((bytes) => bytes / count);
}

/** What the platform's clock takes for its result: a Peer asks it once in each update. */
function clockBytes({ count }) {
  const time = new Float64Array(1);
  const ask = (times) => {
    for (let index = 0; index < times; index++) time[0] = systemClock.now();
  };
  ask(count);
  ask(count);
  return heapBytes(() => ask(count)).then((bytes) => bytes / count);
}

const programs = { dgram: dgramBytes, cipher: cipherBytes, clock: clockBytes };

export async function allocation({ socket, size = 20, count = 10_000, perFlush = 1, ...options }) {
  const measure = programs[socket] ?? peerBytes;
  report("result", { bytes: await measure({ socket, size, count, perFlush, ...options }) });
}

/** Bytes of UDP payload per message, and packets, when `perFlush` messages leave together. */
export async function wire({ perFlush = 1, size = 20, count = 10_000, reliable = 0 }) {
  const pair = await createPair({ socket: "memory" });
  const payload = new Uint8Array(size).fill(120);
  const { metrics } = pair.connection;
  const [packets, bytes] = [metrics.packetsSent, metrics.bytesSent];
  for (let sent = 0; sent < count; sent += perFlush) {
    for (let index = 0; index < perFlush; index++) {
      pair.connection.send(payload, reliable ? Channel.Reliable : Channel.Unreliable);
    }
    pair.turn();
  }
  report("result", {
    packets: (metrics.packetsSent - packets) / count,
    bytes: (metrics.bytesSent - bytes) / count,
  });
  await pair.close();
}
