import { invalidType } from "../arguments.js";
import {
  DisconnectCode,
  defineMessage,
  ErrorFlags,
  type INetworkPlayer,
  type NetworkClient,
  NetworkServer,
} from "../message/index.js";
import { objectOption, thingOption } from "../options.js";
import { type ByteSegment, Channel } from "../peer/index.js";
import { BaseClient } from "./base-client.js";
import { BaseCommsNetwork } from "./base-comms-network.js";
import { BaseServer } from "./base-server.js";
import type { CommsNetworkOptions } from "./network-core.js";
import { VOICE_MAX_AGE_MS } from "./peer-comms-network.js";
import { isClientEnabled, isServerEnabled, Unit } from "./values/modes.js";
import { packetCodec } from "./wire/packet-codec.js";

/** Everything but voice. Optional: whoever has no voice plays on without it. */
const CommsPacket = defineMessage("comms/packet", packetCodec, { optional: true, lane: 1 });
const CommsVoice = defineMessage("comms/voice", packetCodec, {
  optional: true,
  channel: Channel.Unreliable,
  maxAgeMs: VOICE_MAX_AGE_MS,
});
const MESSAGES = [CommsPacket, CommsVoice];

/** The options of a {@link MessageCommsNetwork}. At least one of `server` and `client`; both in host mode. */
export interface MessageCommsNetworkOptions extends CommsNetworkOptions<INetworkPlayer> {
  /** What the voice server sends and receives by; not started yet. @defaultValue none: this program is a client */
  server?: NetworkServer;
  /** What the voice client sends and receives by; not connected yet. @defaultValue none: this program is a server */
  client?: NetworkClient;
}

/** The server of a {@link MessageCommsNetwork}. */
export class MessageCommsServer extends BaseServer<INetworkPlayer> {
  readonly #server: NetworkServer;

  constructor(network: MessageCommsNetwork, server: NetworkServer) {
    super(network);
    this.#server = server;
  }

  override connect(): void {}
  override disconnect(): void {}
  protected override readMessages(): void {}

  protected override sendReliable(to: INetworkPlayer, packet: ByteSegment): boolean {
    return to.send(CommsPacket, packet);
  }

  protected override sendUnreliable(to: INetworkPlayer, packet: ByteSegment): void {
    to.send(CommsVoice, packet);
  }

  protected override sendUnreliableMany(to: readonly INetworkPlayer[], count: number, packet: ByteSegment): void {
    NetworkServer.sendToFirst(this.#server, to, count, CommsVoice, packet);
  }

  protected override charge(peer: INetworkPlayer, cost: number): void {
    peer.chargeError(cost, ErrorFlags.InvalidState);
  }
}

/** The client of a {@link MessageCommsNetwork}. */
export class MessageCommsClient extends BaseClient<INetworkPlayer> {
  readonly #client: NetworkClient;

  constructor(network: MessageCommsNetwork, client: NetworkClient) {
    super(network);
    this.#client = client;
  }

  override connect(): void {
    if (this.#client.isAuthenticated) this.connected();
  }

  /** The client is authenticated. */
  joined(): void {
    this.connected();
  }

  /** Its connection was lost, and it may come back. */
  suspended(): void {
    this.transportLost();
  }

  /** It has come back. */
  resumed(): void {
    this.transportReturned();
  }

  protected override readMessages(): void {}

  protected override sendReliable(packet: ByteSegment): boolean {
    return this.#client.player?.send(CommsPacket, packet) ?? false;
  }

  protected override sendUnreliable(packet: ByteSegment): boolean {
    return this.#client.player?.send(CommsVoice, packet) ?? false;
  }
}

/**
 * Voice comms beside the messages of a game: it follows a `NetworkServer`, a `NetworkClient`, or both in host mode, and
 * starts and stops with them. Make it before they start.
 */
export class MessageCommsNetwork extends BaseCommsNetwork<MessageCommsServer, MessageCommsClient, INetworkPlayer> {
  readonly #networkServer: NetworkServer | null;
  readonly #networkClient: NetworkClient | null;

  /** @throws TypeError, RangeError for a wrong option; NetworkError `ERR_STATE` if server or client is active */
  constructor(given: MessageCommsNetworkOptions) {
    objectOption()("The options of MessageCommsNetwork", given);
    const { server, client, ...options } = given;
    if (server !== undefined) thingOption("a NetworkServer", "use", "sendToMany")("server", server);
    if (client !== undefined) thingOption("a NetworkClient", "use", "connect")("client", client);
    if (!server && !client) throw invalidType("MessageCommsNetwork follows a server, a client, or both: give one");
    super(options);
    this.#networkServer = server ?? null;
    this.#networkClient = client ?? null;
    if (server) this.#followServer(server);
    if (client) this.#followClient(client);
  }

  protected override createServer(): MessageCommsServer {
    return new MessageCommsServer(this, this.#networkServer as NetworkServer);
  }

  protected override createClient(): MessageCommsClient {
    return new MessageCommsClient(this, this.#networkClient as NetworkClient);
  }

  #followServer(server: NetworkServer): void {
    server.use({
      messages: MESSAGES,
      started: () => this.#followSoon(),
      stopped: () => this.#follow(),
      playerSuspended: (player) => this.server?.clientSuspended(player),
      playerResumed: (player) => this.server?.clientResumed(player),
      playerDisconnecting: (player) => this.server?.clientDisconnected(player),
    });
    for (const message of MESSAGES) {
      const receive = (packet: ByteSegment, player: INetworkPlayer) =>
        this.server?.networkPacketReceived(player, packet);
      server.messageHandler.register(message, receive, { reuse: true });
    }
  }

  #followClient(client: NetworkClient): void {
    client.use({
      messages: MESSAGES,
      started: () => this.#followSoon(),
      stopped: () => this.#follow(),
      playerAuthenticated: () => {
        this.#follow(); // It has stopped where the player has come from another room.
        this.client?.joined();
      },
      playerDisconnecting: (_player, { code }) => {
        if (code === DisconnectCode.Moved) this.stop();
      },
      playerSuspended: () => this.client?.suspended(),
      playerResumed: () => this.client?.resumed(),
    });
    for (const message of MESSAGES) {
      const receive = (packet: ByteSegment) => void this.client?.networkPacketReceived(packet);
      client.messageHandler.register(message, receive, { reuse: true });
    }
  }

  /** A host's client joins in the same turn in which its server starts. */
  #followSoon(): void {
    queueMicrotask(() => this.#follow());
  }

  /** Comms run as what server and client are. */
  #follow(): void {
    const isServer = this.#networkServer?.active ?? false;
    const isClient = this.#networkClient?.active ?? false;
    if (isServerEnabled(this.mode) === isServer && isClientEnabled(this.mode) === isClient) return;
    if (isServer && isClient) this.runAsHost(Unit.none, Unit.none);
    else if (isServer) this.runAsDedicatedServer(Unit.none);
    else if (isClient) this.runAsClient(Unit.none);
    else this.stop();
  }
}
