import { lookup } from "node:dns";
import { ReceiveSource } from "../../addon/native.js";
import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import type { ConfigOption } from "../../valve/configuration/config-value.js";
import { iceOptions } from "../../valve/configuration/ice-servers.js";
import { ConnectAttempts, resolveBothFamilies } from "../../valve/endpoint/connect-attempts.js";
import { MessageBatch } from "../../valve/messages/message-batch.js";
import { type InitializeOptions, Library } from "../../valve/sockets/library.js";
import { NetworkingSockets } from "../../valve/sockets/networking-sockets.js";
import { Address } from "../../valve/values/address.js";
import { checkInstance } from "../../valve/values/arguments.js";
import type { ConnectionInfo } from "../../valve/values/connection-info.js";
import { ConnectionState } from "../../valve/values/connection-state.js";
import { Result } from "../../valve/values/result.js";
import type { StatusInfo } from "../../valve/values/status-info.js";
import {
  closedError,
  connectError,
  inUseError,
  noPacketError,
  refusedError,
  serverFailed,
  socketClosed,
} from "../building/socket-errors.js";
import { Waker } from "../building/waker.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";
import { Delivery, type ISocket, type ReceivedPacket, type SocketEvents } from "../socket.js";
import { GnsAddress, GnsPeer, type GnsSignaling } from "./gns-end-point.js";
import { addressOf, GnsHandle, securityOf } from "./gns-handle.js";
import { gnsNumberOf, gnsTextOf, reasonOfGns } from "./gns-reason.js";
import { GnsSender } from "./gns-sender.js";

export interface GnsSocketSettings {
  clock: Clock;
  initialize: InitializeOptions;
  /** GNS's configuration of what the socket opens. */
  config: readonly ConfigOption[];
  sendQueueBytes: number;
  /** How long an end waits for the other side to acknowledge what was sent before. */
  closeTimeoutMs: number;
}

/** GNS's priority of each lane, where the lowest number goes first: lane 5, then 0 to 3, then 4. */
const lanePriorities = [1, 2, 3, 4, 5, 0];

/** GameNetworkingSockets under the socket layer: a handle is a connection of GNS. */
export class GnsSocket implements ISocket<GnsAddress | GnsPeer, GnsAddress | GnsPeer> {
  events: SocketEvents | null = null;
  readonly #settings: GnsSocketSettings;
  readonly #waker: Waker;
  readonly #sockets: NetworkingSockets;
  readonly #attempts: ConnectAttempts<GnsHandle>;
  readonly #sender: GnsSender;
  /** The poll group of the connections that our user knows. */
  readonly #known: number;
  #isUsed = false;
  #listener = 0;
  #boundPort: number | null = null;
  #signaling: GnsSignaling | null = null;
  #stopSignaling: (() => void) | null = null;
  readonly #handles = new Map<number, GnsHandle>();
  /** Closes that have begun, by connection, with what to call when they are done. */
  readonly #closing = new Map<number, () => void>();
  #isDestroyed = false;
  #closed: Promise<void> | null = null;

  readonly #batch = new MessageBatch();
  /** Whose packet the batch is at, until it is received. */
  #current: GnsHandle | null = null;
  /** For the next tick: what it calls, */
  readonly #events: (() => void)[] = [];
  /** and what has ended, to be told when all that came before has been read. */
  #ended: GnsHandle[] = [];
  #isDrained = false;
  #isTicking = false;

