import { NetworkError } from "../network-error.js";
import { type ByteSegment, Channel, type IConnection, type Peer } from "../peer/index.js";
import { checkReason } from "../socket/disconnect-reason.js";
import { DisconnectCode, type DisconnectReason, type IncomingConnection } from "../socket/index.js";
import { type AuthenticationOptions, ServerAuthentication } from "./authentication/server-authentication.js";
import { type SessionOptions, SessionTable } from "./authentication/session-table.js";
import type { ServerExtension } from "./extension.js";
import { HostConnection } from "./host-pipe.js";
import type { NetworkClient } from "./network-client.js";
import { NetworkEnd, type NetworkEndOptions } from "./network-end.js";
import { LateEvent } from "./network-event.js";
import { NetworkPlayer } from "./players/network-player.js";
import { type INetworkPlayer, type PlayerAuthentication, PlayerState } from "./players/player.js";
import { type SendManyOptions, sendToPlayers } from "./players/send-to-players.js";
import { UnidentifiedPlayers } from "./players/unidentified-players.js";
import { defaultErrorBudget, type ErrorBudget, ErrorFlags, errorCosts } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import {
  HelloMessage,
  PingMessage,
  PongMessage,
  ProofMessage,
  SceneLoadedMessage,
  TableMessage,
  WelcomeMessage,
} from "./protocol/system-messages.js";
import { type LoadSceneOptions, SceneBarrier } from "./scene-barrier.js";
import type { INetworkTime } from "./time/network-time.js";
import { TickLoop } from "./time/tick-loop.js";

export interface NetworkServerOptions extends NetworkEndOptions {
  /** False: no socket at all, for a single player or for tests; a host's client can still join. Default true. */
  listen?: boolean;
  /** Ticks per second, at most 1000; 0: one at the end of every turn in which something came. Default 0. */
  tickRate?: number;
  /** Default: everybody may come in. */
  authentication?: AuthenticationOptions;
  /** Players who were lost may come back. Default null: a lost player has left. */
  sessions?: Partial<SessionOptions> | null;
  /** Mistakes that a player may make; null: as many as it likes. Default 200 and 50 a second. */
  errorBudget?: Partial<ErrorBudget> | null;
  /** In place of the disconnection, when a player's budget is used up. */
  onErrorLimit?: ((player: INetworkPlayer) => void) | null;
  /** Whether somebody new is wanted: `true`, or why not. */
  beforeAccept?: (incoming: IncomingConnection) => true | DisconnectReason;
}

/** Reasons after which a player may come back. */
const losses = new Set<number>([DisconnectCode.Timeout, DisconnectCode.ConnectionLost, DisconnectCode.Replaced]);

/** Takes clients, and knows them as players (Mirage's `NetworkServer`). The order of its events: docs/message.md. */
export class NetworkServer extends NetworkEnd<ServerExtension> {
  /** A player has left for good. */
  readonly disconnected = this.newEvent<[player: INetworkPlayer, reason: DisconnectReason]>();
  /** A player has loaded the scene; without one, at once after `authenticated`. */
  readonly readied = this.newEvent<[player: INetworkPlayer]>();
  readonly stopped = new LateEvent(this.reportEvent.bind(this));
  readonly hostStarted = new LateEvent(this.reportEvent.bind(this));
  readonly hostStopped = new LateEvent(this.reportEvent.bind(this));
  /** After the handlers of a tick's messages. */
  readonly ticked = this.newEvent<[tick: number]>();
  /** @internal */
  readonly errorBudget: ErrorBudget | null;
  /** @internal */
  readonly sessions: SessionTable | null;
  readonly time: INetworkTime;
  readonly #options: NetworkServerOptions;
  readonly #authentication: ServerAuthentication;
  readonly #scenes: SceneBarrier;
  readonly #unidentified: UnidentifiedPlayers;
  readonly #byConnection = new Map<IConnection, NetworkPlayer>();
  readonly #players = new Set<NetworkPlayer>();
  readonly #isSelfDriven: boolean;
  #peer: Peer | null = null;
  #tickLoop: TickLoop | null = null;
  #hostConnection: HostConnection | null = null;
  #localPlayer: NetworkPlayer | null = null;
  #lastId = 0;
  #tick = 0;
  #startedMs = 0;
  #isTickPlanned = false;

