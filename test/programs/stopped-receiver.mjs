// Somebody sends numbered messages of 1000 bytes over GNS, and the receiver may be stopped. `<layer> <security> <rate>
// <count>` is the receiver: it prints "port <port>", "begun" after the first 500, and "received <count> in order", or
// what came in place of it. With a port behind it is the sender, which sends at up to that many MiB/s; for a line of
// input, a time in ms, it prints "waited" that much later. Both print "ended <code> <text>" when their connection does.
// Layers: direct (`NetworkingSockets`), peer (`Peer`), server (`NetworkServer`). Security: gns, noise (above GNS).
import { once } from "node:events";
import {
  Address,
  ConfigValue,
  ConnectionState,
  ConnectionStatus,
  Library,
  NetworkingSockets,
  SendFlags,
} from "valve-sockets";
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import { nodePrimitives } from "valve-sockets/noise/node";
import { Peer } from "valve-sockets/peer";
import { bytesView, struct, u32 } from "valve-sockets/serialization";
import { GnsSocketFactory } from "valve-sockets/socket/gns";

const [layer, security, rate, count, port = 0] = process.argv.slice(2).map((text) => (+text >= 0 ? +text : text));
const FIRST = 500;
const QUEUE_BYTES = 16 * 1024 * 1024;
const SEND_RATE = rate * 1024 * 1024;
const payload = new Uint8Array(1000);
const ended = ({ code, text }) => console.log(`ended ${code} ${text}`);

let next = 0;
function received(number) {
  if (number !== next) console.log(`received ${number} in place of ${next}`);
  next = number + 1;
  if (next === FIRST) console.log("begun");
  if (next === count) console.log(`received ${count} in order`);
}

let sent = 0;
/** @param send sends `payload`. @returns false: full */
function sendMore(send, until = count) {
  const view = new DataView(payload.buffer);
  for (; sent < until; sent++) {
    view.setUint32(0, sent, true);
    if (!send()) return;
  }
}

const factory = () =>
  new GnsSocketFactory({
    host: "127.0.0.1",
    bindHost: "127.0.0.1",
    port,
    sendRate: SEND_RATE,
    sendQueueBytes: QUEUE_BYTES,
  });
const peer = security === "noise" ? { encryption: { primitives: nodePrimitives() } } : {};

const layers = {
  direct: { receive: receiveDirectly, send: sendDirectly },
  peer: { receive: receiveByPeer, send: sendByPeer },
  server: { receive: serve, send: sendByClient },
};
await layers[layer][port === 0 ? "receive" : "send"]();
if (port !== 0) {
  const [line] = await once(process.stdin, "data");
  setTimeout(() => console.log("waited"), Number(line));
}

function openDirectly(onConnection) {
  Library.initialize();
  const sockets = new NetworkingSockets();
  const address = new Address();
  address.setIPv4("127.0.0.1", port);
  return { sockets, address, dispatch: () => sockets.dispatchCallbacks((change) => onConnection(sockets, change)) };
}

function hasEnded({ state, endReason, endDebug }) {
  if (state !== ConnectionState.ClosedByPeer && state !== ConnectionState.ProblemDetectedLocally) return;
  ended({ code: endReason, text: endDebug });
}

function receiveDirectly() {
  const { sockets, address, dispatch } = openDirectly((_, { connection, connectionInfo }) => {
    if (connectionInfo.state === ConnectionState.Connecting) sockets.acceptConnection(connection);
    hasEnded(connectionInfo);
  });
  const listener = sockets.createListenSocket(address);
  sockets.onReadable(() => {
    dispatch();
    for (;;) {
      const messages = sockets.receiveMessagesOnListenSocket(listener, 256);
      if (messages.length === 0) return;
      for (const message of messages) {
        received(new DataView(message.data.buffer, message.data.byteOffset).getUint32(0, true));
        message.destroy();
      }
    }
  });
  console.log(`port ${sockets.getListenSocketAddress(listener).port}`);
}

function sendDirectly() {
  const { sockets, address, dispatch } = openDirectly((_, { connectionInfo }) => {
    if (connectionInfo.state === ConnectionState.Connected) fill();
    hasEnded(connectionInfo);
  });
  const config = [
    { value: ConfigValue.SendRateMin, data: SEND_RATE },
    { value: ConfigValue.SendRateMax, data: SEND_RATE },
    { value: ConfigValue.SendBufferSize, data: 2 * QUEUE_BYTES },
  ];
  const connection = sockets.connect(address, config);
  const status = new ConnectionStatus();
  const send = () => {
    sockets.sendMessage(connection, payload, SendFlags.ReliableNoNagle);
    return true;
  };
  const fill = () => {
    sockets.getQuickConnectionStatus(connection, status);
    if (status.state !== ConnectionState.Connected) return;
    if (status.pendingReliable + status.sentUnackedReliable < QUEUE_BYTES) sendMore(send, Math.min(count, sent + 1000));
    if (sent < count) setImmediate(fill);
  };
  sockets.onReadable(dispatch);
}

async function receiveByPeer() {
  const gns = factory();
  const server = new Peer(
    gns.createServerSocket(),
    gns.maxPacketSize,
    {
      onMessage: (_, message) => received(new DataView(message.copy().buffer).getUint32(0, true)),
      onDisconnected: (_, reason) => ended(reason),
    },
    peer,
  );
  await server.bind(gns.getBindEndPoint());
  console.log(`port ${server.boundPort}`);
}

async function sendByPeer() {
  const gns = factory();
  const fill = (connection) => sendMore(() => connection.send(payload));
  const handler = { onMessage() {}, onConnected: fill, onDrain: fill, onDisconnected: (_, reason) => ended(reason) };
  const client = new Peer(gns.createClientSocket(), gns.maxPacketSize, handler, peer);
  await client.connect(gns.getConnectEndPoint());
}

function networkOptions() {
  const Bytes = defineMessage("bytes", struct({ number: u32, padding: bytesView(1000) }));
  const protocol = defineProtocol({ name: "test", version: 1, messages: [Bytes] });
  return { Bytes, options: { protocol, socketFactory: factory(), peer } };
}

async function serve() {
  const { Bytes, options } = networkOptions();
  const server = new NetworkServer({ ...options, errorBudget: null });
  server.messageHandler.register(Bytes, ({ number }) => received(number));
  server.on("disconnected", (_player, reason) => ended(reason));
  await server.start();
  console.log(`port ${server.boundPort}`);
}

async function sendByClient() {
  const { Bytes, options } = networkOptions();
  const client = new NetworkClient(options);
  const padding = payload.subarray(4);
  const fill = () => sendMore(() => client.send(Bytes, { number: sent, padding }));
  client.on("drained", fill);
  client.on("disconnected", ended);
  await client.connect();
  fill();
}
