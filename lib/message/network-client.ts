import { NetworkError } from "../network-error.js";
import type { ByteSegment, Channel, IConnection, NotifyCallbacks, Peer } from "../peer/index.js";
import { connectError } from "../peer/peer-error.js";
import { DisconnectCode, type DisconnectReason, type IConnectEndPoint } from "../socket/index.js";
import type { Credential, CredentialContext } from "./authentication/authenticator.js";
import { type ClientSession, proveSession, SESSION_METHOD } from "./authentication/session-proof.js";
import type { ClientExtension } from "./extension.js";
import { HeldMessages } from "./held-messages.js";
import type { HostConnection } from "./host-pipe.js";
import { NetworkEnd, type NetworkEndOptions } from "./network-end.js";
import { NetworkPlayer } from "./players/network-player.js";
import { type INetworkPlayer, PlayerState, type RequestOptions } from "./players/player.js";
import { ErrorFlags } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import type { RequestDefinition } from "./protocol/request.js";
import {
  ChallengeMessage,
  HelloMessage,
  LoadSceneMessage,
  PingMessage,
  PongMessage,
  ProofMessage,
  SceneLoadedMessage,
  TableMessage,
  WelcomeMessage,
} from "./protocol/system-messages.js";
import { NetworkTime } from "./time/network-time.js";
import { PingLoop } from "./time/ping-loop.js";
import { ResumeLoop } from "./time/resume-loop.js";

export interface NetworkClientOptions extends NetworkEndOptions {
  /** Proves who the player is, where the server asks. */
  credential?: Credential | null;
  /** How often the server's clock is asked for. Default 2000. */
  pingIntervalMs?: number;
  /** Comes back by itself when the connection was lost and the server has sessions. Default true. */
  resume?: boolean;
  /** What the server says that cannot be understood ends the connection; else it is logged only. Default true. */
  disconnectOnError?: boolean;
}

type Welcome = Parameters<typeof WelcomeMessage.codec.write>[1];

/** Reasons after which it tries to come back. */
const losses = new Set<number>([DisconnectCode.Timeout, DisconnectCode.ConnectionLost]);
/** Reasons after which it tries no more. */
const refusals = new Set<number>([DisconnectCode.AuthenticationFailed, DisconnectCode.ServerStopped]);

/** Connects to a server (Mirage's `NetworkClient`). The order of its events: docs/message.md. */
export class NetworkClient extends NetworkEnd<ClientExtension> {
  /** The connection has ended for good. */
  readonly disconnected = this.newEvent<[reason: DisconnectReason]>();
  readonly time = new NetworkTime(this.clock);
  /** Loads a scene of the server's; while its promise is pending the player is not `ready`. Without it every scene is there. */
  onLoadScene: ((name: string) => void | Promise<void>) | null = null;
  /** @internal */
  readonly errorBudget = null;
  readonly #options: NetworkClientOptions;
  readonly #held: HeldMessages;
  readonly #pings: PingLoop;
  readonly #resumeLoop: ResumeLoop;
  #endPoint: IConnectEndPoint | null = null;
  #peer: Peer | null = null;
  #hostConnection: HostConnection | null = null;
  #player: NetworkPlayer | null = null;
  /** Who stands for the server on the present connection: `#player`, or somebody who is to become it again. */
  #current: NetworkPlayer | null = null;
  #session: ClientSession | null = null;
  #context: CredentialContext | null = null;
  /** Settles `connect`. */
  #settle: ((outcome: INetworkPlayer | Error) => void) | null = null;
  /** Why it ends, where that says more than the reason that travels. */
  #failure: Error | null = null;