  constructor(options: NetworkServerOptions) {
    super(options);
    const { tickRate = 0, errorBudget, sessions = null, authentication = { authenticators: [] } } = options;
    if (!(tickRate >= 0 && tickRate <= 1000)) throw new RangeError(`tickRate is 0 to 1000, not ${tickRate}`);
    this.#options = options;
    this.errorBudget = errorBudget === null ? null : { ...defaultErrorBudget, ...errorBudget };
    this.#isSelfDriven = this.drive === "automatic" && tickRate === 0;
    this.sessions =
      sessions && new SessionTable(sessions, this.clock, this.randomBytes, (player) => this.#expire(player));
    this.#authentication = new ServerAuthentication(this, authentication);
    this.#scenes = new SceneBarrier(this.clock, (player) => this.#readied(player));
    this.#unidentified = new UnidentifiedPlayers(this.clock, this.protocol, (player, resumes) =>
      this.#greet(player, resumes),
    );
    const server = this;
    this.time = {
      get nowMs() {
        return server.active ? server.clock.now() - server.#startedMs : 0;
      },
      get tick() {
        return server.#tick;
      },
    };
    this.#registerHandlers();
  }

  /** Everybody who is connected or may come back. */
  get players(): INetworkPlayer[] {
    return [...this.#players];
  }

  get authenticatedPlayers(): INetworkPlayer[] {
    return [...this.#players].filter((player) => player.isAuthenticated);
  }

  /** The client beside it. */
  get localPlayer(): INetworkPlayer | null {
    return this.#localPlayer;
  }

  get isHost(): boolean {
    return this.#localPlayer !== null;
  }

  /** Counts the ticks, from 0 to 2^32 - 1 and again from 0. */
  get tick(): number {
    return this.#tick;
  }

  /** The scene that was loaded last. */
  get sceneName(): string | null {
    return this.#scenes.name;
  }

  /** The port that it listens on, where there is one. */
  get boundPort(): number | null {
    return this.#peer?.boundPort ?? null;
  }

  /**
   * Starts, and listens.
   *
   * @param localClient a client in this process, which joins without a socket (host mode)
   * @throws NetworkError `ERR_STATE` when it is active; what `Peer.bind` throws; with a client, what its start throws
   */
  async start({ localClient }: { localClient?: NetworkClient } = {}): Promise<void> {
    if (this.active) throw new NetworkError("ERR_STATE", "The server is active");
    localClient?.prepareHost();
    this.activate();
    this.stopped.reset();
    this.#startedMs = this.clock.now();
    try {
      if (this.#options.listen ?? true) {
        const factory = await this.socketFactory();
        this.#peer = this.createPeer(factory, "server", this.#isSelfDriven ? "automatic" : "manual");
        await this.#peer.bind(factory.getBindEndPoint());
      }
    } catch (error) {
      this.#peer = null;
      this.deactivate();
      throw error;
    }
    this.forEachExtension((extension) => extension.started?.(this));
    this.started.emit();
    if (localClient) this.#startHost(localClient);
    const { tickRate = 0 } = this.#options;
    if (this.drive === "automatic" && tickRate > 0) {
      this.#tickLoop = new TickLoop(this.clock, tickRate, (ticks) => {
        this.#tick = (this.#tick + ticks - 1) >>> 0;
        this.updateReceive();
        this.updateSent();
      });
    }
  }

