import { whenAborted } from "../abort-signals.js";
import { checkFunction, outOfRange, typeError } from "../arguments.js";
import { Places, type PlacesMetrics } from "../guard/places.js";
import { sourceOf } from "../guard/source.js";
import { NetworkError } from "../network-error.js";
import { checkCallbacks, checkOptions, signalOption, thingOption } from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import { processEnded, serverBusy, serverFull, serverStopped } from "../socket/building/socket-errors.js";
import { socketMetrics } from "../socket/building/socket-metrics.js";
import { checkReason, MAX_CODE } from "../socket/disconnect-reason.js";
import {
  Delivery,
  DisconnectCode,
  type DisconnectReason,
  type IBindEndPoint,
  type IConnectEndPoint,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  type ReceivedPacket,
  type SocketMetrics,
} from "../socket/index.js";
import type { Verdict } from "../verdict.js";
import { ByteSegment, CheckedByteSegment } from "./byte-segment.js";
import type { Channel } from "./channel.js";
import type { IConnection, LibraryConnection } from "./connection/connection.js";
import type { ConnectionOwner } from "./connection/connection-owner.js";
import { ConnectionPhase } from "./connection/connection-phases.js";
import { ConnectionTable } from "./connection/connection-table.js";
import { PeerConnection } from "./connection/peer-connection.js";
import { PeerConnectionState } from "./connection/peer-connection-state.js";
import { createOnlyClose, createProfile } from "./create-profile.js";
import { GuardedSocket, type GuardedSocketOwner } from "./guarded-socket.js";
import { ClientHandshake, type ClientHandshakeOwner } from "./handshake/client-handshake.js";
import { Encryption } from "./handshake/encryption.js";
import type { AgreedConnection } from "./handshake/handshake-owner.js";
import { Heard } from "./handshake/heard.js";
import { PendingConnection } from "./handshake/pending-connection.js";
import { forgotten, isResetOf } from "./handshake/resets.js";
import { ServerHandshake, type ServerHandshakeOwner } from "./handshake/server-handshake.js";
import { TransportAttempt } from "./handshake/transport-attempt.js";
import { PeerMetrics } from "./metrics.js";
import { MIN_PACKET_SIZE } from "./packet-format.js";
import { completeConfig, type PeerConfig } from "./peer-config.js";
import { PeerDrive } from "./peer-drive.js";
import { connectError, connectTimeout, describeServer, pathTooSmallError } from "./peer-error.js";
import { CALLBACKS, type PeerHandler } from "./peer-handler.js";
import type { PathHost, Profile, ProfileHost } from "./profile.js";
import { ReassemblyPool } from "./reassembly.js";
import { bannedVerdict, guardVerdict, Verdicts } from "./verdicts.js";

const SOCKET = thingOption(
  "a socket, such as createServerSocket() of a socket factory gives",
  "bind",
  "connect",
  "poll",
);
/** Somebody in the middle of a handshake. */
type Newcomer = PendingConnection | PeerConnection;

/** What happens inside of a {@link Peer}: packets find their connection, and handshakes make new ones. */
export class PeerCore implements ConnectionOwner, ClientHandshakeOwner, ServerHandshakeOwner, GuardedSocketOwner {
  readonly config: PeerConfig;
  readonly encryption: Encryption | null;
  readonly metrics = new PeerMetrics();
  readonly reassembly = new ReassemblyPool(undefined, this.metrics);
  readonly maxPacketSize: number;
  /** Client: who has answered. */
  heard = Heard.Nobody;
  readonly #socket: ISocket;
  readonly #guarded: GuardedSocket;
  readonly #handler: PeerHandler<LibraryConnection>;
  readonly #table = new ConnectionTable();
  readonly #drive: PeerDrive;
  readonly #verdicts: Verdicts;
  readonly #segment = new ByteSegment();
  #server: ServerHandshake | null = null;
  /** Those who have not finished their handshake. */
  readonly #newcomers: Places<Newcomer>;
  #client: { handshake: ClientHandshake; settle(result: unknown): void } | null = null;
  /** Client: what it has agreed on with the server. */
  #agreed: AgreedConnection | null = null;
  /** Client: ends the transport's own connect. */
  #attempt: TransportAttempt | null = null;
  /** Client: the server it connects to, for errors. */
  #serverName = "";
  #isStarted = false;
  #closing: Promise<void> | null = null;

