import { EventHub } from "../event-hub.js";
import { NetworkError } from "../network-error.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import { type ByteSegment, Channel } from "../peer/index.js";
import { PeerCore } from "../peer/peer-core.js";
import { connectError } from "../peer/peer-error.js";
import { checkReason } from "../socket/disconnect-reason.js";
import { DisconnectCode, type DisconnectReason, type IConnectEndPoint, type SocketFactory } from "../socket/index.js";
import type { Credential, CredentialContext } from "./authentication/authenticator.js";
import { type ClientSession, proveSession, SESSION_METHOD } from "./authentication/session-proof.js";
import { defaultSocketFactory } from "./default-socket-factory.js";
import type { ClientExtension } from "./extension.js";
import { HeldMessages } from "./held-messages.js";
import { type HostEnd, HostLink } from "./host-link.js";
import type { ConnectOptions, NetworkClient, NetworkClientOptions } from "./network-client.js";
import { NetworkCore } from "./network-core.js";
import { CLIENT_EVENTS, type NetworkClientEvents } from "./network-events.js";
import { NetworkPlayer } from "./players/network-player.js";
import { type INetworkPlayer, PlayerState } from "./players/player.js";
import { ErrorFlags } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
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
import { NetworkTimeEstimate } from "./time/network-time.js";
import { PingLoop } from "./time/ping-loop.js";
import { ResumeLoop } from "./time/resume-loop.js";

type Welcome = Parameters<typeof WelcomeMessage.codec.write>[1];

/** Reasons after which the client tries to come back. */
const LOSSES = new Set<number>([DisconnectCode.Timeout, DisconnectCode.ConnectionLost]);
/** Reasons after which it stops trying. */
const REFUSALS = new Set<number>([DisconnectCode.AuthenticationFailed, DisconnectCode.ServerStopped]);

/** What happens inside a {@link NetworkClient}: it connects, proves who it is, is lost and comes back. */
export class NetworkClientCore extends NetworkCore<ClientExtension> {
  readonly events = new EventHub<NetworkClientEvents>(CLIENT_EVENTS, (error) => this.report(error, null, null), [
    "started",
  ]);
  readonly time = new NetworkTimeEstimate(this.clock);
  readonly errorBudget = null;
  readonly #client: NetworkClient;
  readonly #options: NetworkClientOptions;
  readonly #held: HeldMessages;
  readonly #pings: PingLoop;
  readonly #resumeLoop: ResumeLoop;
  #socketFactory: SocketFactory | null = null;
  #endPoint: IConnectEndPoint | null = null;
  #peer: PeerCore | null = null;
  #host: HostLink | null = null;
  #player: NetworkPlayer | null = null;
  /** The player of the present connection: `#player`, or a newcomer that has still to prove that it is `#player`. */
  #current: NetworkPlayer | null = null;
  #session: ClientSession | null = null;
  #context: CredentialContext | null = null;
  /** Settles `connect`. */
  #settle: ((outcome: INetworkPlayer | Error) => void) | null = null;
  /** What `connect` rejects with, when it says more than the reason of the disconnection. */
  #failure: Error | null = null;

