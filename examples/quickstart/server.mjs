// The server of the quick start: echoes reliable messages, counts all, and ends when the process that started it says
// so.
import { ConnectionState, Library, SendType } from "valve-sockets";
import { decode, encode } from "./messages.mjs";
import { localAddress, openSockets } from "./network.mjs";
import { SequenceCheck } from "./sequence-check.mjs";

const settings = JSON.parse(process.argv[2]);
const sockets = openSockets(settings);
const listenSocket = sockets.createListenSocket(localAddress(0));
if (listenSocket === 0) throw Library.lastError;

/** Connection -> what has come from it. */
const clients = new Map();
const { port } = sockets.getListenSocketAddress(listenSocket);
process.send({ type: "listening", port });

function answer(connection, message) {
  sockets.sendMessageToConnection(connection, encode(message), SendType.Reliable | SendType.NoNagle);
}

function receive(connection, { type, number }) {
  const client = clients.get(connection);
  switch (type) {
    case "reliable":
      client.reliable.take(number);
      answer(connection, { type: "echo", number });
      break;
    case "unreliable":
      client.unreliable.add(number);
      break;
    case "finished": {
      const { delivered, faults } = client.reliable;
      answer(connection, { type: "tally", delivered, faults, unreliable: client.unreliable.size });
      break;
    }
  }
}

function statusChanged({ connection, connectionInfo }) {
  switch (connectionInfo.state) {
    case ConnectionState.Connecting:
      sockets.acceptConnection(connection);
      break;
    case ConnectionState.Connected:
      clients.set(connection, { reliable: new SequenceCheck(), unreliable: new Set() });
      break;
    case ConnectionState.ClosedByPeer:
    case ConnectionState.ProblemDetectedLocally:
      clients.delete(connection);
      sockets.closeConnection(connection);
      break;
  }
}

sockets.onReadable(() => {
  // Events first: messages are counted for clients that are known.
  sockets.dispatchCallbacks(statusChanged);
  for (const message of sockets.receiveMessagesOnListenSocket(listenSocket, 1000) ?? []) {
    receive(message.connection, decode(message.data));
    message.destroy();
  }
});

process.once("disconnect", () => sockets.closeListenSocket(listenSocket));
