import { whenAborted } from "../abort-signals.js";
import { TokenBucket } from "../guard/token-bucket.js";
import { NetworkError } from "../network-error.js";
import { checkOptions } from "../options.js";
import { type ByteSegment, Channel } from "../peer/index.js";
import { connectError } from "../peer/peer-error.js";
import { checkReason } from "../socket/disconnect-reason.js";
import { DisconnectCode, type DisconnectReason } from "../socket/index.js";
import { CLIENT_LOSSES, PASSING, REFUSALS, STOPS } from "./authentication/ends.js";
import { type ClientSession, sessionCredential } from "./authentication/session-proof.js";
import { ClientDoors } from "./client-doors.js";
import { ClientLink, type ClientLinkOwner, type Introduction } from "./client-link.js";
import { ClientPlace } from "./client-place.js";
import { ConnectAttempts, redirectLoop } from "./connect-attempt.js";
import { defaultSocketFactory } from "./default-socket-factory.js";
import type { ClientExtension } from "./extension.js";
import { sayGoodbye } from "./farewell.js";
import { type HostEnd, HostLink } from "./host-link.js";
import type { OutOfEra } from "./message-dispatcher.js";
import type { NetworkClient } from "./network-client.js";
import {
  CLIENT_OPTIONS,
  CONNECT_OPTIONS,
  type ConnectOptions,
  type NetworkClientOptions,
  type SceneLoader,
} from "./network-client-options.js";
import { NetworkCore } from "./network-core.js";
import { CLIENT_EVENTS, type NetworkClientEvents, NetworkEventHub, type Resumption } from "./network-events.js";
import type { NetworkClientMetrics } from "./network-metrics.js";
import { placeOfOption } from "./network-options.js";
import type { NetworkPlayer } from "./players/network-player.js";
import { type INetworkPlayer, PlayerState } from "./players/player.js";
import { ProofTurns } from "./proof-turns.js";
import { ErrorFlags } from "./protocol/error-flags.js";
import {
  ChallengeMessage,
  MoveMessage,
  PingMessage,
  type Place,
  PongMessage,
  type Redirect,
  RedirectMessage,
  TableMessage,
  type Welcome,
  WelcomeMessage,
} from "./protocol/system-messages.js";
import { Era } from "./protocol/wire-numbers.js";
import { registerSceneLoading } from "./scene-loading.js";
import { endingOf, refused, serverNameOf, type Target, targetOf } from "./target.js";
import { NetworkTimeEstimate } from "./time/network-time.js";
import { PingLoop } from "./time/ping-loop.js";
import { ReconnectLoop } from "./time/reconnect-loop.js";
import { ResumeLoop } from "./time/resume-loop.js";

/** Redirects in the game: so many at once, and one more for each of these times. */
const REDIRECTS = { burst: 4, perSecond: 0.1 };
const GOES_ON: DisconnectReason = { code: DisconnectCode.Moved, text: "The client goes on at another server" };

/** What happens inside a {@link NetworkClient}: it connects, proves who it is, is lost and comes back. */
export class NetworkClientCore extends NetworkCore<ClientExtension> implements ClientLinkOwner {
  readonly events = new NetworkEventHub<NetworkClientEvents>(
    CLIENT_EVENTS,
    (error, name) => this.report(error, null, null, `a listener of ${name}`),
    ["started"],
  );
  readonly time = new NetworkTimeEstimate(this.clock);
  readonly errorBudget = null;
  onLoadScene: SceneLoader | null = null;
  readonly #client: NetworkClient;
  readonly #options: NetworkClientOptions;
  readonly #pings: PingLoop;
  readonly turns = new ProofTurns<ClientLink>();
  readonly #resumeLoop: ResumeLoop<Target>;
  readonly #reconnectLoop: ReconnectLoop;
  /** Where it connects again by itself; null: it does not. */
  #home: ConnectOptions | null = null;
  /** Of the connection, or of the last one. */
  #target: Target | null = null;
  readonly #doors = new ClientDoors((text) => this.complain(text));
  readonly #place: ClientPlace;
  /** The connection, or the first attempt. */
  #link: ClientLink | null = null;
  readonly #attempts = new ConnectAttempts();
  readonly #redirects: TokenBucket;
  #host: HostLink | null = null;
  #player: NetworkPlayer | null = null;
  #session: ClientSession | null = null;
  #suspensions = 0;
  #resumptions = 0;
  /** Settles `connect`. */
  #connecting: { resolve(player: INetworkPlayer): void; reject(error: unknown): void } | null = null;

