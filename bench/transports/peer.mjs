import { generateServerKey } from "valve-sockets/noise";
import { nativePrimitives } from "valve-sockets/noise/native";
import { Channel, Peer } from "valve-sockets/peer";
import { factoryOf } from "./factories.mjs";

/** One end of a connection of a Peer. */
class PeerLink {
  onDrain = null;
  #channel;

  constructor(connection, { reliable }) {
    this.connection = connection;
    this.#channel = reliable ? Channel.Reliable : Channel.Unreliable;
  }

  send(buffer, offset, length) {
    return this.connection.send(buffer, this.#channel, 0, offset, length);
  }

  get bufferedBytes() {
    return this.connection.bufferedBytes;
  }

  /** The largest packet that is sent now. */
  get packetBytes() {
    return this.connection.metrics.maxPacketSize;
  }

  /** Sends a stream without an end beside the messages. */
  async fill() {
    const writer = this.connection.openStream().writable.getWriter();
    const chunk = new Uint8Array(64 * 1024);
    while (this.connection.reason === null) await writer.write(chunk);
  }

  close() {
    void this.connection.close();
  }
}

class Handler {
  #links = new Map();
  #onMessage;
  #options;

  constructor(onMessage, options) {
    this.#onMessage = onMessage;
    this.#options = options;
  }

  onConnected(connection) {
    connection.onStream = async (_header, accept) => {
      for await (const _ of accept());
    };
    this.#links.set(connection, new PeerLink(connection, this.#options));
  }

  onDisconnected(connection) {
    this.#links.delete(connection);
  }

  onMessage(connection, { buffer, offset, length }) {
    this.#onMessage(this.#links.get(connection), buffer, offset, length);
  }

  onDrain(connection) {
    this.#links.get(connection)?.onDrain?.();
  }

  link(connection) {
    return this.#links.get(connection);
  }
}

function createPeer(end, onMessage, options, encryption) {
  const factory = factoryOf(options);
  const handler = new Handler(onMessage, options);
  const socket = end === "server" ? factory.createServerSocket() : factory.createClientSocket();
  const limits = { maxConnections: 10_000, maxPendingConnections: 10_000, handshakeTimeoutMs: 60_000 };
  const peer = new Peer(socket, factory.maxPacketSize, handler, { ...limits, encryption });
  return { peer, factory, handler };
}

/**
 * A Peer over `options.socket`, `udp`, `gns`, `websocket`, `wss` or `webtransport`; with `options.noise` encrypted by
 * Noise NK.
 */
export async function listen(onMessage, options) {
  const key = options.noise ? generateServerKey(nativePrimitives()) : null;
  const encryption = key && { primitives: nativePrimitives(), serverKeys: [key.privateKey] };
  const { peer, factory } = createPeer("server", onMessage, options, encryption);
  await peer.bind(factory.getBindEndPoint());
  return { port: peer.boundPort, key: key?.publicKey ?? "", hash: factory.certificateHashes?.[0] ?? "" };
}

export async function connect(onMessage, options) {
  const encryption = options.noise ? { primitives: nativePrimitives(), serverKey: options.key } : null;
  const { peer, factory, handler } = createPeer("client", onMessage, options, encryption);
  return handler.link(await peer.connect(factory.getConnectEndPoint()));
}
