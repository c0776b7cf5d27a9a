import { isUint8Array } from "../brands.js";
import { NetworkError } from "../network-error.js";
import { ByteSegment } from "../peer/index.js";
import { ClientPhase, ClientSession } from "./client/client-session.js";
import { type ClientInfo, CommsPlayer } from "./client/comms-player.js";
import { linkOf, type NetworkLink, type SendOutcome } from "./network-link.js";
import { DirectBudget } from "./voice/direct-budget.js";
import { PacketWriter } from "./wire/packet-writer.js";
import { contents, PacketType } from "./wire/packets.js";

/** What the network calls of its client. */
export interface ClientDriver<TPeer> {
  readonly session: ClientSession<TPeer>;
  connect(): void;
  readMessages(): void;
  disconnect(): void;
  receive(packet: ByteSegment): void;
}

let driverOfClient: <TPeer>(client: BaseClient<TPeer>) => ClientDriver<TPeer>;

/** What is behind a client. */
export const clientDriver = <TPeer>(client: BaseClient<TPeer>): ClientDriver<TPeer> => driverOfClient(client);

/**
 * The client of a voice session, on every program whose user speaks and listens, the host's included (the seed's
 * `BaseClient`). Extend it with the four functions that reach the server over your transport.
 */
export abstract class BaseClient<TPeer> {
  readonly #session: ClientSession<TPeer>;
  readonly #driver: ClientDriver<TPeer>;
  readonly #link: NetworkLink<TPeer>;
  readonly #segment = new ByteSegment();
  readonly #budget: DirectBudget;
  /** How many clients the packet under way is for. */
  #listeners = 0;
  /** Those of them that could be reached directly, and are not, since that would be too much. */
  #heldBack: CommsPlayer<TPeer>[] = [];

  static {
    driverOfClient = (client) => client.#driver;
  }

