import { follow } from "../follow.js";
import type { ConnectionGuard } from "../guard/connection-guard.js";
import { NetworkError } from "../network-error.js";
import { checkOptions } from "../options.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import type { ByteSegment, Channel, Drive } from "../peer/index.js";
import { printable } from "../printable.js";
import { serverStopped } from "../socket/building/socket-errors.js";
import { checkReason, DisconnectCode, type DisconnectReason } from "../socket/disconnect-reason.js";
import type { ServerExtension, WatcherSight } from "./extension.js";
import { FrontEnd } from "./front-end.js";
import { assertSameProtocol } from "./host-link.js";
import type { OutOfEra } from "./message-dispatcher.js";
import type { NetworkClientCore } from "./network-client-core.js";
import { NetworkCore } from "./network-core.js";
import { NetworkEventHub, type NetworkServerEvents, SERVER_EVENTS, SERVER_LATE_EVENTS } from "./network-events.js";
import type { NetworkServerMetrics } from "./network-metrics.js";
import type { NetworkServer } from "./network-server.js";
import { ERROR_BUDGET, type NetworkServerOptions } from "./network-server-options.js";
import { clientNameOf, type DirectedSink, NetworkPlayer } from "./players/network-player.js";
import { type INetworkPlayer, PlayerState } from "./players/player.js";
import { defaultErrorBudget, type ErrorBudget, ErrorFlags } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import { Era } from "./protocol/wire-numbers.js";
import { type LoadSceneOptions, SceneBarrier } from "./scene-barrier.js";
import { registerServerHandlers } from "./server-handlers.js";
import { ServerTime } from "./time/server-time.js";
import { TurnTick } from "./time/tick-loop.js";

/** Which players a server has. */
export interface ServerPlace {
  /** The front end from which it gets them. Null: it has one of its own, and its players are those who come in. */
  readonly frontEnd: FrontEnd | null;
  /** Whether its players are in no room yet: the layers above their clients wait. */
  readonly isLobby: boolean;
  /** Does what comes before a stop, and stops it by `stopNow`. Null: it stops at once. */
  readonly stop?: ((reason: DisconnectReason | undefined) => Promise<void>) | null;
}

/** What happens inside a {@link NetworkServer}: its players, their messages, its ticks and extensions. */
export class NetworkServerCore extends NetworkCore<ServerExtension> {
  readonly events = new NetworkEventHub<NetworkServerEvents>(
    SERVER_EVENTS,
    (error, name) => this.report(error, null, null, `a listener of ${name}`),
    SERVER_LATE_EVENTS,
  );
  readonly tickRate: number;
  readonly errorBudget: ErrorBudget | null;
  readonly time = new ServerTime(this.clock);
  readonly frontEnd: FrontEnd;
  readonly isLobby: boolean;
  /** All players who are connected or suspended, from their hello on. */
  readonly players = new Set<NetworkPlayer>();
  /** Those who get what is sent to all, and are no players, with what hears of messages to single ones. */
  readonly listeners = new Map<NetworkPlayer, DirectedSink | null>();
  /** The player of the client in this process. */
  localPlayer: NetworkPlayer | null = null;
  lastPlayerId = 0;
  readonly #server: NetworkServer;
  readonly #options: NetworkServerOptions;
  readonly #place: ServerPlace;
  readonly #scenes: SceneBarrier;
  readonly #isSelfDriven: boolean;
  /** Counts the calls of `start` and `stop`: a `start` that was waiting meanwhile gives up. */
  #starts = 0;
  /** Rejects the present `start`. */
  #abandonStart: (error: Error) => void = () => {};
  #stopping: Promise<unknown> | null = null;
  #stopTicks = () => {};
  readonly #turnTick: TurnTick;

