// One end of a P2P connection, for test/p2p. The argument is JSON:
// { identity, remote?, virtualPort, symmetric, options, messages, seed }: without `remote` it listens.
// Over IPC: signals as { signal } in both directions, then one { report }; any other message ends it.
import { createHash } from "node:crypto";
import { ConnectionState, Library, NetworkingIdentity, NetworkingSockets, SendFlags } from "../../dist/index.js";

const settings = JSON.parse(process.argv[2]);
const { identity, remote, virtualPort, symmetric = false, options, messages } = settings;

function identityOf(name) {
  const made = new NetworkingIdentity();
  made.setGenericString(name);
  return made;
}

/** The message of this number by this sender: 8 to 3007 bytes that only these two determine. */
function messageOf(sender, number) {
  const seed = createHash("sha256").update(`${sender} ${number}`).digest();
  const bytes = new Uint8Array(8 + (seed.readUInt32LE(0) % 3000));
  for (let index = 0; index < bytes.length; index++) bytes[index] = seed[index % 32] ^ (index >> 5);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

const bugs = [];
Library.initialize({ identity: identityOf(identity) });
Library.setDebugCallback(settings.logLevel ?? 1, (type, message) => {
  if (type <= 1) bugs.push(message);
  if (settings.logLevel) console.error(identity, type, message);
});
const sockets = new NetworkingSockets();
let signals = 0;
let received = 0;
let connection = 0;
let reported = false;

function routeOf({ flags }) {
  if (flags & 16) return "relay";
  return flags & 8 ? "local" : "udp";
}

function report(ended = null) {
  if (reported) return;
  reported = true;
  const info = sockets.getConnectionInfo(connection);
  process.send({
    report: {
      received,
      signals,
      bugs,
      ended,
      route: ended === null ? routeOf(info) : null,
      peer: String(info.identity),
      flags: info.flags,
      detailed: sockets.getDetailedConnectionStatus(connection),
    },
  });
}

function onStatus(info) {
  const { state, endReason, endDebug } = info.connectionInfo;
  if (state === ConnectionState.Connecting && remote === undefined) {
    connection = info.connection;
    sockets.acceptConnection(connection);
  } else if (state === ConnectionState.Connected) {
    for (let number = 0; number < messages; number++) {
      const result = sockets.sendMessage(info.connection, messageOf(identity, number), SendFlags.Reliable);
      if (result !== 1) throw new Error(`send gave ${result}`);
    }
  } else if (state === ConnectionState.ClosedByPeer || state === ConnectionState.ProblemDetectedLocally) {
    report({ state, endReason, endDebug, received });
  }
}

sockets.onSignal((_connection, to, data) => {
  signals++;
  process.send({ signal: Buffer.from(data).toString("base64"), to: String(to) });
});
sockets.onReadable(() => {
  sockets.dispatchCallbacks(onStatus);
  if (connection === 0) return;
  for (const message of sockets.receiveMessagesOnConnection(connection, 1000) ?? []) {
    const sender = message.identity.getGenericString();
    const expected = messageOf(sender, received);
    if (!message.isReliable || Buffer.compare(message.data, expected) !== 0) {
      throw new Error(`message ${received} of ${sender} is another one`);
    }
    message.destroy();
    received++;
  }
  if (received === messages) report();
});
process.on("message", ({ signal }) => {
  if (signal === undefined) {
    sockets.destroy();
    Library.deinitialize();
    process.exit();
  }
  sockets.receiveSignal(Buffer.from(signal, "base64"), { allowRequests: remote === undefined || symmetric });
});
process.on("disconnect", () => process.exit());
if (remote === undefined) sockets.createListenSocketP2P(virtualPort, options);
else connection = sockets.connectP2P(identityOf(remote), { remoteVirtualPort: virtualPort, symmetric, options });
if (remote !== undefined && connection === 0) throw Library.lastError;
process.send({ ready: true });