  /** @param network the network whose `createClient` makes this client */
  constructor(network: object) {
    const link = linkOf<TPeer>(network);
    this.#session = new ClientSession<TPeer>(
      {
        clock: link.clock,
        token: link.token,
        seal: link.seal,
        randomBytes: link.randomBytes,
        peerKey: (peer) => link.peerKey(peer),
        within: (run) => link.within(run),
        report: (error) => link.report(error),
        transmitReliable: (packet) => link.attempt(() => link.takeToServer(packet) || this.sendReliable(packet)),
        transmitUnreliable: (packet) => link.attempt(() => link.takeToServer(packet) || this.sendUnreliable(packet)),
        transmitP2P: (to, packet) => this.#sendP2P(to, packet),
        sessionAssigned: (session, id) => this.onServerAssignedSessionId(session, id),
        signalReceived: (from, bytes) => this.signalReceived(from, bytes),
        phaseChanged: () => link.phaseChanged(),
        failed: (error) => link.fail(error, this.#driver),
      },
      link.comms,
    );
    this.#driver = {
      session: this.#session,
      connect: () => this.connect(),
      readMessages: () => this.readMessages(),
      disconnect: () => this.disconnect(),
      receive: (packet) => void this.#session.receive(packet),
    };
    this.#link = link;
    this.#budget = new DirectBudget(link.directBytesPerSecond);
  }

  /** Starts to connect to the server. Call `connected()` when that is done, at once if there is nothing to do. */
  abstract connect(): void;

  /** Leaves the server. Called when the session ends; the base class does nothing. */
  disconnect(): void {}

  /** Gives every packet that has come to `networkPacketReceived`. Leave it empty if packets are given at once. */
  protected abstract readMessages(): void;

  /**
   * Sends to the server, reliably and in order.
   *
   * @param packet valid during the call, at most 1024 bytes
   * @returns false, or throws: it could not be sent, and the session ends with the event `fault`
   */
  protected abstract sendReliable(packet: ByteSegment): SendOutcome;

  /** Sends to the server, at once or not at all. @returns false: it was not sent */
  protected abstract sendUnreliable(packet: ByteSegment): SendOutcome;

  /** The transport is connected: the session begins. A second call does nothing. */
  protected connected(): void {
    this.#link.within(() => this.#session.connected());
  }

  /**
   * The transport is away for a while: nothing is sent until it is back. `transportReturned` ends that, and what has
   * happened meanwhile is told.
   */
  protected transportLost(): void {
    this.#session.isAway = true;
  }

  /** The transport is back, as the same peer of the server. */
  protected transportReturned(): void {
    this.#link.within(() => this.#session.returned());
  }

  /** The transport has failed, or has lost a reliable packet: the session ends with the event `fault`. */
  protected failed(error: unknown): void {
    this.#link.within(() => this.#link.fail(error, this.#driver));
  }

  /**
   * Takes a packet that has come, from the server or directly from another client. Never throws for wrong bytes.
   *
   * @param packet is copied where it is kept
   * @param from the client that sent it directly; none: the server. Of a client only its own voice, texts and handshake
   *   are taken
   * @returns the id of a client that offers to talk directly: give it to `receiveHandshakeP2P`; else null
   */
  networkPacketReceived(packet: ByteSegment | Uint8Array, from?: TPeer): number | null {
    const segment = isUint8Array(packet) ? this.#segment.set(packet, 0, packet.length) : packet;
    return this.#link.within(() => this.#session.receive(segment, from));
  }

  /** The same as {@link networkPacketReceived}: the tutorial has both names. */
  networkReceivedPacket(packet: ByteSegment | Uint8Array, from?: TPeer): number | null {
    return this.networkPacketReceived(packet, from);
  }

  /**
   * `peer` is the client `id`, and can be reached directly from now on. The base class answers it with a handshake of
   * its own, once.
   */
  receiveHandshakeP2P(id: number, peer: TPeer): void {
    if (!this.#session.bind(id, peer)) return;
    const player = this.#session.players.find((one) => one.id === id) ?? unknownPlayer(id, peer);
    const packet = BaseClient.writeHandshakeP2P(this.#session.sessionId, this.#session.id);
    this.sendReliableP2P([player], this.#segment.set(packet, 0, packet.length));
  }

  /** A direct way is lost: what goes to `peer` goes by the server again. */
  dropP2P(peer: TPeer): void {
    this.#session.unbind(peer);
  }

  /** The packet that offers to talk directly. */
  static writeHandshakeP2P(session: number, id: number): Uint8Array {
    return new PacketWriter().write(PacketType.HandshakeP2P, session, contents.handshakeP2P, { id }).copy();
  }

  /**
   * Sends reliably to some clients. An override sends to those whose `connection` it can use, removes these from the
   * list, and calls the base class with the rest, which goes by the server.
   */
  protected sendReliableP2P(to: ClientInfo<TPeer | null>[], packet: ByteSegment): void {
    // The server refuses to relay handshakes: whoever cannot be reached directly need not know.
    if (to.length > 0 && !isHandshake(packet)) this.#session.relay(to, packet);
  }

  /** Sends to some clients, at once or not at all; as {@link sendReliableP2P}. */
  protected sendUnreliableP2P(to: ClientInfo<TPeer | null>[], packet: ByteSegment): void {
    const all = this.#heldBack.length > 0 ? [...to, ...this.#heldBack] : to;
    this.#heldBack = [];
    if (all.length === 0) return;
    if (all.length === this.#listeners) this.#session.transmitVoice(packet);
    else this.#session.relayVoice(all, packet);
  }

  /**
   * The server has let this client in, for the first time or again. An override that reaches other clients directly
   * sends them `writeHandshakeP2P(session, id)`.
   */
  protected onServerAssignedSessionId(_session: number, _id: number): void {}

  /** Another client has sent bytes by `sendSignal`: what two clients tell each other to find a direct way. */
  protected signalReceived(_from: ClientInfo<TPeer | null>, _bytes: Uint8Array): void {}

  /**
   * Sends up to 900 bytes to another client by the server, reliably, up to 20 a second.
   *
   * @returns false: not sent
   * @throws NetworkError `ERR_STATE` for what is no client of the session
   */
  protected sendSignal(to: ClientInfo<TPeer | null>, bytes: Uint8Array): boolean {
    if (!(to instanceof CommsPlayer)) throw new NetworkError("ERR_STATE", "Signals go to a client of the session");
    return this.#session.phase >= ClientPhase.Listing && this.#session.sendSignal(to, bytes);
  }

  /** Voice that was sent directly could not leave: as long as that lasts, less is sent directly. */
  protected directWayCongested(): void {
    this.#budget.congested();
  }

  #sendP2P(to: CommsPlayer<TPeer>[], packet: ByteSegment): void {
    this.#listeners = to.length;
    const direct = to.filter(({ connection }) => connection !== null);
    const now = this.#link.clock.now();
    const places = this.#budget.placesFor(packet.length, direct.length, to.length - direct.length, now);
    this.#heldBack = direct.slice(places);
    this.sendUnreliableP2P(this.#heldBack.length > 0 ? to.filter((one) => !this.#heldBack.includes(one)) : to, packet);
    // An override need not call the base class with an empty list.
    if (this.#heldBack.length > 0) BaseClient.prototype.sendUnreliableP2P.call(this, [], packet);
  }
}

const unknownPlayer = <TPeer>(id: number, connection: TPeer): ClientInfo<TPeer> => ({
  id,
  connection,
  name: "",
  codec: { codec: 0, frameSize: 0, sampleRate: 0 },
  rooms: new Set(),
});

const isHandshake = ({ buffer, offset }: ByteSegment): boolean => buffer[offset + 2] === PacketType.HandshakeP2P;
