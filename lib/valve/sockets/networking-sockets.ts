import { native, ReceiveSource } from "../../addon/native.js";
import { typeError } from "../../arguments.js";
import { type ConfigOption, type ConfigReading, ConfigScope, type ConfigValue } from "../configuration/config-value.js";
import type { ConfigurationString, ConfigurationValue } from "../configuration/configuration-value.js";
import * as legacy from "../configuration/legacy-configuration.js";
import type { MessageBatch } from "../messages/message-batch.js";
import type { NetworkingMessage } from "../messages/networking-message.js";
import type { OutgoingBatch } from "../messages/outgoing-batch.js";
import { flagsOfSendType, type SendFlags, SendType } from "../messages/send-type.js";
import type { Address } from "../values/address.js";
import type { Availability } from "../values/availability.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import type { ConnectionStatus } from "../values/connection-status.js";
import type { NetworkingIdentity } from "../values/networking-identity.js";
import type { Result } from "../values/result.js";
import type { StatusCallback } from "../values/status-info.js";
import type { StringBuilder } from "../values/string-builder.js";
import * as configuration from "./configuration.js";
import * as connections from "./connections.js";
import * as identities from "./identity.js";
import * as lanes from "./lanes.js";
import * as messaging from "./messages.js";
import * as p2p from "./p2p.js";
import { answer } from "./parameters.js";
import * as queries from "./queries.js";
import { type NetworkingSocketsOptions, SocketsCore } from "./sockets-core.js";

/** @internal The core of a `NetworkingSockets`, for other classes of this folder. */
export let coreOf: (sockets: NetworkingSockets) => SocketsCore;

/**
 * GNS's sockets. The methods are those of the ValveSockets README, except where they say "GNS" (a function that GNS has
 * gained since) or "not in the README".
 *
 * Connections, listen sockets, poll groups and events belong to the object that created them; an incoming connection
 * belongs to the object of its listen socket. Handles are numbers. A handle that is closed, or that belongs to another
 * object, is unknown: the methods then return false, null, -1 or `Result.InvalidParam`.
 *
 * All methods throw a `TypeError` with `ERR_INVALID_ARG_TYPE` for a wrong type of argument, a `RangeError` with
 * `ERR_OUT_OF_RANGE` for a value out of range, and a `NetworkError` with `ERR_NOT_INITIALIZED` before
 * `Library.initialize` and with `ERR_CLOSED` after {@link destroy}.
 *
 * A method that fills an object of its caller also has a form without that object, which returns a new one, or null. A
 * `StringBuilder` is filled with as much as fits; the length beside it says how many bytes of its capacity may be used,
 * a terminating zero included.
 */
export class NetworkingSockets {
  readonly #core: SocketsCore;

  static {
    coreOf = (sockets) => sockets.#core;
  }

  constructor(options: NetworkingSocketsOptions = {}) {
    this.#core = new SocketsCore(options);
  }

  /**
   * Has `callback` called on the event loop when events or messages have come, and once after it was set. It may
   * dispatch and receive, and should take all there is: the next call comes only after something new, or when it has
   * taken some and left more. There is one callback at a time; null removes it. (Not in the README.)
   */
  onReadable(callback: (() => void) | null): void {
    this.#core.wakeWith("readable", callback);
  }

