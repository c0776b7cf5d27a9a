import { createSocket } from "node:dgram";

/** Bare UDP: nothing is encrypted, acknowledged or paced. */
class DgramLink {
  #send;

  constructor(send) {
    this.#send = send;
  }

  send(buffer, offset, length) {
    // dgram reads the bytes before it returns, or when the kernel has room; a benchmark's payload stays as it is.
    this.#send(buffer, offset, length);
    return true;
  }

  bufferedBytes = 0;
  close() {}
}

const BUFFER_BYTES = 2 ** 20;

export function listen(onMessage, { host = "127.0.0.1" }) {
  const socket = createSocket("udp4");
  socket.on("message", (data, { port, address }) => {
    const link = new DgramLink((buffer, offset, length) => socket.send(buffer, offset, length, port, address));
    onMessage(link, data, 0, data.length);
  });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.bind(0, host, () => {
      socket.setRecvBufferSize(BUFFER_BYTES);
      resolve({ port: socket.address().port });
    });
  });
}

export function connect(onMessage, { host = "127.0.0.1", port }) {
  const socket = createSocket("udp4");
  const link = new DgramLink((buffer, offset, length) => socket.send(buffer, offset, length));
  socket.on("message", (data) => onMessage(link, data, 0, data.length));
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.connect(port, host, () => {
      socket.setRecvBufferSize(BUFFER_BYTES);
      resolve(link);
    });
  });
}
