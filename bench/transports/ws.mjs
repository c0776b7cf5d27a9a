import { WebSocket, WebSocketServer } from "ws";

class WebSocketLink {
  #socket;

  constructor(socket, onMessage) {
    this.#socket = socket;
    socket.on("message", (data) => onMessage(this, data, 0, data.length));
  }

  send(buffer, offset, length) {
    this.#socket.send(buffer.subarray(offset, offset + length));
    return true;
  }

  get bufferedBytes() {
    return this.#socket.bufferedAmount;
  }

  close() {
    this.#socket.close();
  }
}

export function listen(onMessage, { host = "127.0.0.1" }) {
  const server = new WebSocketServer({ host, port: 0 });
  server.on("connection", (socket) => new WebSocketLink(socket, onMessage));
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.on("listening", () => resolve({ port: server.address().port }));
  });
}

export function connect(onMessage, { host = "127.0.0.1", port }) {
  const socket = new WebSocket(`ws://${host}:${port}`);
  const link = new WebSocketLink(socket, onMessage);
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => resolve(link));
  });
}