  /** @param maxReasonCode of `beforeAccept`: layers of the library answer with codes of the library too */
  constructor(
    socket: ISocket,
    maxPacketSize: number,
    handler: PeerHandler<LibraryConnection>,
    config: Partial<PeerConfig> = {},
    maxReasonCode = MAX_CODE,
  ) {
    SOCKET("socket", socket);
    this.config = completeConfig(config);
    checkFunction("handler.onMessage", handler?.onMessage);
    checkCallbacks("handler", handler, CALLBACKS);
    this.#verdicts = new Verdicts(this.config, handler, maxReasonCode);
    this.#newcomers = new Places({ maxCount: this.config.maxPendingConnections });
    this.encryption = this.config.encryption && new Encryption(this.config.encryption);
    this.maxPacketSize = Math.min(maxPacketSize, 0xffff);
    if (typeof maxPacketSize !== "number") throw typeError("maxPacketSize", "that of the socket's factory");
    if (!(maxPacketSize >= MIN_PACKET_SIZE)) {
      throw outOfRange(`A Peer needs packets of ${MIN_PACKET_SIZE} bytes, not ${maxPacketSize}`);
    }
    this.#socket = socket;
    this.#guarded = new GuardedSocket(socket, this);
    this.#handler = handler;
    this.#drive = new PeerDrive(this.config, socket, this.#table.all, {
      beginTurn: () => this.#newcomers.nextPhase(),
      route: (packet, nowMs) => this.#route(packet, nowMs),
    });
    socket.events = {
      onReadable: () => this.#drive.onReadable(),
      onIncoming: (incoming) => bannedVerdict(this.config.guard, incoming) ?? this.admit(incoming),
      onConnect: (handle) => {
        const refusal = guardVerdict(this.config.guard, handle);
        if (refusal) {
          void this.leave(handle, refusal);
          return;
        }
        const pending = new PendingConnection(this, handle);
        if (this.#takePlace(pending, handle)) this.#drive.schedule(pending);
        else pending.makeRoom();
      },
      onDisconnect: (handle, reason) => this.#onSocketDisconnect(handle, reason),
      onWritable: (handle) => {
        if (handle.connection instanceof PeerConnection) this.changed(handle.connection);
      },
      onExit: () => this.#sayFarewell(),
    };
  }

  get connections(): IConnection[] {
    return [...this.#table.all].filter((connection) => connection.isConnected);
  }

  get pendingConnections(): PlacesMetrics {
    return this.#newcomers.metrics;
  }

  get socketMetrics(): SocketMetrics {
    return socketMetrics([this.#socket]);
  }

  get boundPort(): number | null {
    return this.#socket.boundPort;
  }

  /** Whether it is calling its handler. */
  get isBusy(): boolean {
    return this.#drive.isBusy;
  }

  get boundPorts(): readonly (number | null)[] {
    return this.#socket.boundPorts ?? [this.#socket.boundPort];
  }

  async bind(endPoint: IBindEndPoint): Promise<void> {
    this.#start();
    this.#server = new ServerHandshake(this);
    await this.#socket.bind(endPoint);
  }

  async connect(endPoint: IConnectEndPoint, options: { signal?: AbortSignal } = {}): Promise<IConnection> {
    checkOptions("Peer.connect", options, { signal: signalOption });
    const { signal } = options;
    this.#start();
    signal?.throwIfAborted();
    const startMs = this.now();
    this.#serverName = describeServer(this.#socket, endPoint);
    const handle = await this.#open(endPoint, signal);
    if (handle.isStateful) this.heard = Heard.Server;
    if (this.#closing) throw new NetworkError("ERR_CLOSED", "The Peer was closed");
    const result = new Promise<PeerConnection>((resolve, reject) => {
      const stopWaiting = whenAborted(signal, () => this.#giveUp(signal?.reason));
      const settle = (outcome: unknown) => {
        stopWaiting();
        if (outcome instanceof PeerConnection) resolve(outcome);
        else reject(outcome);
      };
      const handshake = new ClientHandshake(this, handle, startMs + this.config.handshakeTimeoutMs);
      this.#client = { handshake, settle };
      if (handle.isStateful) handle.connection = handshake;
      this.#drive.schedule(handshake);
    });
    try {
      this.#drive.onReadable(); // The answer may have come before anybody listened.
    } catch (error) {
      this.#giveUp(error);
    }
    return result;
  }

  close(reason: DisconnectReason = { code: 0, text: "" }): Promise<void> {
    checkReason(reason);
    this.#closing ??= this.#close(reason);
    this.#drive.takeOver();
    return this.#closing;
  }

  updateReceive(): void {
    this.#drive.receive();
  }

  updateSent(): void {
    this.#drive.updateAll();
  }

  // What connections and handshakes call.

  now(): number {
    return this.config.clock.now();
  }

  createProfile(host: ProfileHost & PathHost, agreed: AgreedConnection): Profile {
    return createProfile(host, agreed, this.encryption, this.config);
  }

  onlyClose(agreed: AgreedConnection, reason: DisconnectReason): Uint8Array {
    return createOnlyClose(agreed, this.encryption, reason);
  }

  transmit(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean {
    if (this.#guarded.send(handle, packet, length, delivery, lane)) return true;
    if (delivery === Delivery.Unreliable) this.metrics.packetsDropped++;
    return false;
  }

  planFlush(): void {
    this.#drive.planFlush();
  }

  changed(connection: PeerConnection): void {
    this.#drive.touch(connection);
  }

  message(from: PeerConnection, channel: Channel, lane: number, buffer: Uint8Array, at: number, length: number): void {
    const segment = this.config.debug ? new CheckedByteSegment() : this.#segment;
    try {
      this.#handler.onMessage(from, segment.set(buffer, at, length), channel, lane);
    } catch (error) {
      reportUncaught(error);
    }
    if (segment instanceof CheckedByteSegment) segment.end();
  }

  established(connection: PeerConnection): void {
    this.#newcomers.release(connection);
    this.#table.establish(connection)?.replaced();
    this.#opened(connection);
    // A layer that authenticates has said meanwhile that the other side still has to prove who it is.
    if (connection.isTrusted) connection.pass?.proven();
  }

  drained(connection: PeerConnection): void {
    this.#guard(() => this.#handler.onDrain?.(connection));
  }

  moved(connection: PeerConnection, from: string): void {
    this.#table.move(connection, from);
    this.#server?.forget(from, connection.session);
    if (connection.isConnected) this.#guard(() => this.#handler.onMoved?.(connection, from));
  }

  ended(connection: PeerConnection): void {
    this.#table.onEnded(connection);
    this.metrics.connectionsClosed++;
    this.#guard(() => this.#handler.onDisconnected?.(connection, connection.reason as DisconnectReason));
  }

  forget(connection: PeerConnection): void {
    this.#newcomers.release(connection);
    connection.pass?.ended();
    this.#table.remove(connection);
    this.#drive.remove(connection);
    this.#server?.forget(connection.handle.address, connection.session);
    if (!this.#server) void this.close(); // A client has nothing left to do.
  }

  report(error: unknown, connection?: PeerConnection): void {
    if (this.#handler.onError) this.#guard(() => this.#handler.onError?.(error, connection));
    else reportUncaught(error);
  }

  leave(handle: IConnectionHandle, reason: DisconnectReason): Promise<void> {
    return this.#guarded.disconnect(handle, reason);
  }

  sendFailed(handle: IConnectionHandle, error: unknown): void {
    if (this.#client?.handshake.handle.equals(handle)) this.#giveUp(error);
    else this.report(error);
    const reason = { code: DisconnectCode.ConnectionLost, text: "The socket failed" };
    // A connection that is sending must not end before it is done.
    queueMicrotask(() => {
      for (const connection of this.#table.all) if (connection.handle.equals(handle)) connection.transportEnded(reason);
    });
  }

  get isFull(): boolean {
    return this.#table.isFull(this.config.maxConnections);
  }

  admit(incoming: IncomingConnection): Verdict | Promise<Verdict> {
    if (!this.#server || this.#closing) return serverStopped;
    if (this.isFull) return serverFull;
    return this.#verdicts.ask(incoming);
  }

  dismiss(handle: IConnectionHandle, reason: DisconnectReason): void {
    if (!handle.isStateful) return;
    if (handle.connection instanceof PendingConnection) this.onPendingEnded(handle.connection);
    handle.connection = null;
    void this.leave(handle, reason);
  }

  newSession(): number {
    return this.#table.newSession(this.config.randomBytes);
  }

  hasSession(session: number): boolean {
    return this.#table.hasSession(session);
  }

  open(agreed: AgreedConnection): boolean {
    if (this.#closing) return false;
    const connection = this.#add(agreed, ConnectionPhase.Handshaking);
    if (this.#takePlace(connection, agreed.handle)) return true;
    if (agreed.handle.isStateful) connection.makeRoom();
    else connection.transportEnded(serverBusy); // Without a word: the client asks again.
    return false;
  }

  accepted(agreed: AgreedConnection): void {
    const settle = this.#client?.settle;
    this.#agreed = agreed;
    this.#endHandshake();
    const connection = this.#add(agreed, ConnectionPhase.Connected);
    settle?.(connection);
    this.#opened(connection);
    connection.confirm();
  }

  failed(handshake: ClientHandshake, reason: DisconnectReason): void {
    this.#giveUp(connectError(reason, this.#serverName), handshake.handle, reason);
  }

  timedOut({ handle }: ClientHandshake): void {
    const reason = { code: DisconnectCode.HandshakeTimeout, text: "The handshake took too long" };
    this.#giveUp(this.#timeout(), handle, reason);
  }

  pathTooSmall({ handle }: ClientHandshake, sizeBytes: number): void {
    this.#giveUp(pathTooSmallError(this.#serverName, sizeBytes), handle);
  }

  onPendingEnded(pending: PendingConnection): void {
    pending.handle.pass?.ended();
    this.#removePending(pending);
  }

  async #open(endPoint: IConnectEndPoint, signal?: AbortSignal): Promise<IConnectionHandle> {
    this.#attempt = new TransportAttempt();
    try {
      return await this.#attempt.open(this.#socket, endPoint, this.config, () => this.#timeout(), signal);
    } catch (error) {
      void this.close();
      // A transport that was refused with a reason ends like a handshake that was.
      throw error instanceof NetworkError && error.reason ? connectError(error.reason, this.#serverName) : error;
    } finally {
      this.#attempt = null;
    }
  }

  #timeout(): NetworkError {
    return connectTimeout(this.#serverName, this.heard, this.config.handshakeTimeoutMs);
  }

  #start(): void {
    if (this.#isStarted) throw new NetworkError("ERR_STATE", "A Peer listens or connects, and only once");
    this.#isStarted = true;
  }

  async #close(reason: DisconnectReason): Promise<void> {
    const error = new NetworkError("ERR_CLOSED", "The Peer was closed");
    this.#endHandshake(error);
    this.#attempt?.abort(error);
    this.#verdicts.close();
    const { clock, closeTimeoutMs } = this.config;
    let timer: unknown;
    const timeout = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, closeTimeoutMs);
    });
    const open = [...this.#table.all].filter(({ state }) => state !== PeerConnectionState.Connecting);
    await Promise.race([Promise.all(open.map((connection) => connection.close(reason))), timeout]);
    for (const connection of this.#table.all) {
      connection.sayFarewell(reason);
      connection.transportEnded(reason);
    }
    this.#drive.stop();
    await Promise.race([this.#guarded.close(), timeout]);
    clock.clearTimeout(timer);
  }

  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** Client: there is no connection, for this reason. @param handle ends first, with `reason` */
  #giveUp(error: unknown, handle?: IConnectionHandle, reason: DisconnectReason = { code: 0, text: "" }): void {
    this.#endHandshake(error);
    if (handle) void this.leave(handle, reason).then(() => this.close());
    else void this.close();
  }

  #endHandshake(error?: unknown): void {
    if (!this.#client) return;
    const { handshake, settle } = this.#client;
    this.#client = null;
    this.#drive.remove(handshake);
    if (error !== undefined) settle(error);
  }

  #add(agreed: AgreedConnection, phase: ConnectionPhase): PeerConnection {
    const { connection: pending } = agreed.handle;
    if (pending instanceof PendingConnection) this.#removePending(pending);
    const connection = new PeerConnection(this, agreed, phase);
    this.#table.add(connection)?.replaced();
    this.#drive.schedule(connection);
    return connection;
  }

  #removePending(pending: PendingConnection): void {
    this.#newcomers.release(pending);
    this.#drive.remove(pending);
  }

  /** @returns false: there is none, nor anybody who could leave */
  #takePlace(newcomer: Newcomer, { address }: IConnectionHandle): boolean {
    const taken = this.#newcomers.take(newcomer, sourceOf(address));
    if (taken === "full") return false;
    if (taken !== "free") taken.evicted.makeRoom();
    return true;
  }

  #opened(connection: PeerConnection): void {
    this.metrics.connectionsOpened++;
    this.#guard(() => this.#handler.onConnected?.(connection));
  }

  #route(packet: ReceivedPacket, nowMs: number): void {
    const owner = this.#table.find(packet);
    if (owner instanceof PeerConnection) {
      owner.receive(packet, nowMs);
      this.changed(owner);
      return;
    }
    if (this.#client) {
      if (!this.#client.handshake.handle.equals(packet.handle)) return;
      if (this.heard === Heard.Nobody) this.heard = Heard.Stranger;
      this.#client.handshake.receive(packet, nowMs);
      return;
    }
    if (this.#server?.receive(packet) || this.#receiveFromElsewhere(packet, nowMs)) return;
    this.metrics.strayPackets++;
    if (this.#agreed && isResetOf(this.#agreed, packet))
      for (const lost of this.#table.all) lost.transportEnded(forgotten);
    if (!this.#closing) this.#server?.answerStray(packet);
    this.dismiss(packet.handle, { code: DisconnectCode.InvalidPacket, text: "That was no request to connect" });
  }

  /** @returns false: it belongs to no client's connection either whose address has changed */
  #receiveFromElsewhere(packet: ReceivedPacket, nowMs: number): boolean {
    const connection = this.#server && this.#table.findElsewhere(packet);
    if (!connection?.receiveFromElsewhere(packet, nowMs)) return false;
    this.changed(connection);
    return true;
  }

  /** The process ends: the other sides are told now, or they would wait for `timeoutMs`. */
  #sayFarewell(): void {
    for (const connection of this.#table.all) connection.sayFarewell(processEnded);
  }

  #onSocketDisconnect(handle: IConnectionHandle, reason: DisconnectReason): void {
    const owner: unknown = handle.connection;
    if (owner instanceof PeerConnection) owner.transportEnded(reason);
    else if (owner instanceof PendingConnection) this.onPendingEnded(owner);
    else if (owner instanceof ClientHandshake) this.#endHandshake(connectError(reason, this.#serverName));
  }
}
