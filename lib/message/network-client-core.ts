import { whenAborted } from "../abort-signals.js";
import { EventHub } from "../event-hub.js";
import { NetworkError } from "../network-error.js";
import { checkOptions } from "../options.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import { Heard } from "../peer/handshake/heard.js";
import { type ByteSegment, Channel, type PeerHandler } from "../peer/index.js";
import { PeerCore } from "../peer/peer-core.js";
import { connectError } from "../peer/peer-error.js";
import { checkReason } from "../socket/disconnect-reason.js";
import { DisconnectCode, type DisconnectReason } from "../socket/index.js";
import { ClientAuthentication, HandshakeStep } from "./authentication/client-authentication.js";
import { LOSSES, PASSING, REFUSALS } from "./authentication/ends.js";
import { type ClientSession, sessionCredential } from "./authentication/session-proof.js";
import { ClientPlace } from "./client-place.js";
import { defaultSocketFactory } from "./default-socket-factory.js";
import type { ClientExtension } from "./extension.js";
import { sayGoodbye } from "./farewell.js";
import { endingOf, handshakeTimeout, serverNameOf, type Target } from "./handshake-timeout.js";
import { HeldMessages } from "./held-messages.js";
import { type HostEnd, HostLink } from "./host-link.js";
import { type Link, newLink } from "./link.js";
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
import { CLIENT_EVENTS, type NetworkClientEvents } from "./network-events.js";
import type { NetworkClientMetrics } from "./network-metrics.js";
import { placeOfOption } from "./network-options.js";
import { NetworkPlayer } from "./players/network-player.js";
import { type INetworkPlayer, PlayerState } from "./players/player.js";
import { ErrorFlags } from "./protocol/error-flags.js";
import {
  ChallengeMessage,
  MoveMessage,
  PingMessage,
  type Place,
  PongMessage,
  TableMessage,
  type Welcome,
  WelcomeMessage,
} from "./protocol/system-messages.js";
import { Era } from "./protocol/wire-numbers.js";
import { registerSceneLoading } from "./scene-loading.js";
import { NetworkTimeEstimate } from "./time/network-time.js";
import { PingLoop } from "./time/ping-loop.js";
import { ReconnectLoop } from "./time/reconnect-loop.js";
import { ResumeLoop } from "./time/resume-loop.js";

const GIVEN_UP = { code: DisconnectCode.AuthenticationFailed, text: "The client has given up" };

