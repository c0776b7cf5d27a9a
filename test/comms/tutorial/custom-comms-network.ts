import {
  BaseClient,
  BaseCommsNetwork,
  BaseServer,
  type ClientInfo,
  type CommsNetworkOptions,
  isClientEnabled,
  isServerEnabled,
  NetworkMode,
  Unit,
} from "../../../lib/comms/index.js";
import type { ByteSegment } from "../../../lib/peer/index.js";
import type { GameNetwork } from "./game-network.js";

/** A connection of your network, as the server names its clients. */
export interface CustomPeer {
  readonly connection: number;
}

export class CustomCommsNetwork extends BaseCommsNetwork<
  CustomServer, // A class which implements BaseServer
  CustomClient, // A class which implements BaseClient
  CustomPeer, // What represents a network connection
  Unit, // Nothing
  Unit // Nothing
> {
  constructor(
    readonly game: GameNetwork,
    options: CommsNetworkOptions<CustomPeer>,
  ) {
    super(options);
  }

  protected override createServer(details: Unit): CustomServer {
    return new CustomServer(this, details);
  }

  protected override createClient(details: Unit): CustomClient {
    return new CustomClient(this, details);
  }

  protected override peerKey({ connection }: CustomPeer): number {
    return connection;
  }

  protected override async initialize(): Promise<void> {
    await this.game.prepare();

    // Don't forget to call super.initialize!
    await super.initialize();
  }

  // Call it in your loop.
  override update(): void {
    // Check if comms are ready
    if (this.isInitialized) {
      // Check what the game's network is
      const { isServer, isClient } = this.game;
      if (isServer || isClient) {
        // Check what mode comms are in, and if they're different call the correct method
        if (isServerEnabled(this.mode) !== isServer || isClientEnabled(this.mode) !== isClient) {
          if (isServer && isClient) this.runAsHost(Unit.none, Unit.none);
          else if (isServer) this.runAsDedicatedServer(Unit.none);
          else this.runAsClient(Unit.none);
        }
      } else if (this.mode !== NetworkMode.None) {
        // The network is not active, make sure comms are not active
        this.stop();
      }
    }
    super.update();
  }

  protected override localPeer(): CustomPeer {
    return { connection: this.game.connection };
  }
}

export class CustomClient extends BaseClient<CustomPeer> {
  readonly #game: GameNetwork;

  constructor(network: CustomCommsNetwork, _details: Unit) {
    super(network);
    this.#game = network.game;
  }

  override connect(): void {
    this.connected(); // the game is connected already
  }

  protected override sendReliable(packet: ByteSegment): void {
    this.#game.sendToServer(packet.view(), true);
  }

  protected override sendUnreliable(packet: ByteSegment): void {
    this.#game.sendToServer(packet.view(), false);
  }

  protected override readMessages(): void {
    for (const { bytes, from, isDirect } of this.#game.receiveOnClient()) {
      // Receive the packet, capture the return value. What comes from the server has no sender
      const peer = isDirect ? { connection: from } : undefined;
      const id = this.networkPacketReceived(bytes, peer);

      // If the value is not null pass it to the handshake method with the sender of this packet
      if (id !== null && peer) this.receiveHandshakeP2P(id, peer);
    }
  }

  protected override sendReliableP2P(to: ClientInfo<CustomPeer | null>[], packet: ByteSegment): void {
    super.sendReliableP2P(this.#sendDirectly(to, packet, true), packet);
  }

  protected override sendUnreliableP2P(to: ClientInfo<CustomPeer | null>[], packet: ByteSegment): void {
    super.sendUnreliableP2P(this.#sendDirectly(to, packet, false), packet);
  }

  // Sends to all that can be reached, and returns the others: the base class sends to these by the server.
  #sendDirectly(to: ClientInfo<CustomPeer | null>[], packet: ByteSegment, isReliable: boolean) {
    return to.filter(({ connection: peer }) => {
      if (peer === null) return true;
      this.#game.sendToOther(peer.connection, packet.view(), isReliable);
      return false;
    });
  }

  protected override onServerAssignedSessionId(session: number, id: number): void {
    super.onServerAssignedSessionId(session, id);

    // Create the handshake packet to send
    const packet = BaseClient.writeHandshakeP2P(session, id);

    // Send this to everyone else in the session who can be reached
    for (const other of this.#game.others) this.#game.sendToOther(other, packet, true);
  }
}

export class CustomServer extends BaseServer<CustomPeer> {
  readonly #game: GameNetwork;

  constructor(network: CustomCommsNetwork, _details: Unit) {
    super(network);
    this.#game = network.game;
  }

  override connect(): void {} // the game listens already
  override disconnect(): void {}

  protected override readMessages(): void {
    for (const { from, bytes } of this.#game.receiveOnServer()) {
      this.networkPacketReceived({ connection: from }, bytes);
    }
    for (const connection of this.#game.disconnected()) this.clientDisconnected({ connection });
  }

  protected override sendReliable({ connection }: CustomPeer, packet: ByteSegment): void {
    this.#game.sendToClient(connection, packet.view(), true);
  }

  protected override sendUnreliable({ connection }: CustomPeer, packet: ByteSegment): void {
    this.#game.sendToClient(connection, packet.view(), false);
  }
}
