// A chat server: node examples/chat/server.mjs [port]
import { Address, ConnectionState, Library, NetworkingSockets, SendType } from "valve-sockets";
import { printable } from "valve-sockets/message";

if (!Library.initialize()) throw Library.lastError;
const sockets = new NetworkingSockets();
const address = new Address();
address.setIPv4("0.0.0.0", Number(process.argv[2] ?? 27015));
const listenSocket = sockets.createListenSocket(address);
if (listenSocket === 0) throw Library.lastError;
console.log(`Listening on port ${sockets.getListenSocketAddress(listenSocket).port}`);

/** Connection -> name, known from its first message. */
const names = new Map();
/** Of a name and of a line. Each goes to everybody. */
const MAX_NAME = 40;
const MAX_TEXT = 400;

function sendToAll(text) {
  console.log(printable(text)); // strangers have written it
  const data = new TextEncoder().encode(text);
  for (const connection of names.keys()) sockets.sendMessageToConnection(connection, data, SendType.Reliable);
}

function receive(connection, text) {
  if (names.has(connection)) return sendToAll(`${names.get(connection)}: ${text.slice(0, MAX_TEXT)}`);
  const name = text.slice(0, MAX_NAME);
  names.set(connection, name);
  sendToAll(`${name} joined`);
}

function statusChanged({ connection, connectionInfo }) {
  switch (connectionInfo.state) {
    case ConnectionState.Connecting:
      sockets.acceptConnection(connection);
      break;
    case ConnectionState.ClosedByPeer:
    case ConnectionState.ProblemDetectedLocally: {
      sockets.closeConnection(connection);
      const name = names.get(connection);
      if (names.delete(connection)) sendToAll(`${name} left`);
      break;
    }
  }
}

sockets.onReadable(() => {
  // Messages first: a client's last words come before its leaving.
  for (const message of sockets.receiveMessagesOnListenSocket(listenSocket, 1000) ?? []) {
    receive(message.connection, new TextDecoder().decode(message.data));
    message.destroy();
  }
  sockets.dispatchCallbacks(statusChanged);
});

process.once("SIGINT", () => sockets.closeListenSocket(listenSocket, "The server was shut down"));
