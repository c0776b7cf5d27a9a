import { isUint8Array } from "../brands.js";
import type { EventListener } from "../event-hub.js";
import { ByteSegment } from "../peer/index.js";
import type { DisconnectReason } from "../socket/index.js";
import { linkOf, type NetworkLink, type SendOutcome } from "./network-link.js";
import type { IServerClient } from "./server/server-client.js";
import { DISCONNECT_COST, type JoinRequest, type ServerEvents, type SessionMetrics } from "./server/server-owner.js";
import { ServerSession } from "./server/server-session.js";

/** What the network calls of its server. */
export interface ServerDriver<TPeer> {
  readonly session: ServerSession<TPeer>;
  connect(): void;
  readMessages(): void;
  disconnect(): void;
}

let driverOfServer: <TPeer>(server: BaseServer<TPeer>) => ServerDriver<TPeer>;

/** What is behind a server. */
export const serverDriver = <TPeer>(server: BaseServer<TPeer>): ServerDriver<TPeer> => driverOfServer(server);

/**
 * The server of a voice session (the seed's `BaseServer`): it knows who is there and who listens where, and sends voice
 * on. Extend it with the five functions that reach its clients over your transport.
 */
export abstract class BaseServer<TPeer> {
  readonly #session: ServerSession<TPeer>;
  readonly #driver: ServerDriver<TPeer>;
  readonly #segment = new ByteSegment();
  readonly #link: NetworkLink<TPeer>;

  static {
    driverOfServer = (server) => server.#driver;
  }

