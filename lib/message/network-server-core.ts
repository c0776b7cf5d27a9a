import { EventHub } from "../event-hub.js";
import { NetworkError } from "../network-error.js";
import { checkOptions } from "../options.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import type { ByteSegment, Channel, Drive, PeerHandler } from "../peer/index.js";
import type { PeerCore } from "../peer/peer-core.js";
import { printable } from "../printable.js";
import { serverFailed, serverFull, serverStopped } from "../socket/building/socket-errors.js";
import { checkReason, DisconnectCode, type DisconnectReason } from "../socket/disconnect-reason.js";
import type { IncomingConnection } from "../socket/index.js";
import { judge, type Verdict } from "../verdict.js";
import { ServerAuthentication, type ServerAuthenticationOwner } from "./authentication/server-authentication.js";
import { SESSION_METHOD } from "./authentication/session-proof.js";
import { SERVER_LOSSES, type SessionTable } from "./authentication/session-table.js";
import type { ServerExtension } from "./extension.js";
import { assertSameProtocol, type HostLink, joinAs } from "./host-link.js";
import type { NetworkClientCore } from "./network-client-core.js";
import { NetworkCore } from "./network-core.js";
import { type NetworkServerEvents, SERVER_EVENTS, SERVER_LATE_EVENTS } from "./network-events.js";
import type { NetworkServerMetrics } from "./network-metrics.js";
import type { NetworkServer } from "./network-server.js";
import { ERROR_BUDGET, type NetworkServerOptions } from "./network-server-options.js";
import { Admission } from "./players/admission.js";
import { clientNameOf, NetworkPlayer } from "./players/network-player.js";
import { type INetworkPlayer, type PlayerAuthentication, PlayerState } from "./players/player.js";
import { UnidentifiedPlayers } from "./players/unidentified-players.js";
import { defaultErrorBudget, type ErrorBudget, ErrorFlags } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import { type Welcome, WelcomeMessage } from "./protocol/system-messages.js";
import { type LoadSceneOptions, SceneBarrier } from "./scene-barrier.js";
import { registerServerHandlers } from "./server-handlers.js";
import { infoSource } from "./server-info.js";
import { handlerWhile, type ServerHandler, type ServerParts } from "./server-parts.js";
import { settledWithin } from "./time/deadline.js";
import { ServerTime } from "./time/server-time.js";
import { TickLoop, TurnTick } from "./time/tick-loop.js";

