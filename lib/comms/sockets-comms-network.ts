import { systemClock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import {
  arrayOption,
  checkOptions,
  nullOr,
  type OptionRules,
  objectOption,
  portOption,
  remotePortOption,
  textOption,
} from "../options.js";
import type { ByteSegment } from "../peer/index.js";
import type { DisconnectReason } from "../socket/index.js";
import type { ConfigOption } from "../valve/configuration/config-value.js";
import { type IceSettings, iceOptions } from "../valve/configuration/ice-servers.js";
import { type InitializeOptions, initializeRules } from "../valve/sockets/library.js";
import { BaseClient } from "./base-client.js";
import { BaseCommsNetwork } from "./base-comms-network.js";
import { BaseServer } from "./base-server.js";
import type { ClientInfo } from "./client/comms-player.js";
import type { CommsNetworkOptions } from "./network-core.js";
import type { DirectWay } from "./sockets/direct-way.js";
import { DirectWays } from "./sockets/direct-ways.js";
import { VoiceSockets, type VoiceSocketsSettings } from "./sockets/voice-sockets.js";
import { isServerEnabled } from "./values/modes.js";
import { MAX_SIGNAL_BYTES } from "./wire/packets.js";

const DEFAULT_PORT = 7777;
/** The client in the program of the server: no connection of GNS has this number. */
const LOCAL = 0;

/** Where a voice server listens. */
export interface SocketsCommsServerParam {
  /** A numeric address; `::` takes IPv6 and IPv4. @defaultValue "::" */
  host?: string;
  /** The UDP port, 0 to 65535; 0 takes a free one (`network.boundPort`). @defaultValue 7777 */
  port?: number;
}

/** Where a client of voice connects to. */
export interface SocketsCommsClientParam {
  /** A name or a numeric address. @defaultValue "localhost" */
  host?: string;
  /** 1 to 65535. @defaultValue 7777 */
  port?: number;
}

const SERVER_PARAM: OptionRules<SocketsCommsServerParam> = { host: textOption, port: portOption };
const CLIENT_PARAM: OptionRules<SocketsCommsClientParam> = { host: textOption, port: remotePortOption };

/** The options of a {@link SocketsCommsNetwork}. */
export interface SocketsCommsNetworkOptions extends CommsNetworkOptions<number>, InitializeOptions {
  /**
   * Voice goes directly from client to client where a way is found with these STUN and TURN servers (`{}`: in a local
   * network, and between public addresses), and by the server elsewhere. Players learn each other's addresses then.
   *
   * @defaultValue null: all voice goes by the server
   */
  direct?: IceSettings | null;
  /** GNS's configuration of what is opened: `authenticatedOnly`, times, rates. @defaultValue GNS's own */
  config?: readonly ConfigOption[];
}

const OWN_OPTIONS: OptionRules<Pick<SocketsCommsNetworkOptions, "direct" | "config" | keyof InitializeOptions>> = {
  ...initializeRules,
  direct: nullOr(objectOption()),
  config: arrayOption,
};

/** The server of a {@link SocketsCommsNetwork}. Its peers are the numbers of GNS's connections. */
export class SocketsCommsServer extends BaseServer<number> {
  readonly #sockets: VoiceSockets;
  readonly #param: SocketsCommsServerParam;
  readonly #receive = (from: number, packet: ByteSegment): void => this.networkPacketReceived(from, packet);
  #boundPort: number | null = null;

  constructor(network: SocketsCommsNetwork, param: SocketsCommsServerParam, settings: VoiceSocketsSettings) {
    super(network);
    this.#param = param;
    this.#sockets = new VoiceSockets(
      {
        connected: (connection, address) => this.clientConnected(connection, address),
        lost: (connection) => this.clientDisconnected(connection),
        readable: () => network.update(),
      },
      settings,
    );
  }

  /** The port that it listens on; null while it does not. */
  get boundPort(): number | null {
    return this.#boundPort;
  }

  override connect(): void {
    const { host = "::", port = DEFAULT_PORT } = this.#param;
    this.#boundPort = this.#sockets.listen(host, port);
  }

  override disconnect(): void {
    this.#boundPort = null;
    this.#sockets.close();
  }

  protected override readMessages(): void {
    this.#sockets.read(this.#receive);
  }

  protected override sendReliable(to: number, packet: ByteSegment): boolean {
    return to !== LOCAL && this.#sockets.sendReliable(to, packet);
  }

  protected override sendUnreliable(to: number, packet: ByteSegment): void {
    this.sendUnreliableMany([to], 1, packet);
  }

  protected override sendUnreliableMany(to: readonly number[], count: number, packet: ByteSegment): void {
    this.#sockets.sendVoice(to, count, packet);
  }

  protected override disconnectPeer(peer: number, reason: DisconnectReason): void {
    if (peer === LOCAL) return;
    this.#sockets.disconnect(peer, reason);
    this.clientDisconnected(peer);
  }
}

