import { Delivery, ReceivedPacket } from "valve-sockets/socket";
import { factoryOf } from "./factories.mjs";

/** A connection of a socket that has connections, without a Peer. */
class SocketLink {
  bufferedBytes = 0;
  #socket;
  #handle;
  #delivery;

  constructor(socket, handle, { reliable }) {
    this.#socket = socket;
    this.#handle = handle;
    this.#delivery = reliable ? Delivery.Reliable : Delivery.Unreliable;
    handle.connection = this;
  }

  send(buffer, offset, length) {
    const packet = offset === 0 ? buffer : buffer.subarray(offset);
    const isTaken = this.#socket.send(this.#handle, packet, length, this.#delivery);
    leaveTogether(this.#socket);
    return isTaken;
  }

  close() {
    void this.#socket.close();
  }
}

const waiting = new Set();

/** What is sent in one turn leaves at its end. */
function leaveTogether(socket) {
  if (waiting.size === 0) {
    queueMicrotask(() => {
      for (const one of waiting) one.flush();
      waiting.clear();
    });
  }
  waiting.add(socket);
}

function attach(socket, onMessage, options) {
  const packet = new ReceivedPacket();
  socket.events = {
    onReadable() {
      socket.tick();
      while (socket.poll()) {
        socket.receive(packet);
        onMessage(packet.handle.connection, packet.buffer, packet.offset, packet.length);
      }
    },
    onIncoming: () => true,
    onConnect: (handle) => new SocketLink(socket, handle, options),
    onDisconnect() {},
    onWritable() {},
  };
}

/** The socket of a factory alone: what the transport costs. */
export async function listen(onMessage, options) {
  const factory = factoryOf(options);
  const socket = factory.createServerSocket();
  attach(socket, onMessage, options);
  await socket.bind(factory.getBindEndPoint());
  return { port: socket.boundPort, hash: factory.certificateHashes?.[0] ?? "" };
}

export async function connect(onMessage, options) {
  const factory = factoryOf(options);
  const socket = factory.createClientSocket();
  attach(socket, onMessage, options);
  return new SocketLink(socket, await socket.connect(factory.getConnectEndPoint()), options);
}
