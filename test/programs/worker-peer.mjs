// A thread of its own with sockets of its own: listens, echoes what comes in, and does as the main thread tells it.
// What it connects to gets numbered messages, whose echoes it counts and checks.
import { parentPort, workerData } from "node:worker_threads";
import { Address, ConnectionState, Library, NetworkingSockets, Result, SendType } from "../../dist/index.js";

const { driver, debugLevel = 0 } = workerData;
if (!Library.initialize({ driver })) throw Library.lastError;
if (debugLevel > 0) Library.setDebugCallback(debugLevel, () => {});
const sockets = new NetworkingSockets();
const loopback = (port) => {
  const address = new Address();
  address.setIPv4("127.0.0.1", port);
  return address;
};
const listener = sockets.createListenSocket(loopback(0));
/** Outgoing connections: the next number to send, the next one expected, and where it ends (0: never). */
const outgoing = new Map();
const incoming = new Set();

function sendNext(connection, entry) {
  if (entry.last !== 0 && entry.sent === entry.last) return;
  const payload = new Uint8Array(64);
  new DataView(payload.buffer).setUint32(0, entry.sent);
  if (sockets.sendMessageToConnection(connection, payload, SendType.Reliable | SendType.NoNagle) === Result.OK) {
    entry.sent++;
  }
}

function onStatus({ connection, connectionInfo }) {
  const { state, listenSocket, endReason } = connectionInfo;
  if (state === ConnectionState.Connecting && listenSocket !== 0) {
    sockets.acceptConnection(connection);
    incoming.add(connection);
  } else if (state === ConnectionState.Connected && outgoing.has(connection)) {
    const entry = outgoing.get(connection);
    for (let index = 0; index < entry.window; index++) sendNext(connection, entry);
  } else if (state === ConnectionState.ClosedByPeer || state === ConnectionState.ProblemDetectedLocally) {
    parentPort.postMessage({ ended: endReason });
    sockets.closeConnection(connection);
    outgoing.delete(connection);
    incoming.delete(connection);
  }
}

sockets.onReadable(() => {
  sockets.dispatchCallbacks(onStatus);
  for (const message of sockets.receiveMessagesOnListenSocket(listener, 100) ?? []) {
    sockets.sendMessageToConnection(message.connection, message.data, SendType.Reliable | SendType.NoNagle);
    message.destroy();
  }
  for (const [connection, entry] of outgoing) {
    for (const message of sockets.receiveMessagesOnConnection(connection, 100) ?? []) {
      const number = new DataView(message.data.buffer, message.data.byteOffset).getUint32(0);
      if (number !== entry.received) throw new Error(`echo ${number} instead of ${entry.received}`);
      entry.received++;
      message.destroy();
      if (entry.received === entry.last) parentPort.postMessage({ echoed: entry.port });
      sendNext(connection, entry);
    }
  }
});

const orders = {
  /** `count` messages, 0 for no end, of which `window` are on their way at a time. */
  connect: ({ port, count, window }) => {
    outgoing.set(sockets.connect(loopback(port)), { port, sent: 0, received: 0, last: count, window });
  },
  /** Never comes back to the event loop. */
  hang: () => {
    parentPort.postMessage({ hangs: true });
    for (;;);
  },
  /** Nor does this, but it is nearly always inside a function of the addon that makes objects. */
  callOnAndOn: () => {
    parentPort.postMessage({ hangs: true });
    const { connectionOne } = sockets.createSocketPair();
    for (;;) {
      sockets.getConnectionInfo(connectionOne);
      sockets.getListenSocketAddress(listener);
      void Library.statistics;
    }
  },
  statistics: () => parentPort.postMessage({ statistics: Library.statistics }),
  /** Connections that have nothing to say, and closes that still deliver. */
  clutter: ({ port }) => {
    for (let index = 0; index < 4; index++) {
      sockets.createSocketPair(index % 2 === 0);
      sockets.createPollGroup();
      const pair = sockets.createSocketPair(true);
      sockets.sendMessageToConnection(pair.connectionOne, new Uint8Array(100_000), SendType.Reliable);
      sockets.closeConnection(pair.connectionOne, 0, "", true);
      sockets.connect(loopback(port));
    }
  },
};
parentPort.on("message", ({ order, ...parameters }) => orders[order](parameters));
parentPort.postMessage({ port: sockets.getListenSocketAddress(listener).port });