  /** @param client the public object, which extensions get */
  constructor(client: NetworkClient, options: NetworkClientOptions) {
    super(options);
    this.#client = client;
    this.#options = options;
    this.#held = new HeldMessages();
    this.#pings = new PingLoop(this.clock, options.pingIntervalMs ?? 2000, this.drive, () => {
      this.#player?.send(PingMessage, { clientTimeMs: this.clock.now() }, Channel.Unreliable);
    });
    this.#resumeLoop = new ResumeLoop(this.clock, () => void this.#redial());
    this.#registerHandlers();
  }

  get player(): INetworkPlayer | null {
    return this.#player;
  }

  get isHost(): boolean {
    return this.#host !== null;
  }

  async connect({ host, port, signal }: ConnectOptions): Promise<INetworkPlayer> {
    this.assertInactive();
    signal?.throwIfAborted();
    this.#begin();
    const outcome = this.#outcome();
    const onAbort = () => this.abandon(signal?.reason as Error);
    signal?.addEventListener("abort", onAbort);
    try {
      this.#socketFactory ??= this.#options.socketFactory ?? (await defaultSocketFactory());
      const factory = this.#socketFactory;
      this.#endPoint = factory.getConnectEndPoint(host, port);
      if (this.active) void this.#dial().catch((error: Error) => this.abandon(error));
    } catch (error) {
      this.abandon(error as Error);
    }
    return outcome.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  async disconnect(reason: DisconnectReason = { code: 0, text: "" }): Promise<void> {
    checkReason(reason);
    const peer = this.#peer;
    this.#current?.lastConnection.disconnect(reason);
    if (this.active) {
      this.#failure ??= new NetworkError("ERR_CLOSED", "The client was disconnected");
      this.#end(reason);
    }
    await peer?.close();
  }

  updateReceive(): void {
    if (this.#host) this.#host.receiveAtClient();
    else this.#peer?.updateReceive();
  }

  updateSent(): void {
    if (!this.active) return;
    this.#runTick();
    this.#pings.update();
    this.#peer?.updateSent();
  }

  // What the Peer calls.

  onConnected(connection: LibraryConnection): void {
    const player = new NetworkPlayer(this, connection, this.isHost);
    this.#current = player;
    if (connection.fingerprintMatches) this.#greet(player);
    else player.send(TableMessage, this.protocol.encodeTable());
  }

  onMessage(connection: LibraryConnection, bytes: ByteSegment, channel: Channel): void {
    if (connection !== this.#current?.lastConnection) return;
    this.dispatcher.receive(this.#current, bytes, channel);
    if (this.drive === "automatic") this.#runTick();
  }

  onDisconnected(connection: LibraryConnection, reason: DisconnectReason): void {
    if (connection !== this.#current?.lastConnection) return;
    this.#current = null;
    this.#pings.stop();
    const player = this.#player;
    if (player?.state === PlayerState.Suspended) {
      if (REFUSALS.has(reason.code) || !this.#resumeLoop.retry()) this.#end(reason);
    } else if (this.#mayResume() && player?.isAuthenticated && LOSSES.has(reason.code)) {
      this.#suspend(player);
    } else {
      this.#end(reason);
    }
  }

  onDrain(connection: LibraryConnection): void {
    if (this.#player && connection === this.#player.connection) this.events.emit("drained", this.#player);
  }

  // What handlers and players call.

  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void {
    player.chargeError(cost, flags);
    this.logger.warn(`valve-sockets: from the server: ${text}`);
    const isUnreadable = (flags & (ErrorFlags.Deserialization | ErrorFlags.SerializationLimit)) !== 0;
    if (isUnreadable && (this.#options.disconnectOnError ?? true)) player.refuse(DisconnectCode.InvalidPacket, text);
  }

  /** A message that comes before the welcome has overtaken it. */
  unauthenticated(
    player: NetworkPlayer,
    _message: MessageDefinition<unknown>,
    bytes: ByteSegment,
    channel: Channel,
  ): void {
    if (!this.#held.add(bytes, channel)) player.refuse(DisconnectCode.InvalidPacket, "Too much before the welcome");
  }

  errorLimitReached(): void {}

  leave(player: NetworkPlayer, reason: DisconnectReason): void {
    if (player === this.#player) void this.disconnect(reason);
  }

  // What the server in this process calls (host mode).

  /** @throws NetworkError `ERR_STATE` while it is active */
  prepareHost(): void {
    this.assertInactive();
    this.addExtensionMessages();
  }

  /** Null: a listener of `started` has disconnected it. */
  joinHost(server: HostEnd): HostLink | null {
    this.#begin();
    if (!this.active) return null;
    this.#host = new HostLink(this.clock, server, { handler: this, config: this.peerConfig(this.drive) });
    this.#peer = this.#host.client;
    return this.#host;
  }

  /** Gives up an attempt to connect, or a connection that is not authenticated yet. */
  abandon(error: Error): void {
    if (!this.active) return;
    this.#failure = error instanceof Error ? error : new NetworkError("ERR_ABORTED", String(error));
    const current = this.#current;
    if (current) current.refuse(DisconnectCode.AuthenticationFailed, "The client has given up");
    else this.#end((error as NetworkError).reason ?? { code: DisconnectCode.ConnectionLost, text: error.message });
  }

  #begin(): void {
    this.activate();
    this.#failure = null;
    this.#session = null;
    this.time.reset();
    this.forEachExtension((extension) => extension.started?.(this.#client));
    this.events.emit("started");
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
    const factory = this.#socketFactory as SocketFactory;
    const peer = new PeerCore(factory.createClientSocket(), factory.maxPacketSize, this, this.peerConfig(this.drive));
    this.#peer = peer;
    await peer.connect(this.#endPoint as IConnectEndPoint);
  }

  #registerHandlers(): void {
    const handlers = this.dispatcher;
    handlers.registerSystem(TableMessage, (table, player) => this.#onTable(player, table));
    handlers.registerSystem(ChallengeMessage, ({ nonce }, player) => {
      const { channelBinding, security } = player.lastConnection;
      this.#context = { nonce, channelBinding, security, randomBytes: this.randomBytes };
      void this.#prove(player, this.#context).catch((error) => {
        if (player === this.#current) this.abandon(error);
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
    const agreement = this.protocol.compare(table, "theirs");
    if (typeof agreement === "string" || player.agreement || player.lastConnection.fingerprintMatches) {
      player.refuse(DisconnectCode.ProtocolMismatch, typeof agreement === "string" ? agreement : "An unwanted table");
      return;
    }
    player.agreement = agreement;
    this.#greet(player);
  }

  #greet(player: NetworkPlayer): void {
    const resumes = this.#player !== null;
    player.send(HelloMessage, { resumes });
    if (resumes) return;
    this.#player = player;
    this.#pings.start();
    this.events.emit("connected", player);
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

  /** Takes the welcome once the server's own proof is checked; what comes meanwhile is held. */
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
      if (player === this.#current) this.abandon(error as Error);
    }
  }

  #welcomed(candidate: NetworkPlayer, welcome: Welcome, resumes: boolean): void {
    const player = this.#player as NetworkPlayer;
    player.attach(candidate);
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
      this.events.emit("resumed", player);
    } else {
      this.forEachExtension((extension) => extension.playerAuthenticated?.(player));
      this.events.emit("authenticated", player);
      this.#settle?.(player);
    }
    this.#held.release((bytes, channel) => {
      if (player.isAuthenticated) this.dispatcher.receive(player, bytes, channel);
    });
  }

  async #loadScene(player: NetworkPlayer, number: number, name: string): Promise<void> {
    try {
      await this.#client.onLoadScene?.(name);
      if (player.isAuthenticated) player.send(SceneLoadedMessage, { number });
    } catch (error) {
      this.report(error, player, LoadSceneMessage);
    }
  }

  #mayResume(): boolean {
    return this.#session !== null && this.#host === null && (this.#options.resume ?? true);
  }

  #suspend(player: NetworkPlayer): void {
    player.suspended();
    this.#held.clear();
    this.#resumeLoop.start((this.#session as ClientSession).resumeWindowMs);
    this.forEachExtension((extension) => extension.playerSuspended?.(player));
    this.events.emit("suspended", player);
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
      if (REFUSALS.has(reason.code) || !this.#resumeLoop.retry()) this.#end(reason);
    }
  }

  #end(reason: DisconnectReason): void {
    const player = this.#player;
    const peer = this.#peer;
    this.#current = null;
    this.#player = null;
    this.#peer = null;
    this.#host = null;
    this.#session = null;
    this.#held.clear();
    this.#pings.stop();
    this.#resumeLoop.stop();
    this.deactivate();
    this.events.reset("started");
    void peer?.close();
    player?.ended();
    if (player) {
      this.events.emit("disconnected", reason);
      this.forEachExtension((extension) => extension.playerDisconnecting?.(player, reason));
    }
    this.forEachExtension((extension) => extension.stopped?.());
    this.#settle?.(this.#failure ?? connectError(reason));
  }

  #runTick(): void {
    this.forEachExtension((extension) => extension.tick?.(this.time.tick));
    this.forEachExtension((extension) => extension.beforeSend?.());
  }
}
