import { type Clock, systemClock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import {
  type ByteSegment,
  type Channel,
  type Drive,
  type IConnection,
  Peer,
  type PeerConfig,
  type PeerHandler,
} from "../peer/index.js";
import { completeConfig } from "../peer/peer-config.js";
import { type RandomBytes, secureRandomBytes } from "../random.js";
import type { DisconnectReason, SocketFactory } from "../socket/index.js";
import { defaultSocketFactory } from "./default-socket-factory.js";
import type { HostPipeEnd } from "./host-pipe.js";
import { consoleLogger, type Logger } from "./logger.js";
import { type HandlerOwner, MessageHandler } from "./message-handler.js";
import { MessageWaiters } from "./message-waiters.js";
import { LateEvent, NetworkEvent } from "./network-event.js";
import type { NetworkPlayer, PlayerOwner } from "./players/network-player.js";
import type { INetworkPlayer } from "./players/player.js";
import { MessageEncoder } from "./protocol/encoder.js";
import type { ErrorBudget, ErrorFlags } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import type { Protocol, ProtocolPart } from "./protocol/protocol.js";

/** Where an error of the user's own code came up. */
export interface ErrorSource {
  player: INetworkPlayer | null;
  message: MessageDefinition<unknown> | null;
}

/** What a server and a client have in common. */
export interface NetworkEndOptions {
  protocol: Protocol;
  /** Default: UDP in Node.js, WebSocket in browsers. */
  socketFactory?: SocketFactory;
  /** `automatic`: it runs by itself. `manual`: nothing happens outside of `updateReceive` and `updateSent`. */
  drive?: Drive;
  /** Settings of the Peer, such as `encryption` and `maxConnections`. */
  peer?: Partial<Omit<PeerConfig, "drive" | "clock" | "randomBytes" | "fingerprint" | "onFingerprintMismatch">>;
  clock?: Clock;
  /** For nonces, sessions and cookies; replaced in tests only. */
  randomBytes?: RandomBytes;
  /** Default: warnings on the console. */
  logger?: Logger;
  /** Hears of what handlers and listeners throw; it is logged in any case. */
  onError?: (error: unknown, source: ErrorSource) => void;
}

interface AnyExtension {
  readonly messages?: readonly ProtocolPart[];
}

/** What a server and a client are made of alike: messages, players, errors. */
export abstract class NetworkEnd<X extends AnyExtension> implements HandlerOwner, PlayerOwner, PeerHandler {
  readonly protocol: Protocol;
  readonly messageHandler: MessageHandler;
  /** Before the first message can come. */
  readonly started = new LateEvent(this.reportEvent.bind(this));
  readonly connected = this.newEvent<[player: INetworkPlayer]>();
  readonly authenticated = this.newEvent<[player: INetworkPlayer]>();
  /** A player was lost, and may come back. */
  readonly suspended = this.newEvent<[player: INetworkPlayer]>();
  /** It has come back: the same object. */
  readonly resumed = this.newEvent<[player: INetworkPlayer]>();
  /** A `send` that was refused may be tried again. */
  readonly drained = this.newEvent<[player: INetworkPlayer]>();
  /** @internal */
  readonly clock: Clock;
  /** @internal */
  readonly randomBytes: RandomBytes;
  /** @internal */
  readonly encoder = new MessageEncoder();
  /** @internal */
  abstract readonly errorBudget: ErrorBudget | null;
  /** @internal */
  readonly drive: Drive;
  protected readonly extensions: X[] = [];
  protected readonly logger: Logger;
  readonly #options: NetworkEndOptions;
  readonly #waiters: MessageWaiters;
  #socketFactory: SocketFactory | null;
  #isActive = false;

  constructor(options: NetworkEndOptions) {
    const { protocol, socketFactory, clock = systemClock, randomBytes = secureRandomBytes } = options;
    if (typeof protocol?.freeze !== "function") throw new TypeError("It needs a protocol, of defineProtocol");
    this.#options = options;
    this.protocol = protocol;
    this.clock = clock;
    this.randomBytes = randomBytes;
    this.drive = options.drive ?? "automatic";
    this.logger = options.logger ?? consoleLogger;
    this.#socketFactory = socketFactory ?? null;
    this.#waiters = new MessageWaiters(clock);
    this.messageHandler = new MessageHandler(this, this.#waiters);
  }

  /** Between its start and its end. */
  get active(): boolean {
    return this.#isActive;
  }

  /** Adds a layer above. @throws NetworkError `ERR_STATE` while it is active */
  use(extension: X): this {
    if (this.#isActive) throw new NetworkError("ERR_STATE", "Extensions are added before the start");
    this.extensions.push(extension);
    return this;
  }

  /** @internal */
  abstract charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void;
  /** @internal */
  abstract unauthenticated(
    player: NetworkPlayer,
    message: MessageDefinition<unknown>,
    bytes: ByteSegment,
    channel: Channel,
  ): void;
  /** @internal */
  abstract errorLimitReached(player: NetworkPlayer): void;
  /** @internal */
  abstract leave(player: NetworkPlayer, reason: DisconnectReason): void;
  /** @internal */
  abstract onMessage(connection: IConnection, bytes: ByteSegment, channel: Channel): void;

  /** @internal */
  report(error: unknown, player: INetworkPlayer | null, message: MessageDefinition<unknown> | null): void {
    const place = message ? `the handler of ${message.name}` : "a listener";
    this.logger.warn(`valve-sockets: ${place} threw`, error);
    try {
      this.#options.onError?.(error, { player, message });
    } catch (second) {
      this.logger.warn("valve-sockets: onError threw", second);
    }
  }

  protected newEvent<A extends unknown[]>(): NetworkEvent<A> {
    return new NetworkEvent<A>(this.reportEvent.bind(this));
  }

  protected reportEvent(error: unknown): void {
    this.report(error, null, null);
  }

  /** Calls a hook of every extension; a mistake in one does not keep the others from it. */
  protected forEachExtension(call: (extension: X) => void): void {
    for (const extension of this.extensions) {
      try {
        call(extension);
      } catch (error) {
        this.reportEvent(error);
      }
    }
  }

  /** @internal Brings the messages of the extensions into the protocol. */
  addExtensionMessages(): void {
    for (const { messages = [] } of this.extensions) this.protocol.add(...messages);
  }

  /** The protocol is complete. */
  protected activate(): void {
    this.addExtensionMessages();
    this.protocol.freeze();
    this.messageHandler.start();
    this.#isActive = true;
  }

  protected deactivate(): void {
    this.#isActive = false;
    this.#waiters.failAll();
    this.started.reset();
  }

  protected async socketFactory(): Promise<SocketFactory> {
    this.#socketFactory ??= await defaultSocketFactory();
    return this.#socketFactory;
  }

  protected createPeer(factory: SocketFactory, side: "server" | "client", drive: Drive): Peer {
    const { clock, randomBytes, protocol } = this;
    const socket = side === "server" ? factory.createServerSocket() : factory.createClientSocket();
    return new Peer(socket, factory.maxPacketSize, this, {
      ...this.#options.peer,
      ...{ drive, clock, randomBytes, fingerprint: protocol.fingerprint, onFingerprintMismatch: "accept" },
    });
  }

  /** @internal */
  hostPipeEnd(drive: Drive): HostPipeEnd {
    const { maxReliableMessageSize, maxQueuedBytes, maxStreams } = completeConfig(this.#options.peer ?? {});
    const report = (error: unknown) => this.reportEvent(error);
    const { clock, protocol } = this;
    const limits = { maxReliableMessageSize, maxQueuedBytes, maxStreams };
    return { handler: this, clock, drive, ...limits, report, fingerprint: protocol.fingerprint };
  }
}
