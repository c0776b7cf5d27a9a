import { lookup } from "node:dns";
import { lookup as lookupFirst } from "node:dns/promises";
import { isIP } from "node:net";
import { onProcessEnd } from "../../addon/exits.js";
import { checkInstance } from "../../arguments.js";
import { isThenable } from "../../brands.js";
import type { Clock } from "../../clock.js";
import type { PlacesMetrics } from "../../guard/places.js";
import type { NetworkError } from "../../network-error.js";
import { translateError } from "../../trial-errors.js";
import { authenticatedOnly, type ConfigOption } from "../../valve/configuration/config-value.js";
import { iceOptions } from "../../valve/configuration/ice-servers.js";
import { certificateFailure, connectFailure } from "../../valve/endpoint/connect-failure.js";
import { Dispatcher, type DispatcherUser, lastError } from "../../valve/endpoint/dispatcher.js";
import { MessageBatch } from "../../valve/messages/message-batch.js";
import { type InitializeOptions, Library } from "../../valve/sockets/library.js";
import type { NetworkingSockets } from "../../valve/sockets/networking-sockets.js";
import type { ConnectionInfo } from "../../valve/values/connection-info.js";
import { Result } from "../../valve/values/result.js";
import type { StatusInfo } from "../../valve/values/status-info.js";
import type { Verdict } from "../../verdict.js";
import { checkPort } from "../building/end-point-errors.js";
import { Inbox } from "../building/inbox.js";
import { PacketPool } from "../building/packet-queue.js";
import {
  abortable,
  noPacketError,
  refusedError,
  serverBusy,
  serverFailed,
  socketClosed,
} from "../building/socket-errors.js";
import { SocketUse } from "../building/socket-use.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";
import { Delivery, type ISocket, type ReceivedPacket, type SocketEvents } from "../socket.js";
import { addressOf, GnsConnection, type GnsConnectionOwner, securityOf } from "./gns-connection.js";
import { GnsAddress, GnsPeer, type GnsSignaling } from "./gns-end-point.js";
import type { GnsHandle } from "./gns-handle.js";
import { gnsReasonOf, isRefusal, reasonOfGns } from "./gns-reason.js";
import { GnsSender } from "./gns-sender.js";

/** What a {@link GnsSocket} gets from its factory. */
export interface GnsSocketSettings {
  clock: Clock;
  initialize: InitializeOptions;
  /** GNS's configuration of what the socket opens. */
  config: readonly ConfigOption[];
  sendQueueBytes: number;
  /** How long a disconnect waits for the other side to acknowledge what was sent before. */
  closeTimeoutMs: number;
  handshakeTimeoutMs: number;
}

/** GNS's priority of each lane, where the lowest number goes first: lane 5, then 0 to 3, then 4. */
const lanePriorities = [1, 2, 3, 4, 5, 0];

const noCertificate: DisconnectReason = {
  code: DisconnectCode.AuthenticationFailed,
  text: "The other side asks for a certificate of an authority that it trusts",
};

