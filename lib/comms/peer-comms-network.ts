import { NetworkError } from "../network-error.js";
import { checkOptions, type OptionRules, objectOption, remotePortOption, textOption } from "../options.js";
import { type ByteSegment, Channel, type IConnection, Peer, type PeerConfig, type PeerHandler } from "../peer/index.js";
import type { DisconnectReason, SocketFactory } from "../socket/index.js";
import { BaseClient } from "./base-client.js";
import { BaseCommsNetwork } from "./base-comms-network.js";
import { BaseServer } from "./base-server.js";
import type { CommsNetworkOptions } from "./network-core.js";
import { isServerEnabled, Unit } from "./values/modes.js";

/** Voice that could not leave within this time is dropped: late is worse than lost. */
export const VOICE_MAX_AGE_MS = 200;

/** The client in the program of the server. */
const LOCAL = "local";
/** A connection; or the client in the program of the server. */
export type VoicePeer = IConnection | typeof LOCAL;

/** Where a client of voice connects to. */
export interface PeerCommsClientParam {
  /** A name or an IP address. @defaultValue that of the socket factory */
  host?: string;
  /** 1 to 65535. @defaultValue that of the socket factory */
  port?: number;
}

const CLIENT_PARAM: OptionRules<PeerCommsClientParam> = { host: textOption, port: remotePortOption };

/** The options of a {@link PeerCommsNetwork}. */
export interface PeerCommsNetworkOptions extends CommsNetworkOptions<VoicePeer> {
  /** Makes the sockets: of any transport. */
  socketFactory: SocketFactory;
  /** Settings of the Peers: encryption, limits, times. @defaultValue those of `Peer` */
  peer?: Partial<PeerConfig>;
}

/** What the network's server and client need to make a Peer. */
interface Transport {
  readonly factory: SocketFactory;
  open(handler: PeerHandler, socket: "server" | "client"): Peer;
}

/** The server of a {@link PeerCommsNetwork}. */
export class PeerCommsServer extends BaseServer<VoicePeer> {
  readonly #transport: Transport;
  #peer: Peer | null = null;
  #bound: Promise<number | null> = Promise.resolve(null);

  constructor(network: PeerCommsNetwork, transport: Transport) {
    super(network);
    this.#transport = transport;
  }

  /** The port that it listens on; null before `bound` resolves, and where the transport has none. */
  get boundPort(): number | null {
    return this.#peer?.boundPort ?? null;
  }

  /** Resolves with the port as soon as the server listens; rejects if it cannot (the event `fault` tells it too). */
  get bound(): Promise<number | null> {
    return this.#bound;
  }

  override connect(): void {
    const handler: PeerHandler = {
      onMessage: (connection, message) => this.networkPacketReceived(connection, message),
      onConnected: (connection) => this.clientConnected(connection, String(connection.handle)),
      onDisconnected: (connection) => this.clientDisconnected(connection),
    };
    this.#peer = this.#transport.open(handler, "server");
    this.#bound = this.#peer.bind(this.#transport.factory.getBindEndPoint()).then(() => this.boundPort);
    this.#bound.catch((error) => this.failed(error));
  }

  override disconnect(): void {
    void this.#peer?.close();
  }

  protected override readMessages(): void {}

  protected override sendReliable(to: VoicePeer, packet: ByteSegment): boolean {
    return sendTo(to, packet, Channel.Reliable);
  }

  protected override sendUnreliable(to: VoicePeer, packet: ByteSegment): boolean {
    return sendTo(to, packet, Channel.Unreliable);
  }

  protected override disconnectPeer(peer: VoicePeer, reason: DisconnectReason): void {
    if (peer !== LOCAL) peer.disconnect(reason);
  }
}

/** The client of a {@link PeerCommsNetwork}. */
export class PeerCommsClient extends BaseClient<VoicePeer> {
  readonly #transport: Transport;
  readonly #param: PeerCommsClientParam | null;
  #peer: Peer | null = null;
  #connection: IConnection | null = null;