/** What happens inside a {@link NetworkServer}: connections become players, who are admitted, lost, resumed, ended. */
export class NetworkServerCore
  extends NetworkCore<ServerExtension>
  implements PeerHandler<LibraryConnection>, ServerAuthenticationOwner
{
  readonly events = new EventHub<NetworkServerEvents>(
    SERVER_EVENTS,
    (error, name) => this.report(error, null, null, `a listener of ${name}`),
    SERVER_LATE_EVENTS,
  );
  readonly tickRate: number;
  readonly errorBudget: ErrorBudget | null;
  readonly sessions: SessionTable | null;
  readonly time = new ServerTime(this.clock);
  /** All players who are connected or suspended, from their hello on. */
  readonly players = new Set<NetworkPlayer>();
  /** The player of the client in this process. */
  localPlayer: NetworkPlayer | null = null;
  readonly #server: NetworkServer;
  readonly #options: NetworkServerOptions;
  readonly #parts: ServerParts;
  readonly #authentication: ServerAuthentication;
  readonly #admission: Admission;
  readonly #scenes: SceneBarrier;
  readonly #unidentified: UnidentifiedPlayers;
  readonly #byConnection = new Map<LibraryConnection, NetworkPlayer>();
  readonly #isSelfDriven: boolean;
  /** Counts the calls of `start` and `stop`: a `start` that was waiting meanwhile gives up. */
  #starts = 0;
  /** Rejects the present `start`. */
  #abandonStart: (error: Error) => void = () => {};
  #opening: Promise<void> | null = null;
  #stopping: Promise<unknown> | null = null;
  #peer: PeerCore | null = null;
  #tickLoop: TickLoop | null = null;
  readonly #turnTick: TurnTick;
  #host: HostLink | null = null;

  /** @param server the public object, which extensions get */
  constructor(server: NetworkServer, options: NetworkServerOptions, parts: ServerParts) {
    super(options, "server");
    const { tickRate = 0, errorBudget, authentication = { authenticators: [] } } = options;
    if (errorBudget) checkOptions("errorBudget", errorBudget, ERROR_BUDGET);
    this.tickRate = tickRate;
    this.#server = server;
    this.#options = options;
    this.#parts = parts;
    this.sessions = parts.sessions;
    this.errorBudget = errorBudget === null ? null : { ...defaultErrorBudget, ...errorBudget };
    this.#isSelfDriven = this.drive === "automatic" && tickRate === 0;
    this.#authentication = new ServerAuthentication(this, authentication);
    this.#admission = new Admission(this.clock, this.peerSettings);
    const onReady = (player: NetworkPlayer) => {
      this.forEachExtension((extension) => extension.playerReady?.(player));
      this.events.emit("readied", player);
    };
    this.#scenes = new SceneBarrier(this.clock, onReady, (sceneName) =>
      this.complain(`a client could not load the scene ${JSON.stringify(sceneName)}`),
    );
    this.#unidentified = new UnidentifiedPlayers(this.clock, this.protocol, (player, resumes) =>
      this.#greet(player, resumes),
    );
    this.#turnTick = new TurnTick(this.ticks, () => {
      if (!this.active) return;
      this.time.advance(1);
      this.#runTick();
    });
    registerServerHandlers(this.dispatcher, {
      unidentified: this.#unidentified,
      authentication: this.#authentication,
      scenes: this.#scenes,
      time: this.time,
      charge: (...error) => this.charge(...error),
    });
    this.trace?.watchServer(this.events);
  }

  get authenticatedPlayers(): NetworkPlayer[] {
    return [...this.players].filter((player) => player.isAuthenticated);
  }

  get isHost(): boolean {
    return this.#host !== null;
  }

  get sceneName(): string | null {
    return this.#scenes.name;
  }

  get boundPorts(): readonly (number | null)[] {
    return this.#peer?.boundPorts ?? [];
  }

  get metrics(): NetworkServerMetrics {
    return {
      ...this.metricsOf(this.#peer, this.#byConnection.keys()),
      players: this.players.size,
      authenticatedPlayers: this.authenticatedPlayers.length,
      unauthenticated: this.#admission.metrics,
      suspended: this.sessions?.metrics ?? null,
      guard: this.guard?.metrics ?? null,
    };
  }

  async start(localClient: NetworkClientCore | null): Promise<void> {
    if (this.#isReceiving) await null; // Behind a stop that waits for the same.
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
    const { openPeer } = this.#parts;
    // The port is free again when the earlier stop is done.
    if (this.#stopping) await this.#stopping;
    this.#assertCurrent(attempt);
    if (openPeer) {
      this.#opening = this.#open(openPeer, attempt);
      await this.#opening;
    }
    this.forEachExtension((extension) => extension.started?.(this.#server));
    this.events.emit("started");
    if (localClient && attempt === this.#starts) await this.#startHost(localClient);
    this.#assertCurrent(attempt);
    if (this.drive === "automatic" && this.tickRate > 0) {
      this.#tickLoop = new TickLoop(this.clock, this.tickRate, (ticks) => {
        this.time.advance(ticks - 1);
        this.updateReceive();
        this.updateSent();
      });
    }
  }

  async stop(reason?: DisconnectReason): Promise<void> {
    if (reason) checkReason(reason);
    // What has arrived comes before the stop: behind the message of this handler, and where a tick rate has kept it
    // waiting. A connection's end follows one reading behind its packets.
    if (this.#isReceiving) await null;
    for (let reading = 0; reading < 2 && this.#tickLoop; reading++) this.#receive();
    if (this.active) {
      // The stop before a `start` that this one abandons may not be done.
      const stopping = Promise.all([this.#stopping, this.#stop(reason)]);
      this.#stopping = stopping;
      await stopping;
      if (this.#stopping === stopping) this.#stopping = null;
    } else await this.#stopping;
  }

  /** Inside a handler, or a listener of what a Peer has found. */
  get #isReceiving(): boolean {
    return this.#peer?.isBusy || this.#host?.server.isBusy || false;
  }

  #receive(): void {
    this.#peer?.updateReceive();
    this.#host?.receiveAtServer();
  }

  async #stop(reason: DisconnectReason | undefined): Promise<void> {
    const { code, text } = reason ?? serverStopped;
    this.#starts++;
    this.#abandonStart(new NetworkError("ERR_CLOSED", "The server was stopped"));
    this.#tickLoop?.stop();
    const peer = this.#peer;
    const hostPeer = this.#host && this.#hostEnded();
    for (const player of [...this.players]) {
      this.#byConnection.delete(player.lastConnection);
      if (player.isConnected) player.refuse(code, text);
      this.#end(player, { code, text });
    }
    for (const player of this.#byConnection.values()) this.#admission.remove(player);
    this.#unidentified.clear();
    this.#byConnection.clear();
    this.#scenes.reset();
    this.events.emit("stopped");
    this.forEachExtension((extension) => extension.stopped?.());
    this.deactivate();
    for (const name of ["started", "hostStarted", "hostStopped"] as const) this.events.reset(name);
    this.#peer = null;
    this.localPlayer = null;
    this.time.stop();
    // A socket that is still being bound is closed as soon as it is.
    const opened = this.#opening && settledWithin(this.clock, this.#opening, this.peerSettings.closeTimeoutMs);
    await Promise.all([peer?.close(), hostPeer?.close(), opened]);
  }

  updateReceive(): void {
    if (!this.active) return;
    this.ticks.begin();
    this.time.advance(1);
    this.#receive();
    this.ticks.pause();
  }

  updateSent(): void {
    if (!this.active) return;
    this.ticks.begin();
    this.#runTick();
    this.#peer?.updateSent();
    this.#host?.server.updateSent();
    this.ticks.end();
  }

  requestTick(): void {
    if (this.#isSelfDriven && this.active) this.#turnTick.plan();
  }

  async loadScene(name: string, options: LoadSceneOptions = {}): Promise<INetworkPlayer[]> {
    if (!this.active) throw new NetworkError("ERR_STATE", "The server is not active");
    return this.#scenes.load(name, this.authenticatedPlayers, options);
  }

  // What a Peer calls, or whoever else accepts connections.

  /** @param isHost it leads to a client in this process */
  attach(connection: LibraryConnection, isHost = false): void {
    this.connectionStarted(connection);
    const player = new NetworkPlayer(this, connection, isHost);
    if (isHost) this.localPlayer = player;
    this.#byConnection.set(connection, player);
    this.#unidentified.add(player);
    if (isHost) return;
    connection.isTrusted = false;
    this.#admission.add(player);
  }

  beforeAccept(incoming: IncomingConnection): Verdict | Promise<Verdict> {
    const { beforeAccept } = this.#options;
    if (this.#admission.isFull) return serverFull;
    if (!beforeAccept) return true;
    const court = { callback: "beforeAccept", maxCode: 999, failed: serverFailed, report: this.onError.bind(this) };
    return judge(court, () => beforeAccept(incoming));
  }

  onConnected(connection: LibraryConnection): void {
    this.attach(connection);
  }

  onMessage(connection: LibraryConnection, bytes: ByteSegment, channel: Channel): void {
    const player = this.#byConnection.get(connection);
    if (!player || !this.#unidentified.maySend(player, bytes)) return;
    if (this.#isSelfDriven) this.ticks.begin();
    this.dispatcher.receive(player, bytes, channel);
    this.requestTick();
  }

  onDisconnected(connection: LibraryConnection, reason: DisconnectReason): void {
    this.connectionEnded(connection, reason);
    const player = this.#byConnection.get(connection);
    if (!player) return;
    this.#byConnection.delete(connection);
    if (this.sessions?.of(player) && player.isAuthenticated && SERVER_LOSSES.has(reason.code))
      this.#suspend(player, reason);
    else this.#end(player, reason);
    this.requestTick();
  }

  onMoved(connection: LibraryConnection, from: string): void {
    const player = this.#byConnection.get(connection);
    if (player && this.players.has(player)) this.events.emit("moved", player, from);
  }

  onError(error: unknown): void {
    this.report(error, null, null, "beforeAccept");
  }

  onDrain(connection: LibraryConnection): void {
    const player = this.#byConnection.get(connection);
    player?.drained();
    if (player?.isConnected) this.events.emit("drained", player);
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

  errorLimitReached(player: NetworkPlayer, lastError: string): void {
    const { onErrorLimit } = this.#options;
    const last = lastError && `, the last: ${printable(lastError)}`;
    try {
      if (onErrorLimit) onErrorLimit(player);
      else player.refuse(DisconnectCode.ErrorLimit, `Too many errors${last}`);
    } catch (error) {
      this.report(error, player, null);
    }
  }

  leave(player: NetworkPlayer, reason: DisconnectReason): void {
    // The connection then calls `onDisconnected`; a suspended player has none.
    player.lastConnection.disconnect(reason);
    if (player.state === PlayerState.Suspended) this.#end(player, reason);
  }

  // What the authentication calls.

  admit(player: NetworkPlayer, authentication: PlayerAuthentication, reply: Uint8Array): void {
    if (!player.isHost && !this.#admission.admit(player)) return;
    player.lastConnection.isTrusted = true;
    player.id = this.#parts.nextPlayerId();
    player.authentication = authentication;
    const session = this.sessions?.create(player);
    this.#welcome(player, { method: authentication.method, reply, session });
    this.forEachExtension((extension) => extension.playerAuthenticated?.(player));
    // An extension may have disconnected the player.
    if (player.isAuthenticated) this.events.emit("authenticated", player);
    if (player.isAuthenticated) this.#scenes.enter(player);
    this.requestTick();
  }

  resume(newcomer: NetworkPlayer, player: NetworkPlayer, reply: Uint8Array): void {
    const connection = newcomer.lastConnection;
    const earlier = player.connection;
    if (!earlier && !this.#admission.admit(player, newcomer)) return;
    newcomer.lastConnection.isTrusted = true;
    this.#admission.remove(newcomer);
    this.sessions?.resume(player);
    if (earlier) {
      this.#byConnection.delete(earlier);
      const reason = { code: DisconnectCode.Replaced, text: "The session goes on elsewhere" };
      player.suspended({ place: clientNameOf(player), reason });
      earlier.refuse(reason.code, reason.text);
    }
    this.#byConnection.set(connection, player);
    player.attach(newcomer);
    this.#welcome(player, { method: SESSION_METHOD, reply, session: undefined });
    this.forEachExtension((extension) => extension.playerResumed?.(player));
    if (player.isAuthenticated) this.events.emit("resumed", player);
    if (player.isAuthenticated) this.#scenes.enter(player);
    this.requestTick();
  }

  /** A client has said hello, and both sides agree on the protocol. */
  #greet(player: NetworkPlayer, resumes: boolean): void {
    if (!resumes) {
      this.players.add(player);
      this.events.emit("connected", player);
    }
    if (player.isConnected) this.#authentication.begin(player, resumes);
  }

  #welcome(player: NetworkPlayer, parts: Pick<Welcome, "method" | "reply" | "session">): void {
    player.state = PlayerState.Authenticated;
    const welcome = { playerId: player.id, ticksPerSecond: this.tickRate, ...parts };
    if (!player.send(WelcomeMessage, welcome))
      player.refuse(DisconnectCode.ConnectionLost, "The welcome was not taken");
  }

  #suspend(player: NetworkPlayer, reason: DisconnectReason): void {
    player.suspended({ place: clientNameOf(player), reason });
    this.#admission.remove(player);
    this.#scenes.leave(player);
    this.sessions?.suspend(player, () => {
      this.#end(player, { code: DisconnectCode.Timeout, text: "The player has not come back" });
    });
    if (player.state !== PlayerState.Suspended) return;
    this.forEachExtension((extension) => extension.playerSuspended?.(player));
    this.events.emit("suspended", player);
  }

  /** A player has left for good. A connection that never said hello is removed without an event. */
  #end(player: NetworkPlayer, reason: DisconnectReason): void {
    if (player.state === PlayerState.Disconnected) return;
    this.#admission.remove(player);
    this.#unidentified.remove(player);
    this.#authentication.cancel(player);
    this.sessions?.remove(player);
    this.playerLost(player, { place: clientNameOf(player), reason });
    this.#scenes.leave(player);
    const wasKnown = this.players.delete(player);
    if (wasKnown) {
      this.events.emit("disconnected", player, reason);
      this.forEachExtension((extension) => extension.playerDisconnecting?.(player, reason));
    }
    if (player !== this.localPlayer) return;
    if (this.#host) void this.#hostEnded().close();
    this.localPlayer = null;
  }

  async #open(openPeer: NonNullable<ServerParts["openPeer"]>, attempt: number): Promise<void> {
    try {
      const { maxConnections } = this.#admission;
      const info = infoSource(this, this.peerSettings.maxConnections, this.#options.info);
      const config = { ...this.peerConfig(this.#peerDrive), maxConnections, info };
      const handler = this.#handler((connection) => this.attach(connection));
      const peer = await openPeer(handler, config);
      if (attempt === this.#starts) this.#peer = peer;
      else await peer.close();
    } catch (error) {
      this.#assertCurrent(attempt);
      this.deactivate();
      throw error;
    }
    this.#assertCurrent(attempt);
  }

  /** @throws NetworkError `ERR_CLOSED` when the server was stopped since this `start` */
  #assertCurrent(attempt: number): void {
    if (attempt !== this.#starts) throw new NetworkError("ERR_CLOSED", "The server was stopped");
  }

  async #startHost(client: NetworkClientCore): Promise<void> {
    const { beforeAccept: _, ...handler } = this.#handler((connection) => {
      this.attach(connection, true);
      this.events.emit("hostStarted");
    });
    const config = { ...this.peerConfig(this.#peerDrive), guard: null };
    const host = joinAs(client, this.#server, () => client.joinHost({ handler, config }));
    if (!host) return;
    this.#host = host;
    try {
      await host.connect();
    } catch (error) {
      if (this.#host === host) this.#host = null;
      void host.server.close();
      this.report(error, null, null, "the host's client");
      client.abandonHost(host, error);
    }
  }

  /** What a Peer of the present start calls. */
  #handler(onConnected: ServerHandler["onConnected"]): ServerHandler {
    const attempt = this.#starts;
    return handlerWhile(() => attempt === this.#starts, this, onConnected);
  }

  #hostEnded(): PeerCore {
    const { server } = this.#host as HostLink;
    this.#host = null;
    this.events.emit("hostStopped");
    return server;
  }

  /** With a tick rate, and with manual drive, the core drives its Peers. */
  get #peerDrive(): Drive {
    return this.#isSelfDriven ? "automatic" : "manual";
  }

  #runTick(): void {
    const { tick } = this.time;
    this.forEachExtension((extension) => extension.tick?.(tick));
    this.events.emit("ticked", tick);
    this.forEachExtension((extension) => extension.beforeSend?.());
  }
}