  constructor(options: NetworkClientOptions) {
    super(options);
    this.#options = options;
    this.#held = new HeldMessages();
    this.#pings = new PingLoop(this.clock, options.pingIntervalMs ?? 2000, this.drive, () => {
      this.#player?.send(PingMessage, { clientTimeMs: this.clock.now() }, 1);
    });
    this.#resumeLoop = new ResumeLoop(this.clock, () => void this.#redial());
    this.#registerHandlers();
  }

  /** The server; null before `connected` and after the end. */
  get player(): INetworkPlayer | null {
    return this.#player;
  }

  get isConnected(): boolean {
    return this.#player?.isConnected ?? false;
  }

  get isAuthenticated(): boolean {
    return this.#player?.isAuthenticated ?? false;
  }

  /** The server runs beside it. */
  get isHost(): boolean {
    return this.#hostConnection !== null;
  }

  /**
   * Connects and is authenticated.
   *
   * @param address default: as the socket factory is set; likewise the port
   * @throws NetworkError what `Peer.connect` throws; `ERR_PROTOCOL_MISMATCH` with the first difference;
   *   `ERR_AUTHENTICATION_FAILED`, `ERR_AUTHENTICATION_TIMEOUT`, `ERR_NO_CREDENTIAL`, and what the credential throws;
   *   `ERR_STATE` when it is active; the signal's reason when it aborts
   */
  async connect(address?: string, port?: number, { signal }: { signal?: AbortSignal } = {}): Promise<INetworkPlayer> {
    if (this.active) throw new NetworkError("ERR_STATE", "The client is active");
    signal?.throwIfAborted();
    this.#begin();
    const outcome = this.#outcome();
    const onAbort = () => this.#abandon(signal?.reason as Error);
    signal?.addEventListener("abort", onAbort);
    try {
      const factory = await this.socketFactory();
      this.#endPoint = factory.getConnectEndPoint(address, port);
      if (this.active) void this.#dial().catch((error: Error) => this.#abandon(error));
    } catch (error) {
      this.#abandon(error as Error);
    }
    return outcome.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** Ends the connection, or the attempt at one. Resolves when the server knows. @throws RangeError as `IConnection` */
  async disconnect(reason: DisconnectReason = { code: 0, text: "" }): Promise<void> {
    const peer = this.#peer;
    this.#current?.lastConnection.disconnect(reason);
    if (this.active) {
      this.#failure ??= new NetworkError("ERR_CLOSED", "The client was disconnected");
      this.#end(reason);
    }
    await peer?.close();
  }

  /** As `INetworkPlayer.send`. @throws NetworkError `ERR_NOT_CONNECTED` before the connection and after its end */
  send<T>(message: MessageDefinition<T>, value: T, channel?: Channel, lane?: number): boolean {
    return this.#connectedPlayer().send(message, value, channel, lane);
  }

  /** As `INetworkPlayer.sendNotify`. @throws as `send` */
  sendNotify<T>(message: MessageDefinition<T>, value: T, callbacks: NotifyCallbacks): boolean {
    return this.#connectedPlayer().sendNotify(message, value, callbacks);
  }

  /** As `INetworkPlayer.notify`. @throws as `send` */
  notify<T>(message: MessageDefinition<T>, value: T): Promise<boolean> {
    return this.#connectedPlayer().notify(message, value);
  }

  /** As `INetworkPlayer.request`. @throws as `send` */
  request<Q, A>(definition: RequestDefinition<Q, A>, value: Q, options?: RequestOptions): Promise<A> {
    return this.#connectedPlayer().request(definition, value, options);
  }

  /** Manual drive: receives, and calls handlers. */
  updateReceive(): void {
    this.#peer?.updateReceive();
    this.#hostConnection?.receive();
  }

  /** Manual drive: tick handlers and state of the extensions, and then everything is sent. */
  updateSent(): void {
    if (!this.active) return;
    this.#runTick();
    this.#pings.update();
    this.#peer?.updateSent();
  }

  // What the Peer and the host's pipe call.

  /** @internal */
  onConnected(connection: IConnection): void {
    const player = new NetworkPlayer(this, connection, connection === this.#hostConnection);
    this.#current = player;
    if (connection.fingerprintMatches) this.#greet(player);
    else player.send(TableMessage, this.protocol.encodeTable());
  }

  /** @internal */
  onMessage(connection: IConnection, bytes: ByteSegment, channel: Channel): void {
    if (connection !== this.#current?.lastConnection) return;
    this.messageHandler.receive(this.#current, bytes, channel);
    if (this.drive === "automatic") this.#runTick();
  }

  /** @internal */
  onDisconnected(connection: IConnection, reason: DisconnectReason): void {
    if (connection !== this.#current?.lastConnection) return;
    this.#current = null;
    this.#pings.stop();
    const player = this.#player;
    if (player?.state === PlayerState.Suspended) {
      if (refusals.has(reason.code) || !this.#resumeLoop.retry()) this.#end(reason);
    } else if (this.#mayResume() && player?.isAuthenticated && losses.has(reason.code)) {
      this.#suspend(player);
    } else {
      this.#end(reason);
    }
  }

  /** @internal */
  onDrain(connection: IConnection): void {
    if (this.#player && connection === this.#player.connection) this.drained.emit(this.#player);
  }

  // What handlers and players call.

  /** @internal */
  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void {
    player.chargeError(cost, flags);
    this.logger.warn(`valve-sockets: from the server: ${text}`);
    const isUnreadable = (flags & (ErrorFlags.Deserialization | ErrorFlags.SerializationLimit)) !== 0;
    if (isUnreadable && (this.#options.disconnectOnError ?? true)) player.refuse(DisconnectCode.InvalidPacket, text);
  }

  /** @internal What comes before the welcome has overtaken it. */
  unauthenticated(
    player: NetworkPlayer,
    _message: MessageDefinition<unknown>,
    bytes: ByteSegment,
    channel: Channel,
  ): void {
    if (!this.#held.add(bytes, channel)) player.refuse(DisconnectCode.InvalidPacket, "Too much before the welcome");
  }

  /** @internal */
  errorLimitReached(): void {}

  /** @internal */
  leave(player: NetworkPlayer, reason: DisconnectReason): void {
    if (player === this.#player) void this.disconnect(reason);
  }

  // What a server beside it calls.

  /** @internal @throws NetworkError `ERR_STATE` */
  prepareHost(): void {
    if (this.active) throw new NetworkError("ERR_STATE", "The client is active");
    this.addExtensionMessages();
  }

  /** @internal */
  joinHost(connection: HostConnection): void {
    this.#begin();
    this.#hostConnection = connection;
    this.onConnected(connection);
  }

  #begin(): void {
    this.activate();
    this.#failure = null;
    this.#session = null;
    this.time.reset();
    this.forEachExtension((extension) => extension.started?.(this));
    this.started.emit();
  }

  #outcome(): Promise<INetworkPlayer> {
    return new Promise((resolve, reject) => {
      this.#settle = (outcome) => {
        this.#settle = null;
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
    });
  }

  async #dial(): Promise<void> {
    const peer = this.createPeer(await this.socketFactory(), "client", this.drive);
    this.#peer = peer;
    await peer.connect(this.#endPoint as IConnectEndPoint);
  }

  /** It fails before there is a connection, or by what we find out ourselves. */
  #abandon(error: Error): void {
    if (!this.active) return;
    this.#failure = error instanceof Error ? error : new NetworkError("ERR_ABORTED", String(error));
    const current = this.#current;
    if (current) current.refuse(DisconnectCode.AuthenticationFailed, "The client has given up");
    else this.#end((error as NetworkError).reason ?? { code: DisconnectCode.ConnectionLost, text: error.message });
  }

  #registerHandlers(): void {
    const handlers = this.messageHandler;
    handlers.registerSystem(TableMessage, (table, player) => this.#onTable(player, table));
    handlers.registerSystem(ChallengeMessage, ({ nonce }, player) => {
      const { channelBinding, security } = player.lastConnection;
      this.#context = { nonce, channelBinding, security, randomBytes: this.randomBytes };
      void this.#prove(player, this.#context).catch((error) => {
        if (player === this.#current) this.#abandon(error);
      });
    });
    handlers.registerSystem(WelcomeMessage, (welcome, player) => {
      void this.#confirm(player, welcome);
    });
    handlers.registerSystem(PongMessage, ({ clientTimeMs, serverTimeMs, tick }) => {
      this.time.addSample(clientTimeMs, serverTimeMs, tick);
    });
    handlers.registerSystem(LoadSceneMessage, ({ number, name }, player) => {
      void this.#loadScene(player, number, name);
    });
  }

  #onTable(player: NetworkPlayer, table: Uint8Array): void {
    let agreement: ReturnType<typeof this.protocol.compare>;
    try {
      agreement = this.protocol.compare(table, "theirs");
    } catch {
      agreement = "The server's table cannot be read";
    }
    if (typeof agreement === "string" || player.agreement || player.lastConnection.fingerprintMatches) {
      player.refuse(DisconnectCode.ProtocolMismatch, typeof agreement === "string" ? agreement : "An unwanted table");
      return;
    }
    player.attach(player.lastConnection, agreement);
    this.#greet(player);
  }

  #greet(player: NetworkPlayer): void {
    const resumes = this.#player !== null;
    player.send(HelloMessage, { resumes });
    if (resumes) return;
    this.#player = player;
    this.#pings.start();
    this.connected.emit(player);
  }

  async #prove(player: NetworkPlayer, context: CredentialContext): Promise<void> {
    const { credential } = this.#options;
    const resumes = player !== this.#player;
    if (!resumes && !credential) throw new NetworkError("ERR_NO_CREDENTIAL", "The server asks who this is");
    const payload = resumes
      ? await proveSession(this.#session as ClientSession, context, this.randomBytes)
      : await (credential as Credential).prove(context);
    if (player !== this.#current) return;
    player.send(ProofMessage, { method: resumes ? SESSION_METHOD : (credential as Credential).method, payload });
  }

  /** What comes meanwhile is held until the server has proven what it has to. */
  async #confirm(player: NetworkPlayer, welcome: Welcome): Promise<void> {
    if (player.isAuthenticated) return;
    const { credential } = this.#options;
    const resumes = player !== this.#player;
    try {
      if (!resumes && credential?.confirm && welcome.method !== "none") {
        const isConfirmed =
          welcome.method === credential.method &&
          this.#context !== null &&
          (await credential.confirm(welcome.reply, this.#context));
        if (!isConfirmed) throw new NetworkError("ERR_AUTHENTICATION_FAILED", "The server has not proven itself");
      }
      if (player !== this.#current) return;
      this.#welcomed(player, welcome, resumes);
    } catch (error) {
      if (player === this.#current) this.#abandon(error as Error);
    }
  }

  #welcomed(candidate: NetworkPlayer, welcome: Welcome, resumes: boolean): void {
    const player = this.#player as NetworkPlayer;
    player.attach(candidate.lastConnection, candidate.agreement);
    this.#current = player;
    player.id = welcome.playerId;
    player.state = PlayerState.Authenticated;
    player.authentication ??= { method: welcome.method, data: undefined };
    this.#session = welcome.session ?? null;
    this.time.ticksPerSecond = welcome.ticksPerSecond;
    if (resumes) {
      this.#resumeLoop.stop();
      this.#pings.start();
      this.forEachExtension((extension) => extension.playerResumed?.(player));
      this.resumed.emit(player);
    } else {
      this.forEachExtension((extension) => extension.playerAuthenticated?.(player));
      this.authenticated.emit(player);
      this.#settle?.(player);
    }
    this.#held.release((bytes, channel) => {
      if (player.isAuthenticated) this.messageHandler.receive(player, bytes, channel);
    });
  }

  async #loadScene(player: NetworkPlayer, number: number, name: string): Promise<void> {
    try {
      await this.onLoadScene?.(name);
      if (player.isAuthenticated) player.send(SceneLoadedMessage, { number });
    } catch (error) {
      this.report(error, player, LoadSceneMessage);
    }
  }

  #mayResume(): boolean {
    return this.#session !== null && (this.#options.resume ?? true);
  }

  #suspend(player: NetworkPlayer): void {
    player.suspended();
    this.#held.clear();
    this.#resumeLoop.start((this.#session as ClientSession).resumeWindowMs);
    this.forEachExtension((extension) => extension.playerSuspended?.(player));
    this.suspended.emit(player);
  }

  async #redial(): Promise<void> {
    void this.#peer?.close();
    this.#held.clear();
    this.time.reset();
    try {
      await this.#dial();
    } catch (error) {
      if (this.#player?.state !== PlayerState.Suspended) return;
      const reason = (error as NetworkError).reason ?? { code: DisconnectCode.Timeout, text: "No way back" };
      if (refusals.has(reason.code) || !this.#resumeLoop.retry()) this.#end(reason);
    }
  }

  #end(reason: DisconnectReason): void {
    const player = this.#player;
    const peer = this.#peer;
    this.#current = null;
    this.#player = null;
    this.#peer = null;
    this.#hostConnection = null;
    this.#session = null;
    this.#held.clear();
    this.#pings.stop();
    this.#resumeLoop.stop();
    this.deactivate();
    void peer?.close();
    player?.ended();
    if (player) {
      this.disconnected.emit(reason);
      this.forEachExtension((extension) => extension.playerDisconnecting?.(player, reason));
    }
    this.forEachExtension((extension) => extension.stopped?.());
    this.#settle?.(this.#failure ?? connectError(reason));
  }

  #connectedPlayer(): NetworkPlayer {
    if (this.#player) return this.#player;
    throw new NetworkError("ERR_NOT_CONNECTED", "The client is not connected");
  }

  #runTick(): void {
    this.forEachExtension((extension) => extension.tick?.(this.time.tick));
    this.forEachExtension((extension) => extension.beforeSend?.());
  }
}