  /** @param server the public object, which extensions get */
  constructor(server: NetworkServer, options: NetworkServerOptions, place: ServerPlace) {
    const { frontEnd, isLobby } = place;
    super(options, "server", frontEnd?.home.logs);
    const { tickRate = 0, errorBudget } = options;
    if (errorBudget) checkOptions("errorBudget", errorBudget, ERROR_BUDGET);
    this.tickRate = tickRate;
    this.#server = server;
    this.#options = options;
    this.#place = place;
    this.isLobby = isLobby;
    this.errorBudget = errorBudget === null ? null : { ...defaultErrorBudget, ...errorBudget };
    this.#isSelfDriven = this.drive === "automatic" && tickRate === 0;
    this.frontEnd = frontEnd ?? new FrontEnd(this, server, options);
    const onReady = (player: NetworkPlayer) => {
      this.#tell(player, (extension) => extension.playerReady?.(player));
      if (this.players.has(player)) this.events.emit("readied", player);
    };
    this.#scenes = new SceneBarrier(this.clock, onReady, (sceneName) =>
      this.complain(`a client could not load the scene ${JSON.stringify(sceneName)}`),
    );
    this.#turnTick = new TurnTick(this.ticks, () => {
      if (!this.active) return;
      this.time.advance(1);
      this.#runTick();
    });
    registerServerHandlers(this.dispatcher, {
      unidentified: this.frontEnd.unidentified,
      authentication: this.frontEnd.authentication,
      scenes: this.#scenes,
      time: this.time,
      doorsFor: (player) => this.frontEnd.doors.tellAgain(player),
      charge: (...error) => this.charge(...error),
    });
    this.trace?.watchServer(this.events);
  }

  override get guard(): ConnectionGuard | null {
    return this.frontEnd.home.peerSettings.guard;
  }

  get authenticatedPlayers(): NetworkPlayer[] {
    return [...this.players].filter((player) => player.isAuthenticated);
  }

  get isHost(): boolean {
    return this.#isHome ? this.frontEnd.isHost : this.localPlayer !== null;
  }

  get sceneName(): string | null {
    return this.#scenes.name;
  }

  get boundPorts(): readonly (number | null)[] {
    return this.frontEnd.peer?.boundPorts ?? [];
  }

  /** With a tick rate, and with manual drive, the core drives its Peers. */
  get peerDrive(): Drive {
    return this.#isSelfDriven ? "automatic" : "manual";
  }

  get metrics(): NetworkServerMetrics {
    const { frontEnd } = this;
    const connections = [...this.players].filter(({ isConnected }) => isConnected);
    return {
      ...this.metricsOf(
        this.#isHome ? frontEnd.peer : null,
        this.#isHome ? frontEnd.connections : connections.map(({ lastConnection }) => lastConnection),
      ),
      players: this.players.size,
      authenticatedPlayers: this.authenticatedPlayers.length,
      unauthenticated: frontEnd.places,
      suspended: frontEnd.sessions?.metrics ?? null,
      guard: this.guard?.metrics ?? null,
    };
  }

  get #isHome(): boolean {
    return this.frontEnd.home === this;
  }

  async start(localClient: NetworkClientCore | null): Promise<void> {
    if (this.#isHome && this.frontEnd.isBusy) await null; // Behind a stop that waits for the same.
    this.assertInactive();
    localClient?.assertInactive();
    if (localClient) assertSameProtocol(this.protocol, localClient.protocol);
    this.activate();
    this.events.reset("stopped");
    this.time.start();
    const attempt = ++this.#starts;
    const stopped = new Promise<never>((_resolve, reject) => {
      this.#abandonStart = reject;
    });
    await Promise.race([this.#start(attempt, localClient), stopped]);
  }

  async #start(attempt: number, localClient: NetworkClientCore | null): Promise<void> {
    // The port is free again when the earlier stop is done.
    if (this.#stopping) await this.#stopping;
    this.#assertCurrent(attempt);
    if (this.#isHome) await this.#open(attempt);
    this.forEachExtension((extension) => extension.started?.(this.#server));
    this.events.emit("started");
    if (localClient && attempt === this.#starts) await this.frontEnd.startHost(localClient);
    this.#assertCurrent(attempt);
    if (this.drive === "automatic" && this.tickRate > 0) {
      this.#stopTicks = this.frontEnd.tickLoops.add(this.tickRate, (ticks) => {
        this.time.advance(ticks - 1);
        this.updateReceive();
        this.updateSent();
      });
    }
  }

  async #open(attempt: number): Promise<void> {
    this.frontEnd.begin();
    try {
      await this.frontEnd.open();
    } catch (error) {
      this.#assertCurrent(attempt);
      this.deactivate();
      throw error;
    }
    this.#assertCurrent(attempt);
  }

  async stop(reason?: DisconnectReason): Promise<void> {
    if (reason) checkReason(reason);
    if (this.#place.stop) await this.#place.stop(reason);
    else await this.stopNow(reason);
  }

  /** @param reason may be the library's own */
  async stopNow(reason?: DisconnectReason): Promise<void> {
    // What has arrived comes before the stop: behind the message of this handler, where a tick rate has kept it
    // waiting, and what a socket has heard in this turn. A connection's end follows one reading behind its packets.
    if (this.#isHome) {
      if (this.frontEnd.isBusy) await null;
      const isAutomatic = this.active && this.drive === "automatic";
      for (let reading = 0; reading < 2 && isAutomatic; reading++) this.frontEnd.updateReceive();
    }
    if (this.active) {
      // The stop before a `start` that this one abandons may not be done.
      const stopping = Promise.all([this.#stopping, this.#stop(reason ?? serverStopped)]);
      this.#stopping = stopping;
      await stopping;
      if (this.#stopping === stopping) this.#stopping = null;
    } else await this.#stopping;
  }

  async #stop({ code, text }: DisconnectReason): Promise<void> {
    this.#starts++;
    this.#abandonStart(new NetworkError("ERR_CLOSED", "The server was stopped"));
    this.#stopTicks();
    const close = this.#isHome ? this.frontEnd.shut() : null;
    for (const player of [...this.players]) this.frontEnd.dismiss(player, { code, text });
    this.#scenes.reset();
    this.events.emit("stopped");
    this.forEachExtension((extension) => extension.stopped?.());
    this.deactivate();
    for (const name of ["started", "hostStarted", "hostStopped"] as const) this.events.reset(name);
    this.localPlayer = null;
    this.time.stop();
    await close?.();
  }

  /** Somebody who is no player gets the world, and with `ears` messages as well. */
  addWatcher(
    connection: LibraryConnection,
    sight: WatcherSight,
    ears: { readonly directed: DirectedSink | null } | null,
  ): NetworkPlayer {
    const watcher = new NetworkPlayer(this, connection, false);
    watcher.state = PlayerState.Authenticated;
    watcher.ready = true;
    if (ears) this.#listen(watcher, ears.directed);
    this.forEachExtension((extension) => extension.watcherAdded?.(watcher, sight));
    return watcher;
  }

  removeWatcher(watcher: NetworkPlayer): void {
    if (this.listeners.has(watcher)) this.#listen(watcher, undefined);
    this.forEachExtension((extension) => extension.watcherRemoved?.(watcher));
  }

  /** @param directed undefined: no more */
  #listen(watcher: NetworkPlayer, directed: DirectedSink | null | undefined): void {
    if (directed === undefined) this.listeners.delete(watcher);
    else this.listeners.set(watcher, directed);
    const sinks = [...this.listeners.values()].filter((sink) => sink !== null);
    const hear: DirectedSink = (players, message, value) => {
      if (this.protocol.isListed(message)) for (const sink of sinks) sink(players, message, value);
    };
    this.directed = sinks.length > 0 ? hear : null;
  }

  setClosed(isClosed: boolean): void {
    if (!this.#isHome) throw new NetworkError("ERR_STATE", "A room is closed by `isLocked`");
    if (isClosed) this.frontEnd.refuseNewcomers();
    else this.frontEnd.takeNewcomers();
  }

  /** @returns how many players had to be disconnected; null: it was opened meanwhile */
  async drain(deadlineMs: number, reason?: DisconnectReason): Promise<number | null> {
    if (!this.active) throw new NetworkError("ERR_STATE", "The server is not active");
    this.setClosed(true);
    const start = this.#starts;
    const closing = this.frontEnd.refuseNewcomers();
    await this.frontEnd.emptied(closing, deadlineMs);
    const { admittedCount } = this.frontEnd;
    if (start !== this.#starts) return admittedCount; // Somebody has stopped it meanwhile.
    if (closing.isOver) return null;
    await this.stop(reason);
    return admittedCount;
  }

  updateReceive(): void {
    if (!this.active) return;
    this.ticks.begin();
    this.time.advance(1);
    if (this.#isHome) this.frontEnd.updateReceive();
    this.ticks.pause();
  }

  updateSent(): void {
    if (!this.active) return;
    this.ticks.begin();
    this.#runTick();
    if (this.#isHome) this.frontEnd.updateSent();
    this.ticks.end();
  }

  requestTick(): void {
    if (this.#isSelfDriven && this.active) this.#turnTick.plan();
  }

  async loadScene(name: string, options: LoadSceneOptions = {}): Promise<INetworkPlayer[]> {
    if (!this.active) throw new NetworkError("ERR_STATE", "The server is not active");
    return this.#scenes.load(name, this.authenticatedPlayers, options);
  }

  // What the front end calls.

  /** A player has said hello. */
  connected(player: NetworkPlayer): void {
    this.players.add(player);
    this.events.emit("connected", player);
  }

  /** An authenticated player belongs to this server from now on. @param id that it has had here before */
  take(player: NetworkPlayer, id = ++this.lastPlayerId): void {
    this.players.add(player);
    player.id = id;
  }

  /** A player that it has taken can be reached. */
  enter(player: NetworkPlayer): void {
    this.#tell(player, (extension) => extension.playerAuthenticated?.(player));
    // An extension may have disconnected the player, or moved it on.
    if (this.#isHere(player)) this.events.emit("authenticated", player);
    if (this.#isHere(player)) this.#scenes.enter(player);
    this.requestTick();
  }

  receive(player: NetworkPlayer, bytes: ByteSegment, channel: Channel): void {
    if (this.#isSelfDriven) this.ticks.begin();
    this.dispatcher.receive(player, bytes, channel);
    this.requestTick();
  }

  suspend(player: NetworkPlayer): void {
    this.#tell(player, (extension) => extension.playerSuspended?.(player));
    if (this.players.has(player)) this.events.emit("suspended", player);
  }

  resume(player: NetworkPlayer): void {
    this.#tell(player, (extension) => extension.playerResumed?.(player));
    if (this.#isHere(player)) this.events.emit("resumed", player);
    if (this.#isHere(player)) this.#scenes.enter(player);
    this.requestTick();
  }

  addressChanged(player: NetworkPlayer, from: string): void {
    if (this.players.has(player)) this.events.emit("moved", player, from);
  }

  drained(player: NetworkPlayer): void {
    player.drained();
    if (player.isConnected) this.events.emit("drained", player);
  }

  leaveScene(player: NetworkPlayer): void {
    this.#scenes.leave(player);
  }

  /** A player has left for good. */
  end(player: NetworkPlayer, reason: DisconnectReason): void {
    player.ended({ place: clientNameOf(player), reason });
    this.release(player, reason);
  }

  /** A player does not belong to this server any more. */
  release(player: NetworkPlayer, reason: DisconnectReason): void {
    this.#scenes.leave(player);
    if (!this.players.delete(player)) return;
    this.playerGone(player, { place: clientNameOf(player), reason });
    this.events.emit("disconnected", player, reason);
    this.forEachExtension((extension) => extension.playerDisconnecting?.(player, reason));
  }

  // What handlers and players call.

  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void {
    if (player.isHost) this.complain(`the host's client: ${text}`);
    player.chargeError(cost, flags, text);
  }

  unauthenticated(player: NetworkPlayer, message: MessageDefinition<unknown>): void {
    player.chargeError(0, ErrorFlags.Unauthenticated);
    player.refuse(DisconnectCode.NotAuthenticated, `${message.name} needs an authenticated player`);
  }

  /** What a client sent before it heard of its move is for nobody any more. */
  outOfEra(player: NetworkPlayer, { wireNumber }: OutOfEra): void {
    if (player.numbers.eraOf(wireNumber) === Era.Future) this.dispatcher.noMessage(player, wireNumber);
  }

  errorLimitReached(player: NetworkPlayer, lastError: string): void {
    const { onErrorLimit } = this.#options;
    const last = lastError && `, the last: ${printable(lastError)}`;
    try {
      if (onErrorLimit) follow(onErrorLimit(player), (error) => this.report(error, player, null));
      else player.refuse(DisconnectCode.ErrorLimit, `Too many errors${last}`);
    } catch (error) {
      this.report(error, player, null);
    }
  }

  leave(player: NetworkPlayer, reason: DisconnectReason): void {
    // The connection then calls `onDisconnected`; a suspended player has none.
    player.lastConnection.disconnect(reason);
    if (player.state === PlayerState.Suspended) this.frontEnd.end(player, reason);
  }

  /** Those behind a layer that disconnects the player, or moves it on, hear of that alone. */
  #tell(player: NetworkPlayer, call: (extension: ServerExtension) => unknown): void {
    this.forEachExtension((extension) => (this.players.has(player) ? call(extension) : undefined));
  }

  #isHere(player: NetworkPlayer): boolean {
    return player.isAuthenticated && player.owner === this;
  }

  /** @throws NetworkError `ERR_CLOSED` when the server was stopped since this `start` */
  #assertCurrent(attempt: number): void {
    if (attempt !== this.#starts) throw new NetworkError("ERR_CLOSED", "The server was stopped");
  }

  #runTick(): void {
    const { tick } = this.time;
    this.forEachExtension((extension) => extension.tick?.(tick));
    this.events.emit("ticked", tick);
    this.forEachExtension((extension) => extension.beforeSend?.());
  }
}
