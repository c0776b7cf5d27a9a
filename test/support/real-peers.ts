import { type IConnection, Peer, type PeerConfig, type PeerHandler } from "../../lib/peer/index.js";
import { GnsSocketFactory, type GnsSocketFactoryOptions } from "../../lib/socket/gns.js";
import type { DisconnectReason, ISocket, SocketFactory } from "../../lib/socket/index.js";
import { createDevelopmentCertificate } from "../../lib/socket/tls/development-certificate.js";
import { UdpSocketFactory, type UdpSocketFactoryOptions } from "../../lib/socket/udp.js";
import { type WebTransportOptions, WebTransportSocketFactory } from "../../lib/socket/webtransport-server.js";

/** The server takes a free port, and clients connect to that. */
const loopback = { host: "127.0.0.1", bindHost: "127.0.0.1", port: 0 };

export const udp = (options: UdpSocketFactoryOptions = {}) => new UdpSocketFactory({ ...loopback, ...options });
export const gns = (options: GnsSocketFactoryOptions = {}) => new GnsSocketFactory({ ...loopback, ...options });

const { hash, ...tls } = createDevelopmentCertificate();

/** The clients of each know the certificate of all. */
export const webTransport = (options: WebTransportOptions = {}) =>
  new WebTransportSocketFactory({ ...loopback, tls, certificateHashes: [hash], ...options });

/** A Peer's handler for tests: keeps what the Peer reports, and waits for conditions. */
export class PeerUser implements PeerHandler {
  readonly connected: IConnection[] = [];
  readonly ends: DisconnectReason[] = [];
  readonly messages: { connection: IConnection; bytes: Uint8Array; channel: number; lane: number }[] = [];
  beforeAccept: NonNullable<PeerHandler["beforeAccept"]> = () => true;
  /** Is called for each message; without it messages are kept. */
  receive: PeerHandler["onMessage"] = (connection, message, channel, lane) => {
    this.messages.push({ connection, bytes: message.copy(), channel, lane });
  };
  onDrain: (connection: IConnection) => void = () => {};
  readonly #waiting = new Set<() => void>();

  onConnected(connection: IConnection): void {
    this.connected.push(connection);
    this.look();
  }

  onDisconnected(_connection: IConnection, reason: DisconnectReason): void {
    this.ends.push(reason);
    this.look();
  }

  onMessage: PeerHandler["onMessage"] = (...message) => {
    this.receive(...message);
    this.look();
  };

  /** Checks the conditions that something waits for. */
  look(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** Waits until `condition` returns something other than undefined or false. It is called after each report. */
  until<T>(condition: () => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      const check = () => {
        const value = condition();
        if (value === undefined || value === false) return;
        this.#waiting.delete(check);
        resolve(value);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** Both ends of a connection, with their handlers. */
export interface PeerPair {
  client: IConnection;
  server: IConnection;
  clientUser: PeerUser;
  serverUser: PeerUser;
}

/** A server and its clients over real sockets, in one process. */
export class RealPeers {
  readonly user = new PeerUser();
  readonly server: Peer;
  readonly serverSocket: ISocket;
  readonly factory: SocketFactory;
  readonly #clients: Peer[] = [];

  constructor(factory: SocketFactory, config: Partial<PeerConfig> = {}) {
    this.factory = factory;
    this.serverSocket = factory.createServerSocket();
    this.server = new Peer(this.serverSocket, factory.maxPacketSize, this.user, config);
  }

  listen(): Promise<void> {
    return this.server.bind(this.factory.getBindEndPoint());
  }

  /** Connects a new client to the server, or to `port`. */
  async dial(
    config: Partial<PeerConfig> = {},
    port?: number,
    factory = this.factory,
  ): Promise<[IConnection, PeerUser]> {
    const user = new PeerUser();
    const peer = new Peer(factory.createClientSocket(), factory.maxPacketSize, user, config);
    this.#clients.push(peer);
    const endPoint = factory.getConnectEndPoint(undefined, port ?? (this.server.boundPort as number));
    return [await peer.connect(endPoint), user];
  }

  /** Connects a new client; returns both ends of its connection. Only one client may connect at a time. */
  async pair(config: Partial<PeerConfig> = {}, port?: number): Promise<PeerPair> {
    const place = this.user.connected.length;
    const [client, clientUser] = await this.dial(config, port);
    const server = await this.user.until(() => this.user.connected[place]);
    return { client, server, clientUser, serverUser: this.user };
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((peer) => peer.close()));
    await this.server.close();
  }
}
