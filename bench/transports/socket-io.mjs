import { createServer } from "node:http";
import { rival } from "./rival.mjs";

class SocketIoLink {
  bufferedBytes = 0;
  #socket;

  constructor(socket, onMessage) {
    this.#socket = socket;
    socket.on("message", (data) => onMessage(this, data, 0, data.length));
  }

  send(buffer, offset, length) {
    this.#socket.emit("message", buffer.subarray(offset, offset + length));
    return true;
  }

  close() {
    this.#socket.disconnect();
  }
}

/** Over WebSocket from the beginning, without its long polling. */
const transports = ["websocket"];

export async function listen(onMessage, { host = "127.0.0.1" }) {
  const { Server } = await rival("socket.io");
  const http = createServer();
  new Server(http, { transports }).on("connection", (socket) => new SocketIoLink(socket, onMessage));
  await new Promise((resolve) => http.listen(0, host, resolve));
  return { port: http.address().port };
}

export async function connect(onMessage, { host = "127.0.0.1", port }) {
  const { io } = await rival("socket.io-client");
  const socket = io(`http://${host}:${port}`, { transports });
  const link = new SocketIoLink(socket, onMessage);
  await new Promise((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
  return link;
}
