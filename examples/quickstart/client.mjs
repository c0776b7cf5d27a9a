// A client of the quick start. Its pace comes from the server: each echo makes room for the next message.
import { ConnectionState, ConnectionStatus, Library, SendType } from "valve-sockets";
import { decode, encode } from "./messages.mjs";
import { localAddress, openSockets } from "./network.mjs";
import { SequenceCheck } from "./sequence-check.mjs";

/** Messages on their way to the server and back at one time. */
const WINDOW_MESSAGES = 16;
const REPORT_EVERY_MICROSECONDS = 200_000;

const settings = JSON.parse(process.argv[2]);
const { id, messages } = settings;
const sockets = openSockets(settings);
const connection = sockets.connect(localAddress(settings.port));
if (connection === 0) throw Library.lastError;

const echoes = new SequenceCheck();
const status = new ConnectionStatus();
let next = 0;
let reportedAt = 0;

function send(message, flags) {
  sockets.sendMessageToConnection(connection, encode(message), flags | SendType.NoNagle);
}

function sendNext() {
  send({ type: "reliable", number: next }, SendType.Reliable);
  send({ type: "unreliable", number: next }, SendType.Unreliable);
  next++;
}

function reportStatus() {
  if (!sockets.getQuickConnectionStatus(connection, status)) return;
  const { ping, connectionQualityLocal: quality, outBytesPerSecond, inBytesPerSecond } = status;
  process.send({ type: "status", id, ping, quality, outBytesPerSecond, inBytesPerSecond, delivered: echoes.delivered });
}

function receive(message) {
  switch (message.type) {
    case "echo":
      echoes.take(message.number);
      if (next < messages) sendNext();
      else if (echoes.delivered + echoes.faults === messages) send({ type: "finished" }, SendType.Reliable);
      break;
    case "tally":
      reportStatus();
      process.send({ type: "result", id, echoes: { ...echoes }, tally: message });
      sockets.closeConnection(connection, 0, "finished", true);
      process.disconnect();
      break;
  }
}

function statusChanged({ connectionInfo }) {
  switch (connectionInfo.state) {
    case ConnectionState.Connected:
      while (next < Math.min(WINDOW_MESSAGES, messages)) sendNext();
      break;
    case ConnectionState.ClosedByPeer:
    case ConnectionState.ProblemDetectedLocally:
      throw new Error(`Connection lost: ${connectionInfo.endDebug}`);
  }
}

sockets.onReadable(() => {
  sockets.dispatchCallbacks(statusChanged);
  for (const message of sockets.receiveMessagesOnConnection(connection, 1000) ?? []) {
    receive(decode(message.data));
    message.destroy();
  }
  if (process.connected && Library.time - reportedAt >= REPORT_EVERY_MICROSECONDS) {
    reportedAt = Library.time;
    reportStatus();
  }
});
