import { createConnection, createServer } from "node:net";
import { createInterface } from "node:readline";
import { rival } from "./rival.mjs";

class DataChannelLink {
  #channel;

  constructor(channel, onMessage) {
    this.#channel = channel;
    channel.onMessage((data) => onMessage(this, data, 0, data.length));
  }

  send(buffer, offset, length) {
    this.#channel.sendMessageBinary(buffer.subarray(offset, offset + length));
    return true;
  }

  get bufferedBytes() {
    return this.#channel.bufferedAmount();
  }

  close() {
    this.#channel.close();
  }
}

/** The two sides tell each other their descriptions and candidates over a TCP connection, a JSON line each. */
function negotiate(socket, name) {
  const { PeerConnection } = rival("node-datachannel");
  const connection = new PeerConnection(name, { iceServers: [] });
  const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
  connection.onLocalDescription((sdp, type) => say({ sdp, type }));
  connection.onLocalCandidate((candidate, mid) => say({ candidate, mid }));
  createInterface({ input: socket }).on("line", (line) => {
    const { sdp, type, candidate, mid } = JSON.parse(line);
    if (sdp) connection.setRemoteDescription(sdp, type);
    else connection.addRemoteCandidate(candidate, mid);
  });
  return connection;
}

/** Without it the connection is collected, and with it the channel. */
const kept = [];

export function listen(onMessage, { host = "127.0.0.1" }) {
  const server = createServer((socket) => {
    const connection = negotiate(socket, "server");
    connection.onDataChannel((channel) => kept.push(channel, new DataChannelLink(channel, onMessage)));
    kept.push(connection);
  });
  return new Promise((resolve) => server.listen(0, host, () => resolve({ port: server.address().port })));
}

export function connect(onMessage, { host = "127.0.0.1", port, reliable }) {
  const connection = negotiate(createConnection(port, host), "client");
  const channel = connection.createDataChannel("bench", reliable ? {} : { unordered: true, maxRetransmits: 0 });
  kept.push(connection, channel);
  return new Promise((resolve) => channel.onOpen(() => resolve(new DataChannelLink(channel, onMessage))));
}