  /** @throws NetworkError `ERR_FAILED`: the library runs with another driver or identity, or cannot be initialized */
  constructor(settings: GnsSocketSettings) {
    this.#settings = settings;
    this.#waker = new Waker(this, settings.clock);
    if (!Library.initialize(settings.initialize)) throw failed("GNS was not initialized");
    this.#sockets = new NetworkingSockets();
    this.#attempts = new ConnectAttempts(this.#sockets, settings.clock);
    this.#sender = new GnsSender(this.#sockets, settings.sendQueueBytes, (handle, result) =>
      this.#onRefused(handle, result),
    );
    this.#known = this.#sockets.createPollGroup();
    this.#sockets.onReadable(() => {
      this.#dispatch();
      this.#waker.now();
    });
  }

  get boundPort(): number | null {
    return this.#boundPort;
  }

  bind(endPoint: GnsAddress | GnsPeer): Promise<void> {
    return this.#use(() => this.#listen(endPoint));
  }

  /** A refusal's reason is in the error's `reason`. */
  connect(endPoint: GnsAddress | GnsPeer, signal?: AbortSignal): Promise<GnsHandle> {
    return this.#use(() => this.#connect(endPoint, signal));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  tick(): void {
    this.#waker.tick();
    if (this.#isTicking || this.#closed !== null) return;
    if (this.#isDrained) this.#queueEnds();
    this.#sender.takeWritable((handle) => this.#events.push(() => this.#tellWritable(handle)));
    this.#isTicking = true;
    try {
      for (let tell = this.#events.shift(); tell !== undefined; tell = this.#events.shift()) tell();
    } finally {
      this.#isTicking = false;
      if (this.#events.length > 0) this.#waker.later(); // one of them has thrown
    }
  }

  async #listen(endPoint: GnsAddress | GnsPeer): Promise<void> {
    if (endPoint instanceof GnsPeer) {
      const options = await this.#peerOptions(endPoint);
      if (this.#closed !== null) throw closedError();
      this.#listener = this.#sockets.createListenSocketP2P(endPoint.virtualPort, options);
      if (this.#listener !== 0) this.#signalOver(endPoint.signaling);
    } else {
      checkInstance("endPoint", endPoint, GnsAddress);
      const { host, port } = endPoint;
      const address = new Address();
      address.setAddress(host, port);
      this.#listener = this.#sockets.createListenSocket(address, this.#settings.config);
      this.#boundPort = this.#sockets.getListenSocketAddress(this.#listener)?.port ?? null;
    }
    if (this.#listener === 0) throw failed("The listen socket was not created");
  }

  async #connect(endPoint: GnsAddress | GnsPeer, signal?: AbortSignal): Promise<GnsHandle> {
    signal?.throwIfAborted();
    const ways = await this.#waysTo(endPoint);
    signal?.throwIfAborted();
    if (this.#closed !== null) throw closedError();
    const handle = await this.#attempts.first(ways, signal);
    if (this.#closed !== null) throw closedError();
    // Its packets wait until whoever awaits this has the handle, through however many promises.
    this.#settings.clock.setTimeout(() => this.#introduce(handle), 0);
    return handle;
  }

  #introduce(handle: GnsHandle): void {
    if (handle.closed !== null) return;
    this.#makeKnown(handle);
    this.#waker.now();
  }

  /** A socket is bound or connected once. */
  async #use<Result>(begin: () => Promise<Result>): Promise<Result> {
    if (this.#closed !== null) throw closedError();
    if (this.#isUsed) throw inUseError();
    this.#isUsed = true;
    try {
      return await begin();
    } catch (error) {
      this.#isUsed = false;
      throw error;
    }
  }

  poll(): boolean {
    while (this.#current === null && this.#nextMessage()) {
      // Nobody's: its user has ended the connection in the meantime.
      this.#current = this.#handles.get(this.#batch.connection) ?? null;
    }
    if (this.#current === null && this.#ended.length > 0 && !this.#isDrained) {
      this.#isDrained = true;
      this.#waker.later();
    }
    return this.#current !== null;
  }

  receive(packet: ReceivedPacket): void {
    if (!this.poll()) throw noPacketError();
    const batch = this.#batch;
    packet.handle = this.#current as unknown as GnsHandle;
    packet.buffer = batch.bytes;
    packet.offset = batch.offset;
    packet.length = batch.length;
    packet.delivery = batch.isReliable ? Delivery.Reliable : Delivery.Unreliable;
    packet.lane = batch.lane;
    this.#current = null;
  }

  send(handle: GnsHandle, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    if (handle.closed !== null || handle.endReason !== null) return false;
    return this.#sender.send(handle, packet, length, delivery === Delivery.Reliable, lane);
  }

  flush(): void {
    if (!this.#isDestroyed) this.#sender.flush();
  }

  /** @internal */
  bufferedBytes(handle: GnsHandle): number {
    return handle.closed === null && handle.endReason === null ? this.#sender.bufferedBytes(handle) : 0;
  }

  /** @internal */
  bytesPerSecond(handle: GnsHandle): number {
    return handle.closed === null && handle.endReason === null ? this.#sender.bytesPerSecond(handle) : 0;
  }

  /** @internal */
  disconnect(handle: GnsHandle, { code, text }: DisconnectReason): Promise<void> {
    if (handle.closed !== null) return handle.closed;
    this.flush();
    handle.closed = new Promise((resolve) => this.#closing.set(handle.id, resolve));
    this.#forget(handle);
    this.#ended = this.#ended.filter((other) => other !== handle);
    this.#sockets.closeConnectionGracefully(
      handle.id,
      gnsNumberOf(code),
      gnsTextOf(text),
      this.#settings.closeTimeoutMs,
    );
    return handle.closed;
  }

  /** Moves on to the next message, with the next batch if need be. */
  #nextMessage(): boolean {
    while (!this.#batch.next()) {
      if (this.#closed !== null) return false;
      if (this.#sockets.receiveBatch(ReceiveSource.PollGroup, this.#known, this.#batch) <= 0) return false;
    }
    return true;
  }

  #dispatch(): void {
    this.#sockets.dispatchCallbacks((info) => this.#onStatus(info));
  }

  #onStatus({ connection: id, connectionInfo: info }: StatusInfo): void {
    switch (info.state) {
      case ConnectionState.Connecting:
        if (!this.#attempts.has(id)) this.#onStranger(id, info);
        break;
      case ConnectionState.Connected:
        this.#onConnected(id, info);
        break;
      case ConnectionState.ClosedByPeer:
      case ConnectionState.ProblemDetectedLocally:
        this.#onEnd(id, info);
        break;
      case ConnectionState.None:
        this.#closing.get(id)?.();
        this.#closing.delete(id);
        break;
    }
  }

  #onStranger(id: number, info: ConnectionInfo): void {
    const verdict = this.#judge(info);
    if (verdict !== true) this.#sockets.closeConnection(id, gnsNumberOf(verdict.code), gnsTextOf(verdict.text));
    else if (this.#sockets.acceptConnection(id) === Result.OK) {
      this.#sockets.configureConnectionLanes(id, lanePriorities);
    }
  }

  #judge(info: ConnectionInfo): true | DisconnectReason {
    try {
      const incoming = { address: addressOf(info), security: securityOf(info) };
      if (info.listenSocket !== 0 && this.events !== null) return this.events.onIncoming(incoming);
    } catch (error) {
      this.#events.push(() => {
        throw error;
      });
    }
    return serverFailed;
  }

  #onConnected(id: number, info: ConnectionInfo): void {
    const handle = new GnsHandle(this, id, info);
    this.#handles.set(id, handle);
    if (this.#attempts.has(id)) this.#attempts.succeed(id, handle);
    else this.#events.push(() => this.#tellConnect(handle));
  }

  #onEnd(id: number, info: ConnectionInfo): void {
    const { endReason, endDebug } = info;
    const reason = reasonOfGns(endReason, endDebug);
    const handle = this.#handles.get(id);
    if (handle !== undefined) {
      this.#end(handle, reason);
      return;
    }
    this.#sockets.closeConnection(id);
    const error = refusedError(addressOf(info), reason);
    this.#attempts.fail(id, Object.assign(error, { endReason, endDebug }));
  }

  /** GNS has not taken a packet. If it was a reliable one, the stream of packets has a hole. */
  #onRefused(handle: GnsHandle, result: number): void {
    const hasEnded = result === -Result.NoConnection || result === -Result.InvalidState; // an event says so, or has
    if (hasEnded || this.#handles.get(handle.id) !== handle) return;
    this.#end(handle, { code: DisconnectCode.ConnectionLost, text: `GNS refused a packet (${Result[-result]})` });
    this.#waker.later();
  }

  #end(handle: GnsHandle, reason: DisconnectReason): void {
    if (handle.endReason !== null) return;
    handle.endReason = reason;
    this.#ended.push(handle);
    this.#isDrained = false;
  }

  #queueEnds(): void {
    const known = this.#ended.filter(({ isKnown }) => isKnown);
    this.#ended = this.#ended.filter(({ isKnown }) => !isKnown);
    this.#isDrained = false;
    for (const handle of known) this.#events.push(() => this.#tellDisconnect(handle));
  }

  // By the time that these are called, the user may have ended the connection.

  #tellConnect(handle: GnsHandle): void {
    if (handle.closed !== null) return;
    this.#makeKnown(handle);
    this.events?.onConnect(handle);
  }

  #tellWritable(handle: GnsHandle): void {
    if (handle.closed === null) this.events?.onWritable(handle);
  }

  #tellDisconnect(handle: GnsHandle): void {
    if (handle.closed !== null) return;
    handle.closed = Promise.resolve();
    this.#forget(handle);
    const reason = handle.endReason as DisconnectReason;
    this.#sockets.closeConnection(handle.id, gnsNumberOf(reason.code), gnsTextOf(reason.text));
    this.events?.onDisconnect(handle, reason);
  }

  #forget(handle: GnsHandle): void {
    this.#handles.delete(handle.id);
    this.#sender.forget(handle);
    if (this.#current === handle) this.#current = null;
  }

  #makeKnown(handle: GnsHandle): void {
    handle.isKnown = true;
    this.#isDrained = false; // its packets have not been looked for yet
    this.#sockets.setConnectionPollGroup(this.#known, handle.id);
  }

  /** What to try, one after the other, to get to an end point. */
  async #waysTo(endPoint: GnsAddress | GnsPeer): Promise<(() => number)[]> {
    const withLanes = (connect: () => number) => () => {
      const id = connect();
      if (id !== 0) this.#sockets.configureConnectionLanes(id, lanePriorities);
      return id;
    };
    if (endPoint instanceof GnsPeer) {
      const { identity, virtualPort: remoteVirtualPort, signaling } = endPoint;
      const options = await this.#peerOptions(endPoint);
      const connect = () => {
        this.#signalOver(signaling);
        return this.#sockets.connectP2P(identity, { remoteVirtualPort, options });
      };
      return [withLanes(connect)];
    }
    checkInstance("endPoint", endPoint, GnsAddress);
    const { host, port } = endPoint;
    const addresses = await orConnectFailed(host, resolveBothFamilies(host, port, lookup));
    return addresses.map((address) => withLanes(() => this.#sockets.connect(address, this.#settings.config)));
  }

  async #peerOptions({ ice }: GnsPeer): Promise<ConfigOption[]> {
    return [...(await orConnectFailed("the peer", iceOptions(ice))), ...this.#settings.config];
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
    this.#waker.close();
    this.#events.length = 0;
    this.#current = null;
    this.#attempts.failAll(closedError());
    for (const handle of [...this.#handles.values()]) void this.disconnect(handle, socketClosed);
    // It stays in GNS until its last connection has finished lingering.
    if (this.#listener !== 0) {
      this.#sockets.closeListenSocket(this.#listener, gnsNumberOf(socketClosed.code), socketClosed.text);
    }
    const closing = [...this.#closing].map(
      ([id, resolve]) =>
        new Promise<void>((done) => {
          this.#closing.set(id, () => {
            resolve();
            done();
          });
        }),
    );
    await Promise.all(closing);
    this.#isDestroyed = true;
    this.#stopSignaling?.();
    this.#sockets.destroy();
    Library.deinitialize();
  }
}

function failed(message: string): NetworkError {
  return Library.lastError ?? new NetworkError("ERR_FAILED", message);
}

/** Names that lead nowhere are a connection that fails; wrong arguments stay what they are. */
async function orConnectFailed<Found>(address: string, found: Promise<Found>): Promise<Found> {
  try {
    return await found;
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) throw cause;
    throw connectError(address, (cause as Error).message, { cause });
  }
}