/** The client of a {@link SocketsCommsNetwork}. */
export class SocketsCommsClient extends BaseClient<number> {
  /** Null: the server is in this program. */
  readonly #sockets: VoiceSockets | null;
  readonly #param: SocketsCommsClientParam;
  /** Null: all goes by the server. */
  readonly #ways: DirectWays | null;
  readonly #network: SocketsCommsNetwork;
  readonly #stops: (() => void)[];
  readonly #receive = (_from: number, packet: ByteSegment): void => void this.networkPacketReceived(packet);
  #connection = LOCAL;
  #session = 0;
  #id = 0;

  constructor(
    network: SocketsCommsNetwork,
    param: SocketsCommsClientParam,
    settings: VoiceSocketsSettings | null,
    ice: readonly ConfigOption[] | null,
  ) {
    super(network);
    this.#network = network;
    this.#param = param;
    this.#sockets =
      settings &&
      new VoiceSockets({ lost: (_, reason) => this.#lost(reason), readable: () => network.update() }, settings);
    const user = {
      signal: ({ player }: DirectWay, bytes: Uint8Array) => this.#signal(player, bytes),
      connected: (way: DirectWay) => way.send(BaseClient.writeHandshakeP2P(this.#session, this.#id), true),
      received: (way: DirectWay, packet: ByteSegment) => this.#receiveDirectly(way, packet),
      lost: ({ connection }: DirectWay) => this.dropP2P(connection),
    };
    this.#ways = ice && new DirectWays(user, ice);
    this.#stops = [
      network.comms.on("playerJoined", ({ id, isLocal }) => !isLocal && this.#ways?.meet(this.#id, id)),
      network.comms.on("playerLeft", ({ id }) => this.#ways?.remove(id)),
    ];
  }

  override connect(): void {
    if (!this.#sockets) {
      this.connected();
      return;
    }
    const { host = "localhost", port = DEFAULT_PORT } = this.#param;
    const connected = (connection: number) => {
      this.#connection = connection;
      this.connected();
    };
    this.#sockets.connect(host, port).then(connected, (error) => this.failed(error));
  }

  override disconnect(): void {
    for (const stop of this.#stops) stop();
    this.#ways?.close();
    this.#sockets?.close();
  }

  /** Closes a direct connection: what goes there goes by the server again. */
  override dropP2P(connection: number): void {
    super.dropP2P(connection);
    this.#ways?.removeConnection(connection);
  }

  protected override readMessages(): void {
    this.#sockets?.read(this.#receive);
  }

  protected override sendReliable(packet: ByteSegment): boolean {
    return this.#sockets?.sendReliable(this.#connection, packet) ?? false;
  }

  protected override sendUnreliable(packet: ByteSegment): void {
    this.#sockets?.sendVoice([this.#connection], 1, packet);
  }

  protected override sendReliableP2P(to: ClientInfo<number | null>[], packet: ByteSegment): void {
    super.sendReliableP2P(this.#sendDirectly(to, packet, true), packet);
  }

  protected override sendUnreliableP2P(to: ClientInfo<number | null>[], packet: ByteSegment): void {
    super.sendUnreliableP2P(this.#sendDirectly(to, packet, false), packet);
  }

  protected override onServerAssignedSessionId(session: number, id: number): void {
    this.#ways?.close();
    this.#session = session;
    this.#id = id;
  }

  protected override signalReceived({ id }: ClientInfo<number | null>, bytes: Uint8Array): void {
    this.#ways?.receiveSignal(this.#id, id, bytes);
  }

  /** @returns those whom it did not reach */
  #sendDirectly(to: ClientInfo<number | null>[], packet: ByteSegment, isReliable: boolean) {
    return to.filter(({ connection, id }) => {
      if (connection === null || !this.#ways?.isConnected(id)) return true;
      // Voice that cannot leave at once is lost; it is not better off on the way by the server.
      if (!this.#ways.send(id, packet, isReliable)) this.directWayCongested();
      return false;
    });
  }

  #receiveDirectly({ connection, player }: DirectWay, packet: ByteSegment): void {
    const id = this.networkPacketReceived(packet, connection);
    // The server said who is at the other end, so nobody binds itself to the id of another.
    if (id === player) this.receiveHandshakeP2P(id, connection);
  }

  #signal(player: number, bytes: Uint8Array): void {
    const to = this.#network.comms.players.find(({ id }) => id === player);
    if (to && bytes.length <= MAX_SIGNAL_BYTES) this.sendSignal(to as unknown as ClientInfo<number | null>, bytes);
  }

  #lost(reason: { code: number; text: string }): void {
    this.failed(new NetworkError("ERR_CONNECTION_LOST", "The voice server is gone", { reason }));
  }
}

/**
 * Voice comms with a session of their own over `NetworkingSockets` (GNS): encrypted, and with `direct` from client to
 * client without the server where a way is found. Node.js only.
 */
export class SocketsCommsNetwork extends BaseCommsNetwork<
  SocketsCommsServer,
  SocketsCommsClient,
  number,
  SocketsCommsClientParam,
  SocketsCommsServerParam
> {
  readonly #settings: VoiceSocketsSettings;
  readonly #direct: IceSettings | null;
  #ice: readonly ConfigOption[] | null = null;

  /** @throws TypeError, RangeError for a wrong option */
  constructor({ config = [], direct = null, driver, identity, ...options }: SocketsCommsNetworkOptions = {}) {
    const initialize = { ...(driver !== undefined && { driver }), ...(identity !== undefined && { identity }) };
    checkOptions("SocketsCommsNetwork", { config, direct, ...initialize }, OWN_OPTIONS);
    super(options);
    this.#settings = { clock: options.clock ?? systemClock, initialize, config };
    this.#direct = direct;
  }

  /** The port that the server is bound to, null while there is none. */
  get boundPort(): number | null {
    return this.server?.boundPort ?? null;
  }

  /** Finds the addresses of the servers of `direct`. @throws (rejects) as `iceOptions` */
  protected override initialize(): void | Promise<void> {
    if (!this.#direct) return super.initialize();
    return iceOptions(this.#direct).then((ice) => {
      this.#ice = ice;
      return super.initialize();
    });
  }

  override runAsHost(server: SocketsCommsServerParam = {}, client: SocketsCommsClientParam = {}): void {
    checkOptions("runAsHost", server, SERVER_PARAM);
    super.runAsHost(server, client);
  }

  override runAsDedicatedServer(server: SocketsCommsServerParam = {}): void {
    checkOptions("runAsDedicatedServer", server, SERVER_PARAM);
    super.runAsDedicatedServer(server);
  }

  override runAsClient(client: SocketsCommsClientParam = {}): void {
    checkOptions("runAsClient", client, CLIENT_PARAM);
    super.runAsClient(client);
  }

  protected override createServer(param: SocketsCommsServerParam): SocketsCommsServer {
    return new SocketsCommsServer(this, param, this.#settings);
  }

  protected override createClient(param: SocketsCommsClientParam): SocketsCommsClient {
    const hasServer = isServerEnabled(this.mode);
    return new SocketsCommsClient(this, param, hasServer ? null : this.#settings, this.#ice);
  }

  protected override localPeer(): number {
    return LOCAL;
  }
}