  /** @param network the network whose `createServer` makes this server */
  constructor(network: object) {
    const link = linkOf<TPeer>(network);
    const { clock, randomBytes } = link;
    this.#session = new ServerSession<TPeer>({
      clock,
      randomBytes,
      peerKey: (peer) => link.peerKey(peer),
      transmitReliable: (to, packet) =>
        link.attempt(() => link.takeToClient(packet, to) || this.sendReliable(to, packet)),
      transmitMany: (to, count, packet) => this.#sendMany(to, count, packet),
      authorize: (request) => this.authorize(request),
      canSpeak: (client, room) => this.#allows("canSpeak", client, room),
      canListen: (client, room) => this.#allows("canListen", client, room),
      disconnectPeer: (peer, reason) => void link.attempt(() => this.disconnectPeer(peer, reason)),
      charge: (peer, cost, text) => void link.attempt(() => this.charge(peer, cost, text)),
      report: (error) => link.report(error),
    });
    this.#link = link;
    this.#driver = {
      session: this.#session,
      connect: () => this.connect(),
      readMessages: () => this.readMessages(),
      disconnect: () => this.disconnect(),
    };
  }

  /** The clients of the session. */
  get clients(): readonly IServerClient<TPeer>[] {
    return this.#session.clients;
  }

  /** What the session has counted. */
  get metrics(): Readonly<SessionMetrics> {
    return { ...this.#session.metrics };
  }

  /**
   * Adds a listener of an event.
   *
   * @returns a function that removes it
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof ServerEvents<TPeer>>(
    name: Name,
    listener: EventListener<ServerEvents<TPeer>[Name]>,
  ): () => void {
    return this.#session.events.on(name, listener);
  }

  /** Begins to listen for clients. */
  abstract connect(): void;

  /** Ends that: closes the socket. */
  abstract disconnect(): void;

  /** Gives every packet that has come to `networkPacketReceived`. Leave it empty if packets are given at once. */
  protected abstract readMessages(): void;

  /**
   * Sends to `to`, reliably and in order.
   *
   * @param packet valid during the call, at most 1024 bytes
   * @returns false, or throws: it could not be sent; that client leaves the session, and joins again by itself
   */
  protected abstract sendReliable(to: TPeer, packet: ByteSegment): SendOutcome;

  /** Sends to `to`, at once or not at all. */
  protected abstract sendUnreliable(to: TPeer, packet: ByteSegment): SendOutcome;

  /** Sends the same to the first `count` of `to`. Override it where the transport can do that at once. */
  protected sendUnreliableMany(to: readonly TPeer[], count: number, packet: ByteSegment): void {
    for (let index = 0; index < count; index++) this.sendUnreliable(to[index] as TPeer, packet);
  }

  /** The transport has failed: the session ends with the event `fault`. */
  protected failed(error: unknown): void {
    this.#link.within(() => this.#link.fail(error, this.#driver));
  }

  /** Takes a packet of `from`. Never throws for wrong bytes. */
  networkPacketReceived(from: TPeer, packet: ByteSegment | Uint8Array): void {
    const segment = isUint8Array(packet) ? this.#segment.set(packet, 0, packet.length) : packet;
    // For each packet of voice: a closure would be garbage.
    this.#link.enter();
    try {
      this.#session.receive(from, segment);
    } finally {
      this.#link.leave();
    }
  }

  /**
   * `peer` has connected, and is to say hello within 5 s: else `disconnectPeer` is called. At most 256 peers wait at
   * once; those of one address make room among themselves. Call it if nobody but voice uses your connections.
   *
   * @param address `host:port` of the peer
   */
  clientConnected(peer: TPeer, address: string): void {
    this.#link.within(() => this.#session.connected(peer, address));
  }

  /** `peer` has disconnected: all others hear that it has left. */
  clientDisconnected(peer: TPeer): void {
    this.#link.within(() => this.#session.remove(peer));
  }

  /** The connection of `peer` is away, and may come back: it keeps its id and its rooms. */
  clientSuspended(peer: TPeer): void {
    this.#link.within(() => this.#session.suspend(peer));
  }

  /** The connection of `peer` is back: it gets the state anew. */
  clientResumed(peer: TPeer): void {
    this.#link.within(() => this.#session.resume(peer));
  }

  /** Whether a client may join the voice session. @defaultValue what the network's option says */
  authorize(request: JoinRequest<TPeer>): true | DisconnectReason {
    const { rules } = this.#link;
    return rules.authorize ? rules.authorize(request) : true;
  }

  /** Whether what `client` says goes to a room. @defaultValue what the network's option says */
  canSpeak(client: IServerClient<TPeer>, room: string): boolean {
    const { rules } = this.#link;
    return rules.canSpeak ? rules.canSpeak(client, room) : true;
  }

  /** Whether `client` may listen to a room. @defaultValue what the network's option says */
  canListen(client: IServerClient<TPeer>, room: string): boolean {
    const { rules } = this.#link;
    return rules.canListen ? rules.canListen(client, room) : true;
  }

  /**
   * Ends the connection of `peer`. The base class does nothing.
   *
   * @param reason its code is from 0 to 999
   */
  protected disconnectPeer(_peer: TPeer, _reason: DisconnectReason): void {}

  /**
   * `peer` has done what no honest client does. An integration with an error budget charges it there; the base class
   * disconnects whoever sends what cannot be read.
   */
  protected charge(peer: TPeer, cost: number, text: string): void {
    if (cost >= DISCONNECT_COST) this.disconnectPeer(peer, { code: 0, text: text.slice(0, 40) });
  }

  /** What a rule of the application says; one that throws allows nothing. */
  #allows(rule: "canSpeak" | "canListen", client: IServerClient<TPeer>, room: string): boolean {
    try {
      return this[rule](client, room) === true;
    } catch (error) {
      this.#link.report(error);
      return false;
    }
  }

  /** What is for the client in this program leaves the list. */
  #sendMany(to: readonly TPeer[], count: number, packet: ByteSegment): void {
    const list = to as TPeer[];
    let left = count;
    try {
      for (let index = 0; index < left; ) {
        if (!this.#link.takeToClient(packet, list[index] as TPeer)) index++;
        else list[index] = list[--left] as TPeer;
      }
      if (left > 0) this.sendUnreliableMany(to, left, packet);
    } catch (error) {
      this.#link.report(error);
    }
  }
}