  /** Ends all players with `reason`, and stops. May be started again. @throws RangeError as `IConnection.disconnect` */
  async stop(reason?: DisconnectReason): Promise<void> {
    if (!this.active) return;
    if (reason) checkReason(reason);
    const { code, text } = reason ?? { code: DisconnectCode.ServerStopped, text: "The server has stopped" };
    this.#tickLoop?.stop();
    if (this.isHost) this.#hostEnded();
    for (const player of [...this.#players]) {
      this.#byConnection.delete(player.lastConnection);
      if (player.isConnected) player.refuse(code, text);
      this.#end(player, { code, text });
    }
    this.#unidentified.clear();
    this.#byConnection.clear();
    this.#scenes.reset();
    this.stopped.emit();
    this.forEachExtension((extension) => extension.stopped?.());
    this.deactivate();
    this.hostStarted.reset();
    this.hostStopped.reset();
    const peer = this.#peer;
    this.#peer = null;
    this.#hostConnection = null;
    this.#tick = 0;
    await peer?.close();
  }

  /** Manual drive, first half of a tick: receives, and calls handlers. */
  updateReceive(): void {
    if (!this.active) return;
    this.#tick = (this.#tick + 1) >>> 0;
    this.#peer?.updateReceive();
    this.#hostConnection?.receive();
  }

  /** Manual drive, second half of a tick: tick handlers, state, and then everything is sent. */
  updateSent(): void {
    if (!this.active) return;
    this.#runTick();
    this.#peer?.updateSent();
  }

  /** With `tickRate` 0: there is to be a tick at the end of this turn, since something has changed. */
  requestTick(): void {
    if (!this.#isSelfDriven || this.#isTickPlanned || !this.active) return;
    this.#isTickPlanned = true;
    queueMicrotask(() => {
      this.#isTickPlanned = false;
      if (!this.active) return;
      this.#tick = (this.#tick + 1) >>> 0;
      this.#runTick();
    });
  }

  /** Sends to all authenticated players; the message is serialised once. @returns to how many @throws as `player.send` */
  sendToAll<T>(message: MessageDefinition<T>, value: T, options?: SendManyOptions): number {
    return sendToPlayers(this, this.#players, message, value, (player) => player.isAuthenticated, options);
  }

  /** Sends to those of `players` who are connected; serialised once. @returns to how many @throws as `player.send` */
  sendToMany<T>(
    players: Iterable<INetworkPlayer>,
    message: MessageDefinition<T>,
    value: T,
    options?: SendManyOptions,
  ): number {
    return sendToPlayers(this, players, message, value, (player) => player.isConnected, options);
  }

  /**
   * Sends to all players who are `ready`: those who have loaded the scene, or, without a scene, all who are authenticated.
   * The message is serialised once. @returns how many players it was sent to @throws as `player.send`
   */
  sendToReady<T>(message: MessageDefinition<T>, value: T, options?: SendManyOptions): number {
    return sendToPlayers(this, this.#players, message, value, (player) => player.ready, options);
  }

  /**
   * Has all players load a scene, and those who come later as soon as they are authenticated. None of them is `ready`
   * before it has.
   * @param name at most 256 bytes
   * @returns when each of those who were there is ready or has left, or after `timeoutMs`
   * @throws NetworkError `ERR_STATE` while another scene is being loaded, or not active
   */
  async loadScene(name: string, options: LoadSceneOptions = {}): Promise<void> {
    if (!this.active) throw new NetworkError("ERR_STATE", "The server is not active");
    const players = [...this.#players].filter((player) => player.isAuthenticated);
    await this.#scenes.load(name, players, options);
  }

  // What the Peer and the host's pipe call.

  /** @internal */
  beforeAccept(incoming: IncomingConnection): true | DisconnectReason {
    try {
      return this.#options.beforeAccept?.(incoming) ?? true;
    } catch (error) {
      this.reportEvent(error);
      return { code: DisconnectCode.ServerFull, text: "The server takes nobody" };
    }
  }

  /** @internal */
  onConnected(connection: IConnection): void {
    const player = new NetworkPlayer(this, connection, connection === this.#hostConnection);
    if (player.isHost) this.#localPlayer = player;
    this.#byConnection.set(connection, player);
    this.#unidentified.add(player);
  }

  /** @internal */
  onMessage(connection: IConnection, bytes: ByteSegment, channel: Channel): void {
    const player = this.#byConnection.get(connection);
    if (!player || !this.#unidentified.maySend(player, bytes)) return;
    this.messageHandler.receive(player, bytes, channel);
    this.requestTick();
  }

  /** @internal */
  onDisconnected(connection: IConnection, reason: DisconnectReason): void {
    const player = this.#byConnection.get(connection);
    if (!player) return;
    this.#byConnection.delete(connection);
    if (this.sessions?.has(player) && player.isAuthenticated && losses.has(reason.code)) this.#suspend(player);
    else this.#end(player, reason);
    this.requestTick();
  }

  /** @internal */
  onDrain(connection: IConnection): void {
    const player = this.#byConnection.get(connection);
    if (player) this.drained.emit(player);
  }

  // What handlers and players call.

  /** @internal */
  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void {
    if (player.isHost) this.logger.warn(`valve-sockets: the host's client: ${text}`);
    player.chargeError(cost, flags);
  }

  /** @internal */
  unauthenticated(player: NetworkPlayer, message: MessageDefinition<unknown>): void {
    player.chargeError(0, ErrorFlags.Unauthenticated);
    player.refuse(DisconnectCode.NotAuthenticated, `${message.name} needs an authenticated player`);
  }

  /** @internal */
  errorLimitReached(player: NetworkPlayer): void {
    const { onErrorLimit } = this.#options;
    if (!onErrorLimit) {
      player.refuse(DisconnectCode.ErrorLimit, "Too many errors");
      return;
    }
    try {
      onErrorLimit(player);
    } catch (error) {
      this.report(error, player, null);
    }
  }

  /** @internal */
  leave(player: NetworkPlayer, reason: DisconnectReason): void {
    // Its connection tells `onDisconnected`; one that is suspended has none.
    player.lastConnection.disconnect(reason);
    if (player.state === PlayerState.Suspended) this.#end(player, reason);
  }

  // What the authentication calls.

  /** @internal */
  admit(player: NetworkPlayer, authentication: PlayerAuthentication, reply: Uint8Array): void {
    this.#lastId++;
    player.id = this.#lastId;
    player.authentication = authentication;
    this.sessions?.create(player);
    this.#welcome(player, authentication.method, reply);
    this.forEachExtension((extension) => extension.playerAuthenticated?.(player));
    // The one before may have disconnected it.
    if (player.isAuthenticated) this.authenticated.emit(player);
    if (player.isAuthenticated) this.#scenes.enter(player);
    this.requestTick();
  }

  /** @internal */
  resume(newcomer: NetworkPlayer, player: NetworkPlayer): void {
    const { lastConnection: connection, agreement } = newcomer;
    const earlier = player.connection;
    this.sessions?.resume(player);
    if (earlier) {
      this.#byConnection.delete(earlier);
      player.suspended();
      earlier.refuse(DisconnectCode.Replaced, "The session goes on elsewhere");
    }
    this.#byConnection.set(connection, player);
    player.attach(connection, agreement);
    this.#welcome(player, player.authentication?.method as string, new Uint8Array(0));
    this.forEachExtension((extension) => extension.playerResumed?.(player));
    if (player.isAuthenticated) this.resumed.emit(player);
    if (player.isAuthenticated) this.#scenes.enter(player);
    this.requestTick();
  }

  /** @internal */
  reportError(error: unknown, player: NetworkPlayer): void {
    this.report(error, player, ProofMessage);
  }

  #registerHandlers(): void {
    const handlers = this.messageHandler;
    const misplaced = (player: NetworkPlayer, text: string) =>
      this.charge(player, errorCosts.invalidState, ErrorFlags.InvalidState, text);
    handlers.registerSystem(TableMessage, (table, player) => {
      if (!this.#unidentified.onTable(player, table)) misplaced(player, "A table that nobody asked for");
    });
    handlers.registerSystem(HelloMessage, ({ resumes }, player) => {
      if (!this.#unidentified.onHello(player, resumes)) misplaced(player, "A second hello");
    });
    handlers.registerSystem(ProofMessage, ({ method, payload }, player) => {
      const wasAsked = this.#authentication.onProof(player, method, payload);
      if (!wasAsked) misplaced(player, "A proof that nobody asked for");
    });
    handlers.registerSystem(PingMessage, ({ clientTimeMs }, player) => {
      const pong = { clientTimeMs, serverTimeMs: this.time.nowMs, tick: this.#tick };
      player.send(PongMessage, pong, Channel.Unreliable);
    });
    handlers.registerSystem(SceneLoadedMessage, ({ number }, player) => {
      if (!this.#scenes.loaded(player, number)) misplaced(player, "A scene that nobody asked to load");
    });
  }

  /** A client has said hello, and both sides agree on the protocol. */
  #greet(player: NetworkPlayer, resumes: boolean): void {
    if (!resumes) {
      this.#players.add(player);
      this.connected.emit(player);
    }
    if (player.isConnected) this.#authentication.begin(player, resumes);
  }

  #welcome(player: NetworkPlayer, method: string, reply: Uint8Array): void {
    const session = this.sessions?.of(player);
    const resumeWindowMs = this.sessions?.options.resumeWindowMs ?? 0;
    player.state = PlayerState.Authenticated;
    player.send(WelcomeMessage, {
      playerId: player.id,
      method,
      reply,
      session: session && { id: session.id, secret: session.secret, resumeWindowMs },
      ticksPerSecond: this.#options.tickRate ?? 0,
    });
  }

  #suspend(player: NetworkPlayer): void {
    player.suspended();
    this.#scenes.leave(player);
    this.sessions?.suspend(player);
    if (player.state !== PlayerState.Suspended) return;
    this.forEachExtension((extension) => extension.playerSuspended?.(player));
    this.suspended.emit(player);
  }

  #expire(player: NetworkPlayer): void {
    this.#end(player, { code: DisconnectCode.Timeout, text: "It has not come back" });
  }

  /** A player has left for good. A connection that never said hello is removed without an event. */
  #end(player: NetworkPlayer, reason: DisconnectReason): void {
    if (player.state === PlayerState.Disconnected) return;
    this.#unidentified.remove(player);
    this.#authentication.cancel(player);
    this.sessions?.remove(player);
    player.ended();
    this.#scenes.leave(player);
    const wasKnown = this.#players.delete(player);
    if (wasKnown) {
      this.disconnected.emit(player, reason);
      this.forEachExtension((extension) => extension.playerDisconnecting?.(player, reason));
    }
    if (player !== this.#localPlayer) return;
    if (this.#hostConnection) this.#hostEnded();
    this.#localPlayer = null;
  }

  #readied(player: NetworkPlayer): void {
    this.forEachExtension((extension) => extension.playerReady?.(player));
    this.readied.emit(player);
  }

  #startHost(client: NetworkClient): void {
    const drive = this.#isSelfDriven ? "automatic" : "manual";
    const [serverEnd, clientEnd] = HostConnection.pair(this.hostPipeEnd(drive), client.hostPipeEnd(client.drive));
    this.#hostConnection = serverEnd;
    this.onConnected(serverEnd);
    this.hostStarted.emit();
    client.joinHost(clientEnd);
  }

  #hostEnded(): void {
    this.#hostConnection = null;
    this.hostStopped.emit();
  }

  #runTick(): void {
    this.forEachExtension((extension) => extension.tick?.(this.#tick));
    this.ticked.emit(this.#tick);
    this.forEachExtension((extension) => extension.beforeSend?.());
  }
}