/** GameNetworkingSockets under the socket layer: a handle is a connection of GNS. */
export class GnsSocket
  implements ISocket<GnsAddress | GnsPeer, GnsAddress | GnsPeer>, DispatcherUser<GnsConnection>, GnsConnectionOwner
{
  events: SocketEvents | null = null;
  readonly refusals = { failed: gnsReasonOf(serverFailed), busy: gnsReasonOf(serverBusy) };
  readonly #settings: GnsSocketSettings;
  readonly #dispatcher: Dispatcher<GnsConnection>;
  readonly #sockets: NetworkingSockets;
  /** For the events only: packets stay in GNS and its batches, where they are read without another copy. */
  readonly #inbox: Inbox;
  readonly #sender: GnsSender;
  readonly #batch = new MessageBatch();
  /** The connection whose packet the batch is at, until it is received. */
  #current: GnsConnection | null = null;
  /** Connections that have ended, until all that they sent before has been received. */
  #ended: GnsConnection[] = [];
  readonly #use = new SocketUse();
  #listener = 0;
  #boundPort: number | null = null;
  #signaling: GnsSignaling | null = null;
  #stopSignaling: (() => void) | null = null;
  readonly #forgetExit: () => void;
  #closed: Promise<void> | null = null;
  /** Peers need a certificate. GNS sees to it only where they connect to an address. */
  #needsCertificate = false;
  #isDestroyed = false;

  /** @throws NetworkError `ERR_FAILED`: the library runs with another driver or identity, or cannot be initialized */
  constructor(settings: GnsSocketSettings) {
    this.#settings = settings;
    this.#inbox = new Inbox(this, settings.clock, new PacketPool(0), "later");
    this.#dispatcher = new Dispatcher(this, settings.clock, settings.initialize, settings.handshakeTimeoutMs);
    this.#sockets = this.#dispatcher.sockets;
    this.#sender = new GnsSender(this.#sockets, settings.sendQueueBytes, (connection, result) =>
      this.#onRefused(connection, result),
    );
    this.#forgetExit = onProcessEnd(() => {
      this.events?.onExit?.();
      this.flush();
    });
  }

  get boundPort(): number | null {
    return this.#closed === null ? this.#boundPort : null;
  }

  get pendingConnections(): PlacesMetrics {
    return this.#dispatcher.pending;
  }

  get transportFigures(): Readonly<Record<string, number>> {
    const { places, unconfirmedCloses, droppedEvents } = Library.statistics;
    return { places, unconfirmedCloses, droppedEvents };
  }

  bind(endPoint: GnsAddress | GnsPeer): Promise<void> {
    return this.#use.begin((attempt) => this.#listen(endPoint, attempt));
  }

  /** A refusal's reason is in the error's `reason`. */
  connect(endPoint: GnsAddress | GnsPeer, signal?: AbortSignal): Promise<GnsHandle> {
    return this.#use.begin((attempt) => this.#connect(endPoint, attempt), signal);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  tick(): void {
    if (this.#closed !== null) return;
    this.#sender.takeWritable((connection) => this.#inbox.writable(connection));
    this.#inbox.tick();
  }

  poll(): boolean {
    while (this.#current === null && this.#nextMessage()) {
      const connection = this.#dispatcher.connections.get(this.#batch.connection);
      // Its user may have ended it in the meantime.
      if (connection !== undefined && !connection.hasEnded) this.#current = connection;
    }
    if (this.#current === null && this.#ended.length > 0) this.#finishEnded();
    return this.#current !== null;
  }

  receive(packet: ReceivedPacket): void {
    if (!this.poll()) throw noPacketError();
    const batch = this.#batch;
    packet.handle = this.#current as GnsConnection;
    packet.buffer = batch.bytes;
    packet.offset = batch.offset;
    packet.length = batch.length;
    packet.delivery = batch.isReliable ? Delivery.Reliable : Delivery.Unreliable;
    packet.lane = batch.lane;
    this.#current = null;
  }

  send(handle: GnsConnection, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    if (handle.closed !== null || handle.endReason !== null) return false;
    return this.#sender.send(handle, packet, length, delivery === Delivery.Reliable, lane);
  }

  flush(): void {
    if (!this.#isDestroyed) this.#sender.flush();
  }

  bufferedBytes(connection: GnsConnection): number {
    return isOpen(connection) ? this.#sender.bufferedBytes(connection) : 0;
  }

  isCongested(connection: GnsConnection): boolean {
    return isOpen(connection) && this.#sender.isCongested(connection);
  }

  bytesPerSecond(connection: GnsConnection): number {
    return isOpen(connection) ? this.#sender.bytesPerSecond(connection) : 0;
  }

  disconnect(connection: GnsConnection, reason: DisconnectReason): Promise<void> {
    connection.hasEnded = true;
    if (connection.closed !== null) return connection.closed;
    this.flush();
    connection.closed = new Promise((resolve) => {
      connection.resolveClosed = resolve;
    });
    this.#forget(connection);
    this.#dispatcher.close(connection.id, gnsReasonOf(reason), this.#settings.closeTimeoutMs);
    return connection.closed;
  }

  introduce(connection: GnsConnection): void {
    connection.isIntroduced = true;
    this.#dispatcher.setFlowing(connection.id, true);
  }

  judge(_id: number, info: ConnectionInfo): Verdict | Promise<Verdict> {
    if (this.#needsCertificate && securityOf(info) !== "authenticated") return gnsReasonOf(noCertificate);
    const isAsked = info.listenSocket !== 0 && this.events !== null;
    const incoming = { address: addressOf(info), security: securityOf(info) };
    const answer = isAsked ? this.#inbox.ask(incoming) : serverFailed;
    const inGns = (verdict: Verdict) => verdict === true || gnsReasonOf(verdict);
    return isThenable(answer) ? answer.then(inGns) : inGns(answer);
  }

  onConnected(id: number, info: ConnectionInfo): void {
    const connection = new GnsConnection(this, id, info);
    if (this.#needsCertificate && connection.security !== "authenticated") {
      this.#refuse(id, info);
      return;
    }
    this.#dispatcher.connections.set(id, connection);
    this.#sockets.configureConnectionLanes(id, lanePriorities);
    if (!this.#dispatcher.attempts.succeed(id, connection)) this.#inbox.connected(connection);
  }

  onLost(connection: GnsConnection, { endReason, endDebug }: ConnectionInfo): void {
    this.#end(connection, reasonOfGns(endReason, endDebug));
  }

  onClosed(connection: GnsConnection, { connectionInfo }: StatusInfo): void {
    if (connection.closed === null) {
      this.onLost(connection, connectionInfo); // not closed by this socket
    } else {
      this.#dispatcher.connections.delete(connection.id);
      connection.resolveClosed();
    }
  }

  onFailed(id: number, info: ConnectionInfo): NetworkError {
    const { endReason, endDebug } = info;
    if (!isRefusal(endReason)) return connectFailure(info, this.#dispatcher.attempts.tookMs(id));
    return Object.assign(refusedError(addressOf(info), reasonOfGns(endReason, endDebug)), { endReason, endDebug });
  }

  onReadable(): void {
    this.#inbox.wakeNow();
  }

  async #listen(endPoint: GnsAddress | GnsPeer, attempt: AbortSignal): Promise<void> {
    if (endPoint instanceof GnsPeer) {
      const options = await abortable(this.#peerOptions(endPoint), attempt);
      this.#listener = this.#sockets.createListenSocketP2P(endPoint.virtualPort, options);
      if (this.#listener === 0) throw lastError("The listen socket was not created");
      this.#signalOver(endPoint.signaling);
    } else {
      checkInstance("endPoint", endPoint, GnsAddress);
      const { host, port } = endPoint;
      checkPort(port);
      const numeric = isIP(host) ? host : await abortable(firstAddress(endPoint), attempt);
      const { handle, address } = this.#dispatcher.listen(numeric, port, this.#settings.config);
      this.#listener = handle;
      this.#boundPort = address.port;
    }
  }

  async #connect(endPoint: GnsAddress | GnsPeer, attempt: AbortSignal): Promise<GnsConnection> {
    const ways = await abortable(this.#waysTo(endPoint), attempt);
    const connection = await this.#dispatcher.attempts.first(ways, attempt);
    // Its packets wait until the code that awaits this has the handle, through however many promises.
    this.#settings.clock.setTimeout(() => {
      if (connection.closed !== null) return;
      this.introduce(connection);
      this.#inbox.wakeNow();
    }, 0);
    return connection;
  }

  #refuse(id: number, info: ConnectionInfo): void {
    const { code, text } = gnsReasonOf(noCertificate);
    this.#sockets.closeConnection(id, code, text);
    this.#dispatcher.attempts.fail(id, certificateFailure(info, this.#dispatcher.attempts.tookMs(id)));
  }

  /** Moves on to the next message, with the next batch if need be. */
  #nextMessage(): boolean {
    while (!this.#batch.next()) {
      if (this.#closed !== null || this.#dispatcher.receive(this.#batch) <= 0) return false;
    }
    return true;
  }

  /** GNS has not taken a packet. The connection ends, because a reliable one would be missing. */
  #onRefused(connection: GnsConnection, result: number): void {
    const hasEnded = result === -Result.NoConnection || result === -Result.InvalidState; // an event says so, or has
    if (hasEnded) return;
    this.#end(connection, { code: DisconnectCode.ConnectionLost, text: `GNS refused a packet (${Result[-result]})` });
  }

  #end(connection: GnsConnection, reason: DisconnectReason): void {
    // An event may tell of an end from before our own `disconnect`.
    if (!isOpen(connection)) return;
    connection.endReason = reason;
    connection.waitingPackets = 1;
    this.#ended.push(connection);
    this.#inbox.disconnected(connection, reason);
  }

  /** Nothing is left to receive, so the ends of the connections that were read can be reported. */
  #finishEnded(): void {
    for (const connection of this.#ended.filter(({ isIntroduced }) => isIntroduced)) {
      connection.closed = Promise.resolve();
      connection.waitingPackets = 0;
      this.#forget(connection);
      this.#dispatcher.connections.delete(connection.id);
      const { code, text } = gnsReasonOf(connection.endReason as DisconnectReason);
      this.#sockets.closeConnection(connection.id, code, text);
      this.#inbox.drained();
    }
  }

  #forget(connection: GnsConnection): void {
    this.#sender.forget(connection);
    this.#ended = this.#ended.filter((other) => other !== connection);
    if (this.#current === connection) this.#current = null;
  }

  /** What to try, one after the other, to reach an end point. */
  async #waysTo(endPoint: GnsAddress | GnsPeer): Promise<(() => number)[]> {
    if (endPoint instanceof GnsPeer) {
      const { identity, virtualPort: remoteVirtualPort, signaling } = endPoint;
      const options = await this.#peerOptions(endPoint);
      const connect = () => {
        this.#signalOver(signaling);
        const handle = this.#sockets.connectP2P(identity, { remoteVirtualPort, options });
        if (handle === 0) throw lastError("The connection was not created");
        return handle;
      };
      return [connect];
    }
    checkInstance("endPoint", endPoint, GnsAddress);
    const { host, port } = endPoint;
    checkPort(port);
    return this.#dispatcher.waysTo(host, port, this.#settings.config, lookup);
  }

  async #peerOptions({ ice }: GnsPeer): Promise<ConfigOption[]> {
    const { config } = this.#settings;
    const [remote] = authenticatedOnly as [ConfigOption, ConfigOption];
    this.#needsCertificate = this.#dispatcher.requiresCertificate(config, [remote]);
    return [...(await iceOptions(ice)), ...config.filter(({ value }) => value !== remote.value)];
  }

  #signalOver(signaling: GnsSignaling): void {
    if (this.#signaling === signaling) return;
    this.#stopSignaling?.();
    this.#signaling = signaling;
    this.#sockets.onSignal((_connection, identity, data) => signaling.send(identity, data));
    this.#stopSignaling = signaling.onSignal((data) => {
      if (!this.#isDestroyed) this.#sockets.receiveSignal(data, { allowRequests: this.#listener !== 0 });
    });
  }

  async #close(): Promise<void> {
    this.#forgetExit();
    this.#inbox.close();
    const used = this.#use.close();
    const closing = [...this.#dispatcher.connections.values()].map((one) => this.disconnect(one, socketClosed));
    // In GNS it lives until its last connection has been closed.
    const { code, text } = gnsReasonOf(socketClosed);
    if (this.#listener !== 0) this.#sockets.closeListenSocket(this.#listener, code, text);
    await Promise.all([used, ...closing]);
    this.#isDestroyed = true;
    this.#stopSignaling?.();
    this.#dispatcher.destroy();
  }
}

function isOpen({ closed, endReason }: GnsConnection): boolean {
  return closed === null && endReason === null;
}

/** Where to listen for a name. @throws (rejects) NetworkError `ERR_NAME_NOT_FOUND` */
async function firstAddress({ host, port }: GnsAddress): Promise<string> {
  try {
    return (await lookupFirst(host)).address;
  } catch (error) {
    throw translateError({ transport: "GNS", action: "listening on", host, port }, error);
  }
}