  /** @param param null: the server is in this program */
  constructor(network: PeerCommsNetwork, transport: Transport, param: PeerCommsClientParam | null) {
    super(network);
    this.#transport = transport;
    this.#param = param;
  }

  override connect(): void {
    if (!this.#param) {
      this.connected();
      return;
    }
    const { host, port } = this.#param;
    const handler: PeerHandler = {
      onMessage: (_connection, message) => void this.networkPacketReceived(message),
      onDisconnected: (_connection, { code, text }) => {
        this.#connection = null;
        this.failed(new NetworkError("ERR_CONNECTION_LOST", "The voice server is gone", { reason: { code, text } }));
      },
      onConnected: (connection) => {
        this.#connection = connection;
        this.connected();
      },
    };
    this.#peer = this.#transport.open(handler, "client");
    const connecting = this.#peer.connect(this.#transport.factory.getConnectEndPoint(host, port));
    connecting.catch((error) => this.failed(error));
  }

  override disconnect(): void {
    void this.#peer?.close();
  }

  protected override readMessages(): void {}

  protected override sendReliable(packet: ByteSegment): boolean {
    return this.#connection !== null && sendTo(this.#connection, packet, Channel.Reliable);
  }

  protected override sendUnreliable(packet: ByteSegment): boolean {
    return this.#connection !== null && sendTo(this.#connection, packet, Channel.Unreliable);
  }
}

function sendTo(to: VoicePeer, { buffer, offset, length }: ByteSegment, channel: Channel): boolean {
  if (to === LOCAL) return false;
  return to.send(buffer, channel, 0, offset, length, channel === Channel.Reliable ? undefined : VOICE_MAX_AGE_MS);
}

/**
 * Voice comms with a session of their own, beside the game's or without one, over any socket factory: UDP, GNS,
 * WebSocket, memory. The server listens where the factory says.
 */
export class PeerCommsNetwork extends BaseCommsNetwork<
  PeerCommsServer,
  PeerCommsClient,
  VoicePeer,
  PeerCommsClientParam,
  Unit
> {
  readonly #transport: Transport;

  /** @throws TypeError, RangeError for a wrong option */
  constructor(given: PeerCommsNetworkOptions) {
    objectOption()("The options of PeerCommsNetwork", given);
    const { socketFactory, peer = {}, ...options } = given;
    objectOption("createServerSocket", "createClientSocket", "getConnectEndPoint")("socketFactory", socketFactory);
    super(options);
    const { clock, randomBytes } = options;
    const config = { ...(clock && { clock }), ...(randomBytes && { randomBytes }), ...peer };
    this.#transport = {
      factory: socketFactory,
      open: (handler, kind) => {
        const socket = kind === "server" ? socketFactory.createServerSocket() : socketFactory.createClientSocket();
        return new Peer(socket, socketFactory.maxPacketSize, handler, config);
      },
    };
  }

  /** The port that the server is bound to, null while there is none. */
  get boundPort(): number | null {
    return this.server?.boundPort ?? null;
  }

  override runAsHost(server: Unit = Unit.none, client: PeerCommsClientParam = {}): void {
    super.runAsHost(server, client);
  }

  override runAsDedicatedServer(server: Unit = Unit.none): void {
    super.runAsDedicatedServer(server);
  }

  override runAsClient(client: PeerCommsClientParam = {}): void {
    checkOptions("runAsClient", client, CLIENT_PARAM);
    super.runAsClient(client);
  }

  protected override createServer(): PeerCommsServer {
    return new PeerCommsServer(this, this.#transport);
  }

  protected override createClient(param: PeerCommsClientParam): PeerCommsClient {
    return new PeerCommsClient(this, this.#transport, isServerEnabled(this.mode) ? null : param);
  }

  protected override localPeer(): VoicePeer {
    return LOCAL;
  }
}