  /** @param client the public object, which extensions get */
  constructor(client: NetworkClient, options: NetworkClientOptions) {
    checkOptions("NetworkClient", options, CLIENT_OPTIONS, placeOfOption);
    super(options, "client");
    this.#client = client;
    this.#options = options;
    this.#pings = new PingLoop(this.clock, options.pingIntervalMs ?? 2000, this.drive, () => {
      this.#player?.send(PingMessage, { clientTimeMs: this.clock.now() }, Channel.Unreliable);
    });
    this.#redirects = new TokenBucket(this.clock, REDIRECTS.burst, REDIRECTS.perSecond);
    this.#resumeLoop = new ResumeLoop(this.clock, this.peerSettings.random, {
      attempt: (target, patience) => this.#resumeAt(target, patience),
      onRefused: (reason) => {
        // One that follows a redirect may still succeed.
        if (this.#attempts.size === 0) this.#end(reason);
      },
      onExpired: (windowMs) => {
        this.#end({ code: DisconnectCode.Timeout, text: `The server was not reached again within ${windowMs} ms` });
      },
    });
    this.#reconnectLoop = new ReconnectLoop(this.clock, this.peerSettings.random, () => void this.#reconnect());
    this.#place = new ClientPlace({
      ...{ time: this.time, pings: this.#pings },
      complain: (text) => this.complain(text),
      forEachExtension: (call) => this.forEachExtension(call),
    });
    this.#registerHandlers();
    this.trace?.watch(this.events);
  }

  get player(): INetworkPlayer | null {
    return this.#player;
  }

  get isHost(): boolean {
    return this.#host !== null;
  }

  get metrics(): NetworkClientMetrics {
    const connection = this.#link?.connection;
    const peer = this.#host ? null : (this.#link?.peer ?? null);
    return {
      ...this.metricsOf(peer, connection ? [connection] : []),
      suspensions: this.#suspensions,
      resumptions: this.#resumptions,
    };
  }

  async connect(options: ConnectOptions): Promise<INetworkPlayer> {
    checkOptions("connect", options, CONNECT_OPTIONS);
    const { signal, ...home } = options;
    this.assertInactive();
    signal?.throwIfAborted();
    this.#reconnectLoop.stop();
    this.#home = this.#options.reconnect ? home : null;
    return this.#connect(options);
  }

  async #connect({ host, port, signal }: ConnectOptions): Promise<INetworkPlayer> {
    const outcome = new Promise<INetworkPlayer>((resolve, reject) => {
      this.#connecting = { resolve, reject };
    });
    const link = this.#newLink();
    const stopWaiting = whenAborted(signal, () => this.failed(link, signal?.reason));
    try {
      this.#begin(link);
      if (link === this.#link) void this.#aim(link, host, port).catch((error) => this.failed(link, error));
      return await outcome;
    } finally {
      stopWaiting();
    }
  }

  async disconnect(reason: DisconnectReason = { code: 0, text: "" }): Promise<void> {
    checkReason(reason);
    this.#home = null;
    this.#reconnectLoop.stop();
    const link = this.#link;
    const goodbye = this.#player?.state === PlayerState.Suspended ? this.#sayGoodbye(reason) : null;
    link?.drop(reason);
    if (this.active) this.#end(reason, new NetworkError("ERR_CLOSED", "The client was disconnected"));
    await Promise.all([link?.peer?.close(), goodbye]);
  }

  updateReceive(): void {
    if (this.#host) this.#host.receiveAtClient();
    else this.#updatePeers("updateReceive");
  }

  updateSent(): void {
    if (!this.active) return;
    this.#runTick();
    this.#pings.update();
    this.#updatePeers("updateSent");
  }

  // What handlers and players call.

  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void {
    player.chargeError(cost, flags);
    this.complain(`from the server: ${text}`);
    const isUnreadable = (flags & (ErrorFlags.Deserialization | ErrorFlags.SerializationLimit)) !== 0;
    if (isUnreadable && (this.#options.disconnectOnError ?? true)) player.refuse(DisconnectCode.InvalidPacket, text);
  }

  /** A message that comes before the welcome, or before a move, has overtaken it, or waits for the server's proof. */
  unauthenticated(player: NetworkPlayer, _message: unknown, bytes: ByteSegment, channel: Channel): void {
    if (!this.#linkOf(player).held.add(bytes, channel))
      player.refuse(DisconnectCode.InvalidPacket, "More than 16 MiB came before the welcome, or a move");
  }

  outOfEra(player: NetworkPlayer, { message, wireNumber, bytes, channel }: OutOfEra): void {
    if (player.numbers.eraOf(wireNumber) === Era.Past) return;
    if (message === MoveMessage && player.isAuthenticated) {
      player.numbers.follow(wireNumber);
      this.dispatcher.receive(player, bytes, channel);
    } else if (this.#place.mayMove) this.unauthenticated(player, message, bytes, channel);
    else this.dispatcher.noMessage(player, wireNumber);
  }

  errorLimitReached(): void {}

  leave(player: NetworkPlayer, reason: DisconnectReason): void {
    if (player === this.#player) void this.disconnect(reason);
  }

  // What the server in this process calls (host mode).

  /** Null: a listener of `started` has disconnected it. */
  joinHost(server: HostEnd): HostLink | null {
    const link = this.#newLink({}, true);
    this.#home = null;
    this.#reconnectLoop.stop();
    this.#begin(link);
    if (link !== this.#link) return null;
    this.#host = new HostLink(this.clock, server, {
      handler: link.handler(),
      config: this.peerConfig(this.drive),
    });
    link.peer = this.#host.client;
    return this.#host;
  }

  /** The server could not connect the host's client. */
  abandonHost(host: HostLink, error: unknown): void {
    if (this.#host === host && this.#link) this.failed(this.#link, error);
  }

  #begin(link: ClientLink): void {
    this.activate();
    this.#link = link;
    this.#attempts.add("connect", null, link);
    this.#session = null;
    this.time.reset();
    this.forEachExtension((extension) => extension.started?.(this.#client));
    this.events.emit("started");
  }

  /** Finds out where the server is, and dials. */
  async #aim(link: ClientLink, host: string | undefined, port: number | undefined): Promise<void> {
    link.limit();
    const factory = this.#options.socketFactory ?? (await defaultSocketFactory());
    if (link.isOver) return;
    this.#target = this.#doors.begin({ factory, endPoint: factory.getConnectEndPoint(host, port) });
    await link.dial(this.#target);
  }

  #newLink(introduction: Partial<Introduction> = {}, isHost = false): ClientLink {
    const credential = introduction.resumes
      ? sessionCredential(this.#session as ClientSession)
      : (this.#options.credential ?? null);
    return new ClientLink(this, { credential, resumes: false, ...introduction }, isHost);
  }

  #dial(link: ClientLink, target: Target, patience = 1): void {
    link.limit(patience);
    void link.dial(target);
  }

  /** Makes nothing on the heap while there are no attempts, which is nearly always. */
  #updatePeers(update: "updateReceive" | "updateSent"): void {
    if (this.#attempts.size === 0) this.#link?.peer?.[update]();
    else for (const link of new Set([this.#link, ...this.#attempts.links])) link?.peer?.[update]();
  }

  #linkOf(player: NetworkPlayer): ClientLink {
    return this.#attempts.linkOf(player) ?? (this.#link as ClientLink);
  }

  // What links call.

  dialled(endPoint: object): void {
    this.trace?.event("connectivity:connection_attempted", { ...endPoint });
  }

  greeted({ player }: ClientLink): void {
    if (this.#player) return;
    this.#player = player as NetworkPlayer;
    this.#pings.start();
    this.events.emit("connected", this.#player);
  }

  received(link: ClientLink, bytes: ByteSegment, channel: Channel): void {
    const player = link === this.#link && this.#player ? this.#player : (link.player as NetworkPlayer);
    this.dispatcher.receive(player, bytes, channel);
    if (this.drive === "automatic") this.#runTick();
  }

  drained(link: ClientLink): void {
    if (link !== this.#link || !this.#player?.isConnected) return;
    this.#player.drained();
    this.events.emit("drained", this.#player);
  }

  lost(link: ClientLink, reason: DisconnectReason): void {
    const player = this.#player;
    if (!player?.isAuthenticated || link !== this.#link) {
      this.#attemptFailed(link, reason, connectError(reason, serverNameOf(link.target)));
      return;
    }
    link.drop();
    this.#pings.stop();
    const mayResume = this.#session !== null && this.#host === null && (this.#options.resume ?? true);
    // The server may hear of the next connection before this client does.
    const isReplaced = reason.code === DisconnectCode.Replaced && this.#attempts.size > 0;
    const hasStopped = STOPS.has(reason.code) && this.#doors.targets.length > 0;
    if (mayResume && (CLIENT_LOSSES.has(reason.code) || isReplaced || hasStopped)) this.#suspend(player, reason);
    else this.#end(reason);
  }

  failed(link: ClientLink, cause: unknown): void {
    if (link.isOver) return;
    // The reason of an aborted signal can be any value.
    const { reason, code, message: text } = (cause instanceof Error ? cause : new Error(String(cause))) as NetworkError;
    this.trace?.event("connectivity:connection_failed", { error: code, text });
    const isMine = reason !== undefined && !(link.resumes && reason.code === DisconnectCode.HandshakeTimeout);
    link.drop(isMine ? reason : undefined);
    const end = reason ?? { code: DisconnectCode.ConnectionLost, text };
    if (link === this.#link && this.#player?.isAuthenticated) this.#end(end, cause);
    else this.#attemptFailed(link, end, cause);
  }

  #attemptFailed(link: ClientLink, reason: DisconnectReason, cause: unknown): void {
    link.drop();
    const attempt = this.#attempts.of(link);
    if (attempt?.last !== link) return; // It was redirected, and another link goes on for it.
    this.#attempts.end(attempt);
    if (attempt.purpose === "connect") this.#end(reason, cause);
    else if (attempt.purpose === "resume")
      this.#resumeLoop.failed(attempt.target as Target, reason, REFUSALS.has(reason.code));
    else this.#place.notFollowed(cause as Error);
  }

  #registerHandlers(): void {
    const handlers = this.dispatcher;
    handlers.registerSystem(TableMessage, (table, player) => this.#linkOf(player).onTable(table));
    handlers.registerSystem(ChallengeMessage, ({ nonce }, player) => this.#linkOf(player).onChallenge(nonce));
    handlers.registerSystem(WelcomeMessage, (welcome, player) => this.#linkOf(player).onWelcome(welcome));
    handlers.registerSystem(RedirectMessage, (redirect, player) =>
      this.#linkOf(player).onRedirect((link) => this.#follow(link, redirect)),
    );
    const onMove = (place: Place, player: NetworkPlayer) => {
      this.#place.moved(player, place, this.#target);
      this.#releaseHeld(this.#link as ClientLink, player);
    };
    handlers.registerSystem(MoveMessage, onMove, { allowUnauthenticated: false });
    handlers.registerSystem(PongMessage, ({ clientTimeMs, serverTimeMs, tick, doors }, player) => {
      this.time.addSample(clientTimeMs, serverTimeMs, tick);
      if (doors) this.#doors.remember(this.#linkOf(player), doors);
    });
    registerSceneLoading(handlers, this);
  }

  welcomed(link: ClientLink, { method, session, place, hasMoved, lostMs, doors }: Welcome): void {
    const player = this.#player as NetworkPlayer;
    const wasAdmitted = player.authentication !== null;
    this.#attempts.clear(link, GOES_ON);
    if (link !== this.#link) this.#link?.drop(GOES_ON);
    // It follows a redirect, so its connection was not lost.
    if (player.isAuthenticated) player.suspended(endingOf(this.#target, GOES_ON));
    this.#link = link;
    this.#target = link.target;
    this.#doors.remember(link, doors);
    this.#reconnectLoop.connected();
    player.attach(link.player as NetworkPlayer);
    player.state = PlayerState.Authenticated;
    if (!link.resumes) {
      player.authentication = { method, data: undefined };
      this.#session = session ?? null;
    }
    if (wasAdmitted) this.#resumed(player, place, { hasMoved: hasMoved || !link.resumes, lostMs });
    else {
      this.#place.admitted(player, place);
      if (player.isAuthenticated) this.events.emit("authenticated", player);
      this.#connecting?.resolve(player);
      this.#connecting = null;
    }
    this.#releaseHeld(link, player);
  }

  #resumed(player: NetworkPlayer, place: Place, resumption: Resumption): void {
    const link = this.#link;
    this.#resumptions++;
    this.#resumeLoop.stop();
    this.#place.resumed(player, place, this.#target, resumption.hasMoved);
    if (player.isAuthenticated) this.events.emit("resumed", player, resumption);
    if (link === this.#link && player.isAuthenticated) player.requests.askAgain();
  }

  /** Goes where a server redirects it, beside the connection to that server. @throws NetworkError */
  #follow(link: ClientLink, { door, ticket }: Redirect): void {
    const { target: from, connection } = link;
    if (!from || !connection) throw refused("The server in this process redirects its client");
    const target = targetOf(door, from, connection);
    const { security } = connection;
    if (!link.isAdmitted) {
      const next = this.#newLink({ resumes: link.resumes, ticket, security });
      this.#attempts.of(link)?.redirect(link, next);
      this.#dial(next, target);
      return;
    }
    if (!this.#redirects.tryTake(1)) throw redirectLoop("The client is redirected again and again");
    this.#attempts.clear();
    const next = this.#newLink({ resumes: this.#session !== null, ticket, security });
    this.#attempts.add("redirect", target, next);
    this.#dial(next, target);
  }

  #releaseHeld(link: ClientLink, player: NetworkPlayer): void {
    link.held.release((bytes, channel) => {
      if (link === this.#link) this.dispatcher.receive(player, bytes, channel);
    });
  }

  #suspend(player: NetworkPlayer, reason: DisconnectReason): void {
    this.#suspensions++;
    player.suspended(endingOf(this.#target, reason));
    this.#link = null;
    this.time.reset();
    const { resumeWindowMs } = this.#session as ClientSession;
    this.#resumeLoop.start(resumeWindowMs, this.#target as Target, this.#doors.besides(this.#target as Target));
    this.#place.suspended(player);
    if (player.state === PlayerState.Suspended) this.events.emit("suspended", player);
  }

  #resumeAt(target: Target, patience: number): void {
    const security = target === this.#target ? "none" : this.#doors.leastSecurity;
    const link = this.#newLink({ resumes: true, security });
    this.#attempts.add("resume", target, link);
    this.#dial(link, target, patience);
  }

  #end(reason: DisconnectReason, failure: unknown = connectError(reason, serverNameOf(this.#target))): void {
    const player = this.#player;
    // A session that could not be resumed was lost before, whatever has ended the attempts.
    const isLost = player?.state === PlayerState.Suspended || (player?.isAuthenticated && PASSING.has(reason.code));
    this.#link?.drop();
    this.#attempts.clear();
    this.#link = null;
    this.#player = null;
    this.#host = null;
    this.#session = null;
    this.#pings.stop();
    this.#resumeLoop.stop();
    const ending = endingOf(this.#target, reason);
    this.deactivate((failure as Partial<NetworkError> | null)?.code === "ERR_CLOSED" ? undefined : ending);
    this.events.reset("started");
    player?.ended(ending);
    const connecting = this.#connecting;
    this.#connecting = null;
    if (player) {
      this.events.emit("disconnected", reason);
      this.#place.ended(player, reason);
    }
    this.forEachExtension((extension) => extension.stopped?.());
    connecting?.reject(failure);
    if (isLost && this.#home && !this.active) this.#reconnectLoop.wait();
  }

  async #reconnect(): Promise<void> {
    const home = this.#home as ConnectOptions;
    try {
      await this.#connect(home);
    } catch (error) {
      if (home !== this.#home) return; // The application has other plans.
      const isPassing = error instanceof NetworkError && (!error.reason || PASSING.has(error.reason.code));
      if (isPassing) this.#reconnectLoop.wait();
      else this.report(error, null, null, "connecting again");
    }
  }

  /** The server still keeps the place of a player whose connection was lost. */
  #sayGoodbye(reason: DisconnectReason): Promise<void> {
    const { closeTimeoutMs: timeoutMs } = this.peerSettings;
    const [target, session] = [this.#target as Target, this.#session as ClientSession];
    return sayGoodbye({ target, session, reason, owner: this, config: this.peerConfig("automatic"), timeoutMs });
  }

  #runTick(): void {
    if (this.extensions.length === 0) return;
    this.ticks.begin();
    this.forEachExtension((extension) => extension.tick?.(this.time.tick));
    this.forEachExtension((extension) => extension.beforeSend?.());
    this.ticks.end();
  }
}