  /** Lets an open listen socket or connection keep the process alive, as each one does until {@link unref}. */
  ref(handle: number): boolean {
    return native.setReferenced(this.#core.owner, handle, true);
  }

  /** Lets the process end while this listen socket or connection is open. */
  unref(handle: number): boolean {
    return native.setReferenced(this.#core.owner, handle, false);
  }

  /** Closes all that is open here; peers see end reason 2999. A second call does nothing. */
  destroy(): void {
    this.#core.destroy();
  }

  /** The same as {@link destroy}, for `using`. */
  [Symbol.dispose](): void {
    this.#core.destroy();
  }

  /**
   * Creates a socket that listens on a UDP port. Address `[::]` takes IPv6 and IPv4. Port 0 takes a free port, which
   * {@link getListenSocketAddress} tells.
   *
   * @param options GNS's configuration for it and for the connections that come in by it (not in the README)
   * @returns the listen socket, or 0: see `Library.lastError` (`ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_FAILED`)
   */
  createListenSocket(address: Address, options: readonly ConfigOption[] = []): number {
    return connections.createListenSocket(this.#core, address, options);
  }

  /**
   * Starts to connect. An event says what came of it: `Connected`, `ClosedByPeer` or `ProblemDetectedLocally`.
   *
   * @param options GNS's configuration for the connection (not in the README)
   * @returns the connection, or 0: see `Library.lastError` (`ERR_TOO_MANY_CONNECTIONS`, `ERR_FAILED`)
   */
  connect(address: Address, options: readonly ConfigOption[] = []): number {
    return connections.connect(this.#core, address, options);
  }

  /** Accepts an incoming connection. `InvalidState`: it is not incoming, or was accepted before. */
  acceptConnection(connection: number): Result {
    return native.acceptConnection(this.#core.owner, connection);
  }

  /**
   * Closes a connection and frees its handle. Messages that have not been read are lost.
   *
   * @param reason 0 to 999, which the peer reads as `applicationReason`; or GNS's numbers 1000 to 2999
   * @param debug text for the peer, cut after 127 bytes of UTF-8, without NUL
   * @param enableLinger first send what is waiting, for at most 5 seconds; otherwise it is lost
   */
  closeConnection(connection: number, reason = 0, debug = "", enableLinger = false): boolean {
    if (typeof enableLinger !== "boolean") throw typeError("enableLinger", "a boolean");
    return connections.closeConnection(this.#core, connection, reason, debug, enableLinger ? connections.LINGER_MS : 0);
  }

  /**
   * Closes a connection when the peer has acknowledged everything, or after `timeoutMs` milliseconds (0 to 2^32-1). Its
   * handle is unknown at once. The event for state `None` comes when it is closed; `StatusInfo.flushed` says whether
   * everything was acknowledged. Otherwise like {@link closeConnection}. (Not in the README.)
   */
  closeConnectionGracefully(connection: number, reason = 0, debug = "", timeoutMs = connections.LINGER_MS): boolean {
    return connections.closeConnection(this.#core, connection, reason, debug, timeoutMs);
  }

  /** Closes a listen socket and all connections that came in by it. Their peers get the text, cut after 127 bytes. */
  closeListenSocket(socket: number, remoteReason?: string): boolean;
  /** The same, with a reason as for {@link closeConnection}. (Not in the README.) */
  closeListenSocket(socket: number, reason: number, debug?: string): boolean;
  closeListenSocket(socket: number, first: string | number = "", second = ""): boolean {
    return connections.closeListenSocket(this.#core, socket, first, second);
  }

  /**
   * Makes two connections that talk to each other. Both are `Connected` at once, without an event. When one is closed,
   * the other gets an event. False or null: it failed.
   *
   * @param pair is filled with the two connections
   * @param useNetworkLoopback through 127.0.0.1, with encryption and fake lag and loss; otherwise through memory
   * @param identityOne whom connection one takes its peer for (GNS); likewise `identityTwo`
   */
  createSocketPair(
    pair: connections.SocketPair,
    useNetworkLoopback?: boolean,
    identityOne?: NetworkingIdentity | null,
    identityTwo?: NetworkingIdentity | null,
  ): boolean;
  createSocketPair(
    useNetworkLoopback?: boolean,
    identityOne?: NetworkingIdentity | null,
    identityTwo?: NetworkingIdentity | null,
  ): connections.SocketPair | null;
  createSocketPair(...parameters: unknown[]): boolean | connections.SocketPair | null {
    return connections.createSocketPair(this.#core, parameters);
  }

  /** Where a listen socket listens: address and the real port, also after port 0. */
  getListenSocketAddress(socket: number, address: Address): boolean;
  getListenSocketAddress(socket: number): Address | null;
  getListenSocketAddress(socket: number, into?: Address): boolean | Address | null {
    return answer(into, connections.getListenSocketAddress(this.#core, socket, into));
  }

  /** Hands the oldest change of state to `callback`. It is delivered even if that throws. False: there was none. */
  dispatchCallback(callback: StatusCallback<undefined>): boolean;
  dispatchCallback<Context>(callback: StatusCallback<Context>, context: Context): boolean;
  dispatchCallback(callback: StatusCallback<never>, context?: unknown): boolean {
    return connections.dispatchCallback(this.#core, callback, context);
  }

  /**
   * Hands changes of state to `callback`, `max` at most, until none is left or `callback` has destroyed this object or
   * given the library back. Returns their number. (Not in the README.)
   */
  dispatchCallbacks(callback: StatusCallback<undefined>): number;
  dispatchCallbacks<Context>(callback: StatusCallback<Context>, context: Context, max?: number): number;
  dispatchCallbacks(callback: StatusCallback<never>, context?: unknown, max = 0x7fffffff): number {
    return connections.dispatchCallbacks(this.#core, callback, context, max);
  }

  /**
   * Sends a message. The payload is copied.
   *
   * @param data 0 to 524,288 bytes; between the ends of a socket pair in memory any number, up to
   *   `ConfigValue.RecvMaxMessageSize` of the receiving end
   * @param flags the README's flags, which may be or-ed; 4, GNS's own `NoDelay`, is a `RangeError`
   * @returns `OK`; `InvalidParam`: no such connection, or too large; `NoConnection`, `InvalidState`: it has ended;
   *   `LimitExceeded`: the send buffer is full; `Ignored`: `NoDelay` and it could not be sent at once
   */
  sendMessageToConnection(connection: number, data: ArrayBufferView, flags: SendType = SendType.Unreliable): Result {
    return messaging.sendMessage(this.#core, connection, data, flagsOfSendType(flags));
  }

  /** Like {@link sendMessageToConnection}, with GNS's flags; {@link sendBatch} is faster. (Not in the README.) */
  sendMessage(connection: number, data: ArrayBufferView, flags: SendFlags): Result {
    return messaging.sendMessage(this.#core, connection, data, flags);
  }

  /** The fast way to send: hands all messages of `batch` to GNS in one call and empties it. (Not in the README.) */
  sendBatch(batch: OutgoingBatch): void {
    messaging.sendBatch(this.#core, batch);
  }

  /** Sends one payload to many; returns for each the message number, or minus a `Result`. (Not in the README.) */
  sendToMany(connections: ArrayLike<number>, data: ArrayBufferView, flags: SendFlags, lane = 0): Float64Array {
    return messaging.sendToMany(this.#core, connections, data, flags, lane);
  }

  /** Sends at once what Nagle's algorithm holds back. `Ignored`: not connected yet; `NoConnection`: it has ended. */
  flushMessagesOnConnection(connection: number): Result {
    return native.flush(this.#core.owner, connection);
  }

  /** Asks for one wake-up when at most `lowWaterBytes`, 0 to 2^31-1, wait to be sent. (Not in the README.) */
  watchDrain(connection: number, lowWaterBytes: number): boolean {
    return native.watchDrain(this.#core.owner, connection, lowWaterBytes);
  }

  /** The connections of {@link watchDrain} whose send buffer has come down since the last call. (Not in the README.) */
  takeDrained(): number[] {
    return native.takeDrained(this.#core.owner);
  }

  /**
   * Takes up to `maxMessages` messages of a connection, puts them into `messages` from index 0 on and returns their
   * number. Reliable ones are in the order of sending. Each message keeps its memory until its `destroy()`.
   */
  receiveMessagesOnConnection(connection: number, messages: NetworkingMessage[], maxMessages: number): number;
  receiveMessagesOnConnection(connection: number, maxMessages: number): NetworkingMessage[] | null;
  receiveMessagesOnConnection(connection: number, first: NetworkingMessage[] | number, second?: number) {
    return messaging.receiveMessages(this.#core, ReceiveSource.Connection, connection, first, second);
  }

  /** Takes messages of all connections of a listen socket that are in no poll group, in order for each connection. */
  receiveMessagesOnListenSocket(socket: number, messages: NetworkingMessage[], maxMessages: number): number;
  receiveMessagesOnListenSocket(socket: number, maxMessages: number): NetworkingMessage[] | null;
  receiveMessagesOnListenSocket(socket: number, first: NetworkingMessage[] | number, second?: number) {
    return messaging.receiveMessages(this.#core, ReceiveSource.ListenSocket, socket, first, second);
  }

  /** Takes the next messages of all connections of a poll group (GNS), like those of a listen socket. */
  receiveMessagesOnPollGroup(pollGroup: number, messages: NetworkingMessage[], maxMessages: number): number;
  receiveMessagesOnPollGroup(pollGroup: number, maxMessages: number): NetworkingMessage[] | null;
  receiveMessagesOnPollGroup(pollGroup: number, first: NetworkingMessage[] | number, second?: number) {
    return messaging.receiveMessages(this.#core, ReceiveSource.PollGroup, pollGroup, first, second);
  }

  /** The fast way to receive: fills `batch` with the next messages and returns their number. (Not in the README.) */
  receiveBatch(source: ReceiveSource, handle: number, batch: MessageBatch): number {
    return messaging.receiveBatch(this.#core, source, handle, batch);
  }

  /** Creates a poll group: connections whose messages are taken together (GNS). 0 on failure. */
  createPollGroup(): number {
    return native.createPollGroup(this.#core.owner);
  }

  /** Destroys a poll group (GNS). Its connections keep what they have received. */
  destroyPollGroup(pollGroup: number): boolean {
    return native.destroyPollGroup(this.#core.owner, pollGroup);
  }

  /**
   * Moves a connection into a poll group, or with 0 into none (GNS, in the C# wrapper's order of arguments). It leaves
   * any other group, and its listen socket's messages.
   */
  setConnectionPollGroup(pollGroup: number, connection: number): boolean {
    return native.setConnectionPollGroup(this.#core.owner, connection, pollGroup);
  }

  /** What is known of a connection. */
  getConnectionInfo(connection: number, info: ConnectionInfo): boolean;
  getConnectionInfo(connection: number): ConnectionInfo | null;
  getConnectionInfo(connection: number, into?: ConnectionInfo): boolean | ConnectionInfo | null {
    return answer(into, queries.getConnectionInfo(this.#core, connection, into));
  }

  /** Figures of a connection, cheap enough for every frame. */
  getQuickConnectionStatus(connection: number, status: ConnectionStatus): boolean;
  getQuickConnectionStatus(connection: number): ConnectionStatus | null;
  getQuickConnectionStatus(connection: number, into?: ConnectionStatus): boolean | ConnectionStatus | null {
    return answer(into, queries.getStatus(this.#core, connection, into));
  }

  /** All that GNS knows of a connection. Returns 0, or how many bytes would do where the text did not fit. */
  getDetailedConnectionStatus(connection: number, status: StringBuilder, statusLength: number): number;
  getDetailedConnectionStatus(connection: number): string | null;
  getDetailedConnectionStatus(connection: number, into?: StringBuilder, length?: number): number | string | null {
    return queries.getDetailedStatus(this.#core, connection, into, length as number);
  }

  /** A short text on a connection: its description, then its figures. (GNS no longer has this.) */
  getConnectionDebugText(connection: number, debugText: StringBuilder, debugLength: number): boolean;
  getConnectionDebugText(connection: number): string | null;
  getConnectionDebugText(connection: number, into?: StringBuilder, length?: number): boolean | string | null {
    return answer(into, queries.getDebugText(this.#core, connection, into, length as number));
  }

  /** Keeps a number of yours with a connection: a signed 64-bit bigint, or a whole number. */
  setConnectionUserData(peer: number, userData: bigint | number): boolean {
    return queries.setUserData(this.#core, peer, userData);
  }

  /** The number set with {@link setConnectionUserData}; -1n unless it was set. */
  getConnectionUserData(peer: number): bigint {
    return native.getConnectionUserData(this.#core.owner, peer);
  }

  /** Names a connection, for logs and descriptions. GNS keeps 31 bytes of UTF-8; a longer name is cut. */
  setConnectionName(peer: number, name: string): boolean {
    return queries.setName(this.#core, peer, name);
  }

  /** The name of a connection, "" unless it was set. */
  getConnectionName(peer: number, name: StringBuilder, maxLength: number): boolean;
  getConnectionName(peer: number): string | null;
  getConnectionName(peer: number, into?: StringBuilder, maxLength?: number): boolean | string | null {
    return answer(into, queries.getName(this.#core, peer, into, maxLength as number));
  }

  /**
   * Gives a connection lanes for what it sends: queues with priorities (GNS). Order holds within a lane only. Lanes
   * with a lower priority number go first; lanes of equal priority share by weight. Lanes can be added later, but not
   * removed. A message chooses its lane in an `OutgoingBatch`, or with `Connection.send`.
   *
   * @param priorities a signed 32-bit number for each lane, 1 to 255 lanes (up to 8 are cheap)
   * @param weights 1 to 65535 for each lane; equal unless given
   * @returns `OK`; `InvalidParam`: also for fewer lanes than before; `NoConnection`, `InvalidState`: it has ended
   */
  configureConnectionLanes(connection: number, priorities: readonly number[], weights?: readonly number[]): Result {
    return lanes.configureLanes(this.#core, connection, priorities, weights);
  }

  /** What waits in the first `count` lanes of a connection (GNS); null also if it has fewer. */
  getLaneStatus(connection: number, count: number): lanes.LaneStatus[] | null {
    return lanes.getLaneStatus(this.#core, connection, count);
  }

  /**
   * Starts to connect to a peer whose address is not known (GNS's P2P with ICE: the local network, then through routers
   * with STUN, then over a TURN server). What {@link onSignal} gives must reach the peer's {@link receiveSignal}, and
   * vice versa. An event says what came of it, as for {@link connect}.
   *
   * @param identity the only peer that GNS will talk to; null for whoever answers
   * @returns the connection, or 0: see `Library.lastError`
   * @throws RangeError `ERR_OUT_OF_RANGE`: also for a STUN or TURN server given by name; NetworkError
   *   `ERR_NOT_SUPPORTED` for `authenticatedOnly`, which GNS ignores here: look at `ConnectionInfo.isAuthenticated`
   */
  connectP2P(identity: NetworkingIdentity | null, options: p2p.P2POptions = {}): number {
    return p2p.connectP2P(this.#core, identity, options);
  }

  /**
   * Creates a socket that peers connect to with {@link connectP2P} (GNS).
   *
   * @param virtualPort 0 to 65535; each can be listened on once per process
   * @returns the listen socket, or 0: see `Library.lastError`; and throws for `authenticatedOnly`, as `connectP2P`
   */
  createListenSocketP2P(virtualPort: number, options: readonly ConfigOption[] = []): number {
    return p2p.createListenSocketP2P(this.#core, virtualPort, options);
  }

  /**
   * Has `callback` called on the event loop for every signal to carry to a peer. Without one up to 1024 signals wait.
   * There is one at a time; null removes it. With one, this object lives until {@link destroy}. (Not in the README.)
   */
  onSignal(callback: p2p.SignalCallback | null): void {
    p2p.onSignal(this.#core, callback);
  }

  /**
   * Takes a signal that a peer's {@link onSignal} gave. It may come from anybody, and can do no more than ask for a
   * connection. (Not in the README.)
   *
   * @param options `allowRequests`: it may ask for a new connection, which comes as an event in state `Connecting`: by
   *   the P2P listen socket of the port that it asks for, or, without one, by this object
   * @returns false: it is no signal, or not for a connection of this process
   */
  receiveSignal(data: Uint8Array, options: { allowRequests?: boolean } = {}): boolean {
    return p2p.receiveSignal(this.#core, data, options);
  }

  /** Who this process is (GNS): the identity given to `Library.initialize`, that of its certificate, or `ip:::1`. */
  getIdentity(identity: NetworkingIdentity): boolean;
  getIdentity(): NetworkingIdentity | null;
  getIdentity(into?: NetworkingIdentity): boolean | NetworkingIdentity | null {
    return answer(into, identities.getIdentity(this.#core, into));
  }

  /**
   * Gives the process another identity (GNS), null for the default, without a certificate. First all that is open in
   * the process is closed, poll groups too: its owners get the events; peers see end reason 2999.
   */
  resetIdentity(identity: NetworkingIdentity | null): void {
    identities.resetIdentity(this.#core, identity);
  }

  /** Starts to prepare for authentication (GNS). Without a certificate this changes nothing. */
  initAuthentication(): Availability {
    return identities.initAuthentication(this.#core);
  }

  /** Whether this process has a certificate: `Current`, or `CannotTry` without one (GNS). */
  getAuthenticationStatus(): identities.AuthenticationStatus {
    return identities.getAuthenticationStatus(this.#core);
  }

  /**
   * Makes a certificate request (GNS): bytes for `signCertificate`, on the machine of the authority. They hold a public
   * key, whose private key stays in this process, and the identity of this process.
   */
  getCertificateRequest(): Uint8Array {
    return identities.getCertificateRequest(this.#core);
  }

  /**
   * Sets the certificate that connections made from now on show (GNS), from `signCertificate` or `createCertificate`. A
   * process without an identity takes that of the certificate. `Library.addCertificateAuthority` comes first. A
   * certificate with its private key, from `createCertificate`, must be set before anything is opened in the process.
   *
   * @throws NetworkError `ERR_FAILED`: expired, not signed by an authority that this process trusts, for another
   *   identity or key, or set too late
   */
  setCertificate(certificate: Uint8Array): void {
    identities.setCertificate(this.#core, certificate);
  }

  /** Reads a value of the process's configuration as it is in effect; -1: there is no such value. */
  getConfigurationValue(configurationValue: ConfigurationValue): number {
    return legacy.getLegacyValue(configuration.processOf(this.#core), configurationValue);
  }

  /**
   * Sets a value of the process's configuration: a signed 32-bit number, which GNS clamps to its range. It holds for
   * what is made later, and for open connections and listen sockets that have no value of their own. The last
   * `Library.deinitialize` of the process undoes it.
   */
  setConfigurationValue(configurationValue: ConfigurationValue, value: number): boolean {
    return legacy.setLegacyValue(configuration.processOf(this.#core), configurationValue, value);
  }

  /** The name that the value had in the GNS of the README, or null. */
  getConfigurationValueName(configurationValue: ConfigurationValue): string | null {
    return legacy.legacyValueName(configurationValue);
  }

  /**
   * Reads a value as it is in effect for a connection; -1 also if the value exists for the whole process only. (The
   * README says that this returns true or false; its code, like this method, returns the value.)
   */
  getConnectionConfigurationValue(connection: number, configurationValue: ConfigurationValue): number {
    return legacy.getLegacyValue(configuration.connectionOf(this.#core, connection), configurationValue);
  }

  /** Sets a value for one connection. False also if it exists for the whole process only. */
  setConnectionConfigurationValue(connection: number, configurationValue: ConfigurationValue, value: number): boolean {
    return legacy.setLegacyValue(configuration.connectionOf(this.#core, connection), configurationValue, value);
  }

  /**
   * Reads a configuration string. The strings are kept for this thread and have no effect without Valve's relays.
   * Returns the bytes of the string, without a zero; -1 if there is no such string.
   */
  getConfigurationString(name: ConfigurationString, destination: StringBuilder, destinationLength: number): number;
  getConfigurationString(name: ConfigurationString): string | null;
  getConfigurationString(name: ConfigurationString, into?: StringBuilder, length?: number): number | string | null {
    return configuration.getConfigurationString(this.#core, name, into, length as number);
  }

  /** Keeps a configuration string for this thread. False: there is no such string. */
  setConfigurationString(configurationString: ConfigurationString, inputString: string): boolean {
    return configuration.setConfigurationString(this.#core, configurationString, inputString);
  }

  /** The name of a configuration string, or null. */
  getConfigurationStringName(configurationString: ConfigurationString): string | null {
    return legacy.legacyStringName(configurationString);
  }

  /**
   * Sets one of GNS's configuration values, in GNS's unit; GNS clamps it to its range. Null goes back to the default,
   * or to the value of the wider scope. False also if GNS does not have it in this scope. (Not in the README.)
   */
  setConfigValue(value: ConfigValue, data: ConfigReading["data"], scope = ConfigScope.Global, handle = 0): boolean {
    return configuration.setConfigValue(this.#core, value, data, scope, handle);
  }

  /** Reads one of GNS's configuration values, in GNS's unit, as it is in effect. (Not in the README.) */
  getConfigValue(value: ConfigValue, scope = ConfigScope.Global, handle = 0): ConfigReading {
    return configuration.getConfigValue(this.#core, value, scope, handle);
  }
}