/** What happens inside a {@link NetworkClient}: it connects, proves who it is, is lost and comes back. */
export class NetworkClientCore extends NetworkCore<ClientExtension> {
  readonly events = new EventHub<NetworkClientEvents>(
    CLIENT_EVENTS,
    (error, name) => this.report(error, null, null, `a listener of ${name}`),
    ["started"],
  );
  readonly time = new NetworkTimeEstimate(this.clock);
  readonly errorBudget = null;
  onLoadScene: SceneLoader | null = null;
  readonly #client: NetworkClient;
  readonly #options: NetworkClientOptions;
  readonly #held: HeldMessages;
  readonly #pings: PingLoop;
  readonly #resumeLoop: ResumeLoop;
  readonly #reconnectLoop: ReconnectLoop;
  /** Where it connects again by itself; null: it does not. */
  #home: ConnectOptions | null = null;
  #target: Target | null = null;
  readonly #place: ClientPlace;
  #link: Link | null = null;
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
    this.#held = new HeldMessages();
    this.#pings = new PingLoop(this.clock, options.pingIntervalMs ?? 2000, this.drive, () => {
      this.#player?.send(PingMessage, { clientTimeMs: this.clock.now() }, Channel.Unreliable);
    });
    this.#resumeLoop = new ResumeLoop(this.clock, {
      attempt: () => this.#redial(),
      onExpired: (windowMs) => {
        this.#end({ code: DisconnectCode.Timeout, text: `The server was not reached again within ${windowMs} ms` });
      },
    });
    this.#reconnectLoop = new ReconnectLoop(this.clock, this.peerSettings.random, () => void this.#reconnect());
    this.#place = new ClientPlace({
      time: this.time,
      pings: this.#pings,
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
    const connection = this.#link?.authentication?.player.lastConnection;
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
    const link = newLink();
    const stopWaiting = whenAborted(signal, () => this.#fail(link, signal?.reason));
    try {
      this.#begin(link);
      if (link === this.#link) void this.#aim(link, host, port).catch((error) => this.#fail(link, error));
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
    if (link) this.#drop(link, reason);
    if (this.active) this.#end(reason, new NetworkError("ERR_CLOSED", "The client was disconnected"));
    await Promise.all([link?.peer?.close(), goodbye]);
  }

  updateReceive(): void {
    if (this.#host) this.#host.receiveAtClient();
    else this.#link?.peer?.updateReceive();
  }

  updateSent(): void {
    if (!this.active) return;
    this.#runTick();
    this.#pings.update();
    this.#link?.peer?.updateSent();
  }

  // What handlers and players call.

  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void {
    player.chargeError(cost, flags);
    this.complain(`from the server: ${text}`);
    const isUnreadable = (flags & (ErrorFlags.Deserialization | ErrorFlags.SerializationLimit)) !== 0;
    if (isUnreadable && (this.#options.disconnectOnError ?? true)) player.refuse(DisconnectCode.InvalidPacket, text);
  }

  /** A message that comes before the welcome, or before a move, has overtaken it. */
  unauthenticated(player: NetworkPlayer, _message: unknown, bytes: ByteSegment, channel: Channel): void {
    if (!this.#held.add(bytes, channel)) player.refuse(DisconnectCode.InvalidPacket, "Too much before the welcome");
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
    const link = newLink();
    this.#home = null;
    this.#reconnectLoop.stop();
    this.#begin(link);
    if (link !== this.#link) return null;
    this.#host = new HostLink(this.clock, server, {
      handler: this.#handlerOf(link),
      config: this.peerConfig(this.drive),
    });
    link.peer = this.#host.client;
    return this.#host;
  }

  /** The server could not connect the host's client. */
  abandonHost(host: HostLink, error: unknown): void {
    if (this.#host === host) this.#fail(this.#link, error);
  }

  #begin(link: Link): void {
    this.activate();
    this.#link = link;
    this.#session = null;
    this.time.reset();
    this.forEachExtension((extension) => extension.started?.(this.#client));
    this.events.emit("started");
  }

  /** Finds out where the server is, and dials. */
  async #aim(link: Link, host: string | undefined, port: number | undefined): Promise<void> {
    this.#limit(link);
    const factory = this.#options.socketFactory ?? (await defaultSocketFactory());
    if (link !== this.#link) return;
    this.#target = { factory, endPoint: factory.getConnectEndPoint(host, port) };
    await this.#dial(link, this.#target);
  }

  async #dial(link: Link, { factory, endPoint }: Target): Promise<void> {
    try {
      this.trace?.event("connectivity:connection_attempted", { ...endPoint });
      const config = this.peerConfig(this.drive);
      link.peer = new PeerCore(factory.createClientSocket(), factory.maxPacketSize, this.#handlerOf(link), config);
      await link.peer.connect(endPoint);
    } catch (error) {
      this.#fail(link, error);
    }
  }

  /** The link's handshake, from the name of the server to its welcome, has limited time. */
  #limit(link: Link): void {
    const timeoutMs = this.peerSettings.handshakeTimeoutMs;
    link.timer = this.clock.setTimeout(() => {
      const step = link.authentication?.step ?? null;
      this.#fail(link, handshakeTimeout(serverNameOf(this.#target), step, link.peer?.heard ?? Heard.Nobody, timeoutMs));
    }, timeoutMs);
  }

  /** The handler of a link's Peer. */
  #handlerOf(link: Link): PeerHandler<LibraryConnection> {
    const isOf = (connection: LibraryConnection) =>
      link === this.#link && connection === link.authentication?.player.lastConnection;
    return {
      onConnected: (connection) => {
        if (link === this.#link) this.#onConnected(link, connection);
      },
      onMessage: (connection, bytes, channel) => {
        if (!isOf(connection)) return;
        this.dispatcher.receive(this.#playerOf(link), bytes, channel);
        if (this.drive === "automatic") this.#runTick();
      },
      onDisconnected: (connection, reason) => {
        if (isOf(connection)) this.#onLost(link, reason);
      },
      onDrain: (connection) => {
        if (!isOf(connection) || !this.#player?.isConnected) return;
        this.#player.drained();
        this.events.emit("drained", this.#player);
      },
    };
  }

  /** The player whose messages come over a link: one that resumes becomes the known player when it is admitted. */
  #playerOf({ authentication }: Link): NetworkPlayer {
    const { player, step } = authentication as ClientAuthentication;
    return step === HandshakeStep.Admitted ? (this.#player as NetworkPlayer) : player;
  }

  #onConnected(link: Link, connection: LibraryConnection): void {
    const { isHost, randomBytes } = this;
    const server = serverNameOf(this.#target);
    const resumes = this.#player !== null;
    const player = new NetworkPlayer(this, connection, isHost);
    this.connectionStarted(player);
    const credential = resumes ? sessionCredential(this.#session as ClientSession) : (this.#options.credential ?? null);
    link.authentication = new ClientAuthentication(player, { credential, resumes, randomBytes, isHost, server });
    if (connection.fingerprintMatches) this.#greet(link.authentication);
    else player.send(TableMessage, this.protocol.encodeTable());
  }

  #onLost(link: Link, reason: DisconnectReason): void {
    const player = this.#player;
    const mayResume = this.#session !== null && this.#host === null && (this.#options.resume ?? true);
    this.#pings.stop();
    this.#drop(link);
    if (player?.state === PlayerState.Suspended) this.#resumeFailed(reason);
    else if (mayResume && player?.isAuthenticated && LOSSES.has(reason.code)) this.#suspend(player, reason);
    else this.#end(reason);
  }

  #registerHandlers(): void {
    const handlers = this.dispatcher;
    handlers.registerSystem(TableMessage, (table) => this.#inHandshake((link) => this.#onTable(link, table)));
    handlers.registerSystem(ChallengeMessage, ({ nonce }) =>
      this.#inHandshake((link, authentication) => authentication.onChallenge(nonce, () => link === this.#link)),
    );
    handlers.registerSystem(WelcomeMessage, (welcome) =>
      this.#inHandshake(async (link, authentication) => {
        const confirming = authentication.onWelcome(welcome);
        if (confirming) await confirming;
        if (link === this.#link) this.#welcomed(link, authentication, welcome);
      }),
    );
    const onMove = (place: Place, player: NetworkPlayer) => {
      this.#place.moved(player, place, this.#target);
      this.#releaseHeld(this.#link as Link, player);
    };
    handlers.registerSystem(MoveMessage, onMove, { allowUnauthenticated: false });
    handlers.registerSystem(PongMessage, ({ clientTimeMs, serverTimeMs, tick }) => {
      this.time.addSample(clientTimeMs, serverTimeMs, tick);
    });
    registerSceneLoading(handlers, this);
  }

  /** Takes a step of the present link's handshake. An error of it ends the attempt. */
  async #inHandshake(step: (link: Link, authentication: ClientAuthentication) => unknown): Promise<void> {
    const link = this.#link as Link;
    try {
      await step(link, link.authentication as ClientAuthentication);
    } catch (error) {
      this.#fail(link, error);
    }
  }

  #onTable(link: Link, table: Uint8Array): void {
    const authentication = link.authentication as ClientAuthentication;
    authentication.onTable();
    const agreement = this.protocol.compare(table, "theirs");
    if (typeof agreement === "string")
      throw connectError({ code: DisconnectCode.ProtocolMismatch, text: agreement }, serverNameOf(this.#target));
    authentication.player.numbers.agree(agreement);
    this.#greet(authentication);
  }

  #greet(authentication: ClientAuthentication): void {
    const { player, resumes } = authentication;
    authentication.greet();
    if (resumes) return;
    this.#player = player;
    this.#pings.start();
    this.events.emit("connected", player);
  }

  #welcomed(link: Link, { player: candidate, resumes }: ClientAuthentication, welcome: Welcome): void {
    const player = this.#player as NetworkPlayer;
    this.clock.clearTimeout(link.timer);
    this.#reconnectLoop.connected();
    player.attach(candidate);
    player.state = PlayerState.Authenticated;
    if (resumes) {
      this.#resumptions++;
      this.#resumeLoop.stop();
      this.#place.resumed(player, welcome.place, this.#target);
      this.events.emit("resumed", player);
    } else {
      player.authentication = { method: welcome.method, data: undefined };
      this.#session = welcome.session ?? null;
      this.#place.admitted(player, welcome.place);
      this.events.emit("authenticated", player);
      this.#connecting?.resolve(player);
      this.#connecting = null;
    }
    this.#releaseHeld(link, player);
  }

  #releaseHeld(link: Link, player: NetworkPlayer): void {
    this.#held.release((bytes, channel) => {
      if (link === this.#link) this.dispatcher.receive(player, bytes, channel);
    });
  }

  #suspend(player: NetworkPlayer, reason: DisconnectReason): void {
    this.#suspensions++;
    player.suspended(endingOf(this.#target, reason));
    this.#resumeLoop.start((this.#session as ClientSession).resumeWindowMs);
    this.#place.suspended(player);
    this.events.emit("suspended", player);
  }

  #redial(): void {
    const link = newLink();
    this.#link = link;
    this.time.reset();
    this.#limit(link);
    void this.#dial(link, this.#target as Target);
  }

  #resumeFailed(reason: DisconnectReason): void {
    if (REFUSALS.has(reason.code)) this.#end(reason);
    else this.#resumeLoop.retry();
  }

  /** A link's handshake has failed, or its connection cannot go on. Does nothing for an earlier link. */
  #fail(link: Link | null, cause: unknown): void {
    if (!link || link !== this.#link) return;
    // The reason of an aborted signal can be any value.
    const { reason, code, message: text } = (cause instanceof Error ? cause : new Error(String(cause))) as NetworkError;
    this.trace?.event("connectivity:connection_failed", { error: code, text });
    this.#drop(link, reason ?? GIVEN_UP);
    const end = reason ?? { code: DisconnectCode.ConnectionLost, text };
    if (this.#player?.state === PlayerState.Suspended) this.#resumeFailed(end);
    else this.#end(end, cause);
  }

  /** Gives up a link, whose Peer ends by itself. */
  #drop({ peer, timer, authentication }: Link, { code, text }: DisconnectReason = GIVEN_UP): void {
    this.#link = null;
    this.#held.clear();
    this.clock.clearTimeout(timer);
    if (authentication) {
      const { lastConnection } = authentication.player;
      lastConnection.refuse(code, text);
      this.connectionEnded(lastConnection, lastConnection.reason ?? { code, text });
    }
    void peer?.close();
  }

  #end(reason: DisconnectReason, failure: unknown = connectError(reason, serverNameOf(this.#target))): void {
    const player = this.#player;
    // A session that could not be resumed was lost before, whatever has ended the attempts.
    const isLost = player?.state === PlayerState.Suspended || (player?.isAuthenticated && PASSING.has(reason.code));
    if (this.#link) this.#drop(this.#link);
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
