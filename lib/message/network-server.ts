import { checkBytes } from "../arguments.js";
import type { Clock } from "../clock.js";
import type { EventListener } from "../event-hub.js";
import { NetworkError } from "../network-error.js";
import { checkOptions, durationOption, objectOption, thingOption } from "../options.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import { checkReason } from "../socket/disconnect-reason.js";
import { DisconnectCode, type DisconnectReason } from "../socket/index.js";
import type { ArrivalPlace } from "./authentication/arrival-place.js";
import type { ServerExtension, WatcherSight } from "./extension.js";
import type { FrontEnd } from "./front-end.js";
import type { MessageHandler } from "./message-handler.js";
import { coreOf, type NetworkClient } from "./network-client.js";
import type { NetworkServerEvents } from "./network-events.js";
import type { NetworkServerMetrics } from "./network-metrics.js";
import { placeOfOption } from "./network-options.js";
import { NetworkServerCore, type ServerPlace } from "./network-server-core.js";
import { type NetworkServerOptions, SERVER_OPTIONS } from "./network-server-options.js";
import type { DirectedSink, NetworkPlayer } from "./players/network-player.js";
import type { INetworkPlayer } from "./players/player.js";
import { type SendManyOptions, sendToFirst, sendToPlayers } from "./players/send-to-players.js";
import type { MessageDefinition } from "./protocol/message.js";
import type { Protocol } from "./protocol/protocol.js";
import type { LoadSceneOptions } from "./scene-barrier.js";
import { restoreSnapshot, takeSnapshot } from "./snapshots.js";
import type { INetworkTime } from "./time/network-time.js";

const isConnected = (player: INetworkPlayer) => player.isConnected;
const isAuthenticated = (player: INetworkPlayer) => player.isAuthenticated;
const playerOption = thingOption("a player of this server (guard.ban bans an address)", "disconnect");
const isReady = (player: INetworkPlayer) => player.ready;

/**
 * Accepts clients and knows them as players (Mirage's `NetworkServer`). The order of its events is in docs/message.md.
 *
 * @typeParam Data what you keep in `player.data`
 */
export class NetworkServer<Data = unknown> {
  /** The one of the options; frozen once a server or client with it has started. */
  readonly protocol: Protocol;
  /** Where you register what handles the players' messages and requests. */
  readonly messageHandler: MessageHandler<Data>;
  /** The time since the start, and the tick. */
  readonly time: INetworkTime;
  readonly #core: NetworkServerCore;

  /** @throws TypeError without a protocol; RangeError for a `tickRate` outside 0-1000 */
  constructor(options: NetworkServerOptions);
  /** @internal A server of one room, or of those who are in none. */
  constructor(options: NetworkServerOptions, place: ServerPlace);
  constructor(options: NetworkServerOptions, place: ServerPlace = { frontEnd: null, isLobby: false }) {
    checkOptions("NetworkServer", options, SERVER_OPTIONS, placeOfOption);
    this.#core = new NetworkServerCore(this, options, place);
    this.protocol = this.#core.protocol;
    this.messageHandler = this.#core.dispatcher as MessageHandler<Data>;
    this.time = this.#core.time;
  }

  /** @internal The front end of a server, for servers that share it. */
  static frontEndOf(server: NetworkServer): FrontEnd {
    return server.#core.frontEnd;
  }

  /** @internal A player goes on at `to`, behind the same front end. See `FrontEnd.move`. */
  static move(player: INetworkPlayer, to: NetworkServer, room: Uint8Array): boolean {
    return to.#core.frontEnd.move(player as NetworkPlayer, to.#core, room);
  }

  /** @internal So many more messages of a player count for nothing in their `rateLimit`. */
  static allowMore(player: INetworkPlayer, message: MessageDefinition<unknown>, count: number): void {
    (player as NetworkPlayer).allowMore(message, count);
  }

