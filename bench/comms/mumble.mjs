// The anchor: Debian's mumble-server, and as much of a client of it as says hello and speaks (protocol version 1.3).
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { Ocb2Sealer } from "./ocb2.mjs";

const Type = { version: 0, authenticate: 2, ping: 3, serverSync: 5, cryptSetup: 15 };
const VERSION = (1 << 16) | (3 << 8) | 4;
const UDP_PING = 1 << 5;
const UDP_OPUS = 4 << 5;
const PING_MS = 10_000;

/** A field of protocol buffers: a number, or bytes. */
function field(number, value) {
  if (typeof value === "number") return Buffer.from([number << 3, ...varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);
}

function varint(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** The fields of bytes in a message, by number. */
function byteFields(message) {
  const fields = new Map();
  for (let place = 0; place < message.length; ) {
    const next = () => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = message[place++];
        value |= (byte & 127) << shift;
        if (byte < 128) return value;
      }
    };
    const tag = next();
    const value = next();
    if ((tag & 7) !== 2) continue;
    fields.set(tag >> 3, message.subarray(place, place + value));
    place += value;
  }
  return fields;
}

/** Mumble's own variable numbers, below 2^14. */
const voiceNumber = (value) => (value < 128 ? [value] : [(value >> 8) | 128, value & 255]);

/** Joins, and calls `onVoice` for each voice datagram that comes, which it does not open. */
export async function joinMumble({ name, port }, onVoice) {
  const control = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await once(control, "secureConnect");
  const tell = (type, ...fields) => {
    const body = Buffer.concat(fields);
    const header = Buffer.alloc(6);
    header.writeUInt16BE(type, 0);
    header.writeUInt32BE(body.length, 2);
    control.write(Buffer.concat([header, body]));
  };
  const answers = messagesOf(control);
  tell(Type.version, field(1, VERSION), field(2, "bench"));
  tell(Type.authenticate, field(1, name), field(5, 1));
  const crypt = byteFields(await answers(Type.cryptSetup));
  await answers(Type.serverSync);
  const sealer = new Ocb2Sealer(crypt.get(1), crypt.get(2));

  const udp = createSocket({ type: "udp4", recvBufferSize: 2 ** 20 });
  await new Promise((resolve) => udp.connect(port, "127.0.0.1", resolve));
  // The server answers once it has found whose datagram it is.
  const greeting = setInterval(() => udp.send(sealer.seal(Buffer.from([UDP_PING, 1]))), 100);
  udp.send(sealer.seal(Buffer.from([UDP_PING, 1])));
  await once(udp, "message");
  clearInterval(greeting);
  udp.on("message", ({ length }) => length > 40 && onVoice(null, 0));
  const alive = setInterval(() => tell(Type.ping), PING_MS);
  let sequence = 0;
  return {
    send(frame) {
      sequence = (sequence + 2) & 0x3fff;
      const header = [UDP_OPUS, ...voiceNumber(sequence), ...voiceNumber(frame.length)];
      udp.send(sealer.seal(Buffer.concat([Buffer.from(header), frame])));
    },
    leave() {
      clearInterval(alive);
      udp.close();
      control.destroy();
    },
  };
}

/** Resolves with the next message of a type; others are passed over. */
function messagesOf(control) {
  let rest = Buffer.alloc(0);
  const messages = [];
  const waiting = [];
  const settle = () => {
    for (const waiter of waiting.splice(0)) {
      const found = messages.find(({ type }) => type === waiter.type);
      if (found) waiter.resolve(found.body);
      else waiting.push(waiter);
    }
  };
  control.on("data", (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 6 && rest.length >= 6 + rest.readUInt32BE(2)) {
      const end = 6 + rest.readUInt32BE(2);
      const type = rest.readUInt16BE(0);
      if (type === Type.cryptSetup || type === Type.serverSync) messages.push({ type, body: rest.subarray(6, end) });
      rest = rest.subarray(end);
    }
    settle();
  });
  control.on("error", (error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  return (type) =>
    new Promise((resolve, reject) => {
      waiting.push({ type, resolve, reject });
      settle();
    });
}

/** Its input ends with this process, however that ends; the server changes its user, and no signal would follow it. */
const UNTIL_INPUT_ENDS = "/usr/sbin/murmurd -fg -ini $1 & echo $!; cat; kill -KILL $!; wait; rm -r $2";

/** Starts the server, which ends with this process. */
export async function startMumble() {
  const folder = mkdtempSync(join(tmpdir(), "mumble-"));
  chmodSync(folder, 0o777); // The server is another user then.
  const port = await freePort();
  const settings = {
    database: join(folder, "mumble.sqlite"),
    host: "127.0.0.1",
    port,
    users: 1000,
    bandwidth: 558_000,
    autobanAttempts: 0,
    logfile: join(folder, "log"),
    bonjour: "False",
  };
  const file = join(folder, "mumble.ini");
  writeFileSync(
    file,
    Object.entries(settings)
      .map((entry) => `${entry.join("=")}\n`)
      .join(""),
  );
  const child = spawn("sh", ["-c", UNTIL_INPUT_ENDS, "sh", file, folder], { stdio: ["pipe", "pipe", "ignore"] });
  const [pid] = await once(child.stdout, "data");
  await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`mumble-server ended with ${code}`)));
    const look = () => {
      const probe = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
      probe.on("secureConnect", () => {
        probe.destroy();
        resolve();
      });
      probe.on("error", () => setTimeout(look, 100));
    };
    look();
  });
  return { port, cpuSeconds: () => cpuSecondsOf(Number(pid)) };
}

const TICKS_PER_SECOND = 100;

/** What a process has used, by /proc. */
function cpuSecondsOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [, , ...fields] = text.slice(text.lastIndexOf(")")).split(" ");
  return (Number(fields[10]) + Number(fields[11])) / TICKS_PER_SECOND;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