  /** @internal A place at a server for a player whose session comes from elsewhere. See {@link ArrivalPlace}. */
  static placeAt(server: NetworkServer, playerId: number, room: Uint8Array): ArrivalPlace {
    return { server: server.#core, playerId, room };
  }

  /** @internal The id of a player's session at the front end of a server; null: it has none. */
  static sessionIdOf(server: NetworkServer, player: INetworkPlayer): Uint8Array | null {
    return server.#core.frontEnd.sessions?.of(player as NetworkPlayer)?.id ?? null;
  }

  /** @internal Disconnects a client with a reason of the library's own; it may be not authenticated yet. */
  static refuse(player: INetworkPlayer, code: DisconnectCode, text: string): void {
    (player as NetworkPlayer).isRedirected = code === DisconnectCode.Moved;
    (player as NetworkPlayer).refuse(code, text);
  }

  /** @internal A player's session is at another server: whoever proves it here is looked for in the store. */
  static releaseSession(server: NetworkServer, player: INetworkPlayer): void {
    server.#core.frontEnd.sessions?.remove(player as NetworkPlayer, true);
  }

  /** @internal A player leaves a server for good, with a reason of the library's own. */
  static dismiss(server: NetworkServer, player: INetworkPlayer, reason: DisconnectReason): void {
    server.#core.frontEnd.dismiss(player as NetworkPlayer, reason);
  }

  /** @internal `stop`, which may have a reason of the library's own. Nothing comes before it. */
  static stopNow(server: NetworkServer, reason?: DisconnectReason): Promise<void> {
    return server.#core.stopNow(reason);
  }

  /** @internal The `doors` of a server have changed: its players hear of it when they next ask for the time. */
  static doorsChanged(server: NetworkServer): void {
    server.#core.frontEnd.doors.changed();
  }

  /** @internal The id that a server has given last. */
  static lastPlayerIdOf(server: NetworkServer): number {
    return server.#core.lastPlayerId;
  }

  /** @internal Gives greater ids than `id` from now on, where an earlier server has given those up to it. */
  static continueIds(server: NetworkServer, id: number): void {
    server.#core.lastPlayerId = Math.max(server.#core.lastPlayerId, id);
  }

  /** @internal What a server has counted by itself, whoever shares its front end: a copy. */
  static countsOf(server: NetworkServer): Pick<NetworkServerMetrics, "ticks" | "failures" | "unhandled"> {
    return server.#core.counts;
  }

  /** @internal The clock of a server, for the layers above it. */
  static clockOf(server: NetworkServer): Clock {
    return server.#core.clock;
  }

  /** @internal The ticks per second of a server; 0 when it has none. */
  static tickRateOf(server: NetworkServer): number {
    return server.#core.tickRate;
  }

  /** @internal What the application's code in a layer above has thrown goes where the errors of handlers go. */
  static report(server: NetworkServer, error: unknown, place: string): void {
    server.#core.report(error, null, null, place);
  }

  /** @internal What a client does wrong, or what the operator is to set right: once in full, and then how often. */
  static complain(server: NetworkServer, text: string): void {
    server.#core.complain(text);
  }

  /** @internal The `maxReliableMessageSize` of a server. */
  static maxMessageSizeOf(server: NetworkServer): number {
    return server.#core.peerSettings.maxReliableMessageSize;
  }

  /**
   * @internal Somebody who is no player gets the world, until `unwatch`.
   *
   * @param ears what is sent to all comes as well; `directed` hears what is sent to single players. Null: neither
   */
  static watch(
    server: NetworkServer,
    connection: LibraryConnection,
    sight: WatcherSight,
    ears: { readonly directed: DirectedSink | null } | null,
  ): INetworkPlayer {
    return server.#core.addWatcher(connection, sight, ears);
  }

  /** @internal The opposite of `watch`. */
  static unwatch(server: NetworkServer, watcher: INetworkPlayer): void {
    server.#core.removeWatcher(watcher as NetworkPlayer);
  }

  /** @internal The time and the tick of a server whose players are to take it for another one. */
  static setTime(server: NetworkServer, nowMs: number, tick: number): void {
    server.#core.time.set(nowMs, tick);
  }

  /** @internal `sendToMany` for the layers above it. @returns those whose queue is full */
  static sendOrTell<T>(
    server: NetworkServer,
    players: Iterable<INetworkPlayer>,
    message: MessageDefinition<T>,
    value: T,
  ): INetworkPlayer[] {
    const refused: INetworkPlayer[] = [];
    sendToPlayers(server.#core, players, message, value, isConnected, undefined, refused);
    return refused;
  }

  /** @internal `sendToMany` for the layers above it, to the first `count` of `players`. It makes no object. */
  static sendToFirst<T>(
    server: NetworkServer,
    players: readonly INetworkPlayer[],
    count: number,
    message: MessageDefinition<T>,
    value: T,
  ): void {
    sendToFirst(server.#core, players, count, message, value);
  }

  /** From `start` to `stop`. */
  get active(): boolean {
    return this.#core.active;
  }

  /** All players who are connected or suspended. */
  get players(): INetworkPlayer<Data>[] {
    return [...this.#core.players] as INetworkPlayer<Data>[];
  }

  /** Players who are authenticated and connected: a new array on each access. */
  get authenticatedPlayers(): INetworkPlayer<Data>[] {
    return this.#core.authenticatedPlayers as INetworkPlayer<Data>[];
  }

  /** The player of the client in this process (host mode). */
  get localPlayer(): INetworkPlayer<Data> | null {
    return this.#core.localPlayer as INetworkPlayer<Data> | null;
  }

  /** Whether a client in this process has joined. */
  get isHost(): boolean {
    return this.#core.isHost;
  }

  /** Counts the ticks: 0 to 2^32 - 1, and from 0 again. */
  get tick(): number {
    return this.time.tick;
  }

  /** The scene that was loaded last, null before the first. */
  get sceneName(): string | null {
    return this.#core.sceneName;
  }

  /** The port that the socket is bound to; null while there is none. The first one of several. */
  get boundPort(): number | null {
    return this.boundPorts.find((port) => port !== null) ?? null;
  }

  /** The port of each transport of a `MultiplexSocketFactory`, in its order; else that one. Empty while stopped. */
  get boundPorts(): readonly (number | null)[] {
    return this.#core.boundPorts;
  }

  /** What this server and the layers below it have counted: a copy, made on each access. */
  get metrics(): NetworkServerMetrics {
    return this.#core.metrics;
  }

  /**
   * Adds a listener of an event; what it throws is reported to `onError`.
   *
   * @returns a function that removes the listener
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof NetworkServerEvents>(
    name: Name,
    listener: EventListener<NetworkServerEvents<Data>[Name]>,
  ): () => void {
    return this.#core.events.on(name, listener as EventListener<NetworkServerEvents[Name]>);
  }

  /** Adds a layer above this server. @throws NetworkError `ERR_STATE` while it is active */
  use(extension: ServerExtension): this {
    this.#core.use(extension);
    return this;
  }

  /**
   * Starts, and listens.
   *
   * @param localClient a client in this process that joins without a socket (host mode); it has joined when the promise
   *   resolves, and is authenticated soon after
   * @throws NetworkError `ERR_STATE` while the server or the client is active; `ERR_PROTOCOL_MISMATCH` when the two
   *   have different protocols; `ERR_CLOSED` when it is stopped meanwhile; what `Peer.bind` throws
   */
  async start(options: { localClient?: NetworkClient } = {}): Promise<void> {
    checkOptions("start", options, { localClient: objectOption("connect") });
    return this.#core.start(options.localClient ? coreOf(options.localClient) : null);
  }

  /**
   * Disconnects all players, and stops. Resolves when they know, or after `closeTimeoutMs`. It can be started again.
   * What has arrived is handled first, so a stop inside a handler comes when the packets that are being read are read.
   *
   * @param reason what the players get @defaultValue `DisconnectCode.ServerStopped`
   * @throws RangeError for a code outside 0-999, or a text over 120 bytes of UTF-8
   */
  stop(reason?: DisconnectReason): Promise<void> {
    return this.#core.stop(reason);
  }

  /**
   * Takes no new players from now on: they hear `DisconnectCode.ServerClosed`. Those who are here stay, and may resume
   * their sessions. `open` takes it back; so does a stop.
   *
   * @throws NetworkError `ERR_STATE` for the server of one room
   */
  close(): void {
    this.#core.setClosed(true);
  }

  /** Takes new players again, after `close`; a `drain` that is under way ends without a stop. @throws as `close` */
  open(): void {
    this.#core.setClosed(false);
  }

  /**
   * Takes no new players, waits until all have left, and stops. Those who are here at the deadline are disconnected.
   *
   * @param deadlineMs how long it waits @defaultValue 30,000 ms
   * @param reason what they get then @defaultValue `DisconnectCode.ServerStopped`
   * @returns how many players were disconnected; null: `open` has taken it back, and the server goes on
   * @throws as `close` and `stop`; (rejects) NetworkError `ERR_STATE` while it is not active
   */
  drain(options: { deadlineMs?: number; reason?: DisconnectReason } = {}): Promise<number | null> {
    checkOptions("drain", options, { deadlineMs: durationOption(), reason: objectOption() });
    if (options.reason) checkReason(options.reason);
    return this.#core.drain(options.deadlineMs ?? 30_000, options.reason);
  }

  /**
   * What the extensions need to go on elsewhere: of objects the world. Messages and players are not in it.
   *
   * @throws TypeError for extensions with a `snapshot` and without a name of their own; what their `snapshot` throws
   */
  snapshot(): Uint8Array {
    return takeSnapshot(this.#core.extensions);
  }

  /**
   * Has the extensions go on with a snapshot, each with what the extension of its name has kept; others are as they
   * were.
   *
   * @throws NetworkError `ERR_STATE` while it is not active; `ERR_END_OF_MESSAGE`, `ERR_LIMIT`, `ERR_TRAILING_BYTES`
   *   for what is no snapshot; what an extension's `restore` throws
   */
  restore(snapshot: Uint8Array): void {
    checkBytes("snapshot", snapshot);
    if (!this.active) throw new NetworkError("ERR_STATE", "The server is not active");
    restoreSnapshot(this.#core.extensions, snapshot);
  }

  /**
   * Bans the address of a player (with IPv6 its /64) by the `guard` of the Peer, and disconnects the player. Others of
   * that address stay until they leave.
   *
   * @param ms for how long @defaultValue `Infinity`: for ever
   * @param reason what the player gets @defaultValue code 0 and no text
   * @throws NetworkError `ERR_STATE` without a guard; TypeError `ERR_INVALID_ARG_TYPE` for what is no player, such as
   *   an address; RangeError `ERR_OUT_OF_RANGE` for a wrong time or reason, and for loopback, the
   *   host's client and identities, which have no address that could be banned
   */
  ban(player: INetworkPlayer, ms = Number.POSITIVE_INFINITY, reason: DisconnectReason = { code: 0, text: "" }): void {
    const { guard } = this.#core;
    if (!guard) throw new NetworkError("ERR_STATE", "The server has no guard: give it one as `guard` in `peer`");
    playerOption("player", player);
    checkReason(reason);
    guard.ban(player.address, ms);
    player.disconnect(reason);
  }

  /** Manual drive, first half of a tick: receives what has come, and calls handlers. */
  updateReceive(): void {
    this.#core.updateReceive();
  }

  /** Manual drive, second half of a tick: calls the extensions' tick hooks and `ticked`, and sends everything. */
  updateSent(): void {
    this.#core.updateSent();
  }

  /** With `tickRate` 0: asks for a tick at the end of this turn, because something has changed. */
  requestTick(): void {
    this.#core.requestTick();
  }

  /**
   * Sends a message to all authenticated players; it is serialised once.
   *
   * @returns how many players it was sent to: not to those whose queue is full (`drained` follows)
   * @throws TypeError, RangeError for a wrong value; NetworkError `ERR_UNKNOWN_MESSAGE`, `ERR_MESSAGE_SIZE`
   */
  sendToAll<T>(message: MessageDefinition<T>, value: T, options?: SendManyOptions): number {
    return this.#sendToPlayers(message, value, isAuthenticated, options);
  }

  /** Sends a message to those of `players` who are connected. @returns and throws as `sendToAll` */
  sendToMany<T>(
    players: Iterable<INetworkPlayer>,
    message: MessageDefinition<T>,
    value: T,
    options?: SendManyOptions,
  ): number {
    const { directed } = this.#core;
    const told: number[] | null = directed && [];
    const count = sendToPlayers(this.#core, players, message, value, isConnected, options, null, told);
    if (told && told.length > 0) directed?.(told, message as MessageDefinition<unknown>, value);
    return count;
  }

  /**
   * Sends a message to all players who are `ready`: those who have loaded the scene, or all authenticated ones while
   * the server has none. @returns and throws as `sendToAll`
   */
  sendToReady<T>(message: MessageDefinition<T>, value: T, options?: SendManyOptions): number {
    return this.#sendToPlayers(message, value, isReady, options);
  }

  #sendToPlayers<T>(
    message: MessageDefinition<T>,
    value: T,
    includes: (player: NetworkPlayer) => boolean,
    options?: SendManyOptions,
  ): number {
    const { players, listeners } = this.#core;
    const count = sendToPlayers(this.#core, players, message, value, includes, options);
    if (listeners.size > 0) sendToPlayers(this.#core, listeners.keys(), message, value, includes, options);
    return count;
  }

  /**
   * Has all authenticated players load a scene, and later ones as soon as they are authenticated. A player is not
   * `ready` until its client has loaded the scene.
   *
   * @param name at most 256 bytes of UTF-8
   * @returns the players who are there and not ready, when each of them is ready, has left or could not load it (its
   *   `onLoadScene` failed), or after `timeoutMs`
   * @throws NetworkError `ERR_STATE` while another scene is being loaded, or while the server is not active; TypeError,
   *   RangeError for a wrong name, which changes nothing
   */
  loadScene(name: string, options?: LoadSceneOptions): Promise<INetworkPlayer<Data>[]> {
    return this.#core.loadScene(name, options) as Promise<INetworkPlayer<Data>[]>;
  }
}
