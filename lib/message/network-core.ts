import { type Clock, systemClock } from "../clock.js";
import { follow } from "../follow.js";
import type { ConnectionGuard } from "../guard/connection-guard.js";
import { NetworkError } from "../network-error.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import type { ByteSegment, Channel, Drive, PeerConfig } from "../peer/index.js";
import { checkSide, completeConfig } from "../peer/peer-config.js";
import type { PeerCore } from "../peer/peer-core.js";
import { type RandomBytes, secureRandomBytes } from "../random.js";
import type { DisconnectReason } from "../socket/index.js";
import { Logs } from "./failure-log.js";
import { consoleLogger, type Logger } from "./logger.js";
import { type DispatcherOwner, MessageDispatcher, type OutOfEra } from "./message-dispatcher.js";
import { MessageWaiters } from "./message-waiters.js";
import { ConnectionTotals, type NetworkMetrics } from "./network-metrics.js";
import type { NetworkOptions } from "./network-options.js";
import { connectionLost, type Ending } from "./players/connection-lost.js";
import type { DirectedSink, NetworkPlayer, PlayerOwner } from "./players/network-player.js";
import type { INetworkPlayer, SpanFunction } from "./players/player.js";
import { MessageEncoder } from "./protocol/encoder.js";
import type { ErrorBudget, ErrorFlags } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import { type ProtocolCore, type ProtocolPart, protocolCore } from "./protocol/protocol.js";
import { TickTimes } from "./time/server-time.js";
import { Trace } from "./trace.js";
import { traceDetail, traceFile } from "./trace-file.js";

/** What the cores of a server and of a client have in common: protocol, handlers, extensions, errors. */
export abstract class NetworkCore<X extends { readonly messages?: readonly ProtocolPart[] }>
  implements DispatcherOwner, PlayerOwner
{
  readonly protocol: ProtocolCore;
  readonly dispatcher: MessageDispatcher;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly encoder = new MessageEncoder();
  readonly drive: Drive;
  readonly spans: SpanFunction | null;
  directed: DirectedSink | null = null;
  abstract readonly errorBudget: ErrorBudget | null;
  protected readonly logger: Logger;
  protected readonly trace: Trace | null;
  /** The Peer's settings, complete, for times that hold above the Peer as well. */
  readonly peerSettings: PeerConfig;
  readonly #options: NetworkOptions;
  readonly #side: "server" | "client";
  readonly #extensions: X[] = [];
  readonly #waiters: MessageWaiters;
  readonly logs: Logs;
  readonly #hasOwnLogs: boolean;
  protected readonly ticks: TickTimes;
  readonly #totals = new ConnectionTotals();
  #failures = 0;
  #unhandled = 0;
  #isActive = false;

  /** @param logs those of the home of the servers that share a front end; null: its own */
  constructor(options: NetworkOptions, side: "server" | "client", logs: Logs | null = null) {
    this.#options = options;
    this.#side = side;
    this.protocol = protocolCore(options.protocol);
    this.peerSettings = completeConfig(options.peer ?? {});
    checkSide(this.peerSettings, side);
    this.clock = options.clock ?? systemClock;
    this.randomBytes = options.randomBytes ?? secureRandomBytes;
    this.drive = options.drive ?? "automatic";
    this.spans = options.spans ?? null;
    this.logger = options.logger ?? consoleLogger;
    this.logs = logs ?? new Logs(this.logger);
    this.#hasOwnLogs = logs === null;
    const sink = options.trace === undefined ? traceFile() : options.trace;
    this.trace =
      sink && new Trace(sink, side, options.traceDetail ?? traceDetail(this.logger), this.clock, this.logger);
    this.ticks = new TickTimes(this.clock);
    this.#waiters = new MessageWaiters(this.clock);
    this.dispatcher = new MessageDispatcher(this, this.#waiters);
  }

  get active(): boolean {
    return this.#isActive;
  }

  /** Who may connect; null: everybody. */
  get guard(): ConnectionGuard | null {
    return this.peerSettings.guard;
  }

  get isServer(): boolean {
    return this.#side === "server";
  }

  get extensions(): readonly X[] {
    return this.#extensions;
  }

  use(extension: X): void {
    this.assertInactive(
      this.isServer
        ? "make a ServerObjectManager, MessageCommsNetwork and the like before `start()`"
        : "make a ClientObjectManager, RoomsClient and the like before `connect()`",
    );
    this.protocol.add(...(extension.messages ?? []));
    this.dispatcher.addExtension(extension.messages ?? []);
    this.#extensions.push(extension);
  }

  /** Names of messages are few, and not the client's to choose: it cannot fill a server's log with them. */
  unhandled({ isHost }: NetworkPlayer, { name }: MessageDefinition<unknown>): void {
    this.#unhandled++;
    if (this.#side === "server" && !isHost) this.complain(`from a client: No handler for ${name}`);
  }

  abstract charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void;
  abstract unauthenticated(
    player: NetworkPlayer,
    message: MessageDefinition<unknown>,
    bytes: ByteSegment,
    channel: Channel,
  ): void;
  abstract outOfEra(player: NetworkPlayer, arrival: OutOfEra): void;
  abstract errorLimitReached(player: NetworkPlayer, lastError: string): void;
  abstract leave(player: NetworkPlayer, reason: DisconnectReason): void;

  report(
    error: unknown,
    player: INetworkPlayer | null,
    message: MessageDefinition<unknown> | null,
    place = message ? `the handler of ${message.name}` : "an extension",
  ): void {
    this.#failures++;
    this.logs.failures.add(place, error);
    try {
      follow(this.#options.onError?.(error, { player, message }), (second) => this.#onErrorFailed(second));
    } catch (second) {
      this.#onErrorFailed(second);
    }
  }

  #onErrorFailed(error: unknown): void {
    this.logger.warn("valve-sockets: onError threw", error);
  }

  /** Calls a hook of every extension; an exception of one is reported, and the others are called all the same. */
  protected forEachExtension(call: (extension: X) => unknown): void {
    for (const extension of this.#extensions) {
      try {
        follow(call(extension), (error) => this.report(error, null, null));
      } catch (error) {
        this.report(error, null, null);
      }
    }
  }

  /** @throws NetworkError `ERR_STATE` while it is active */
  assertInactive(advice = `call ${this.isServer ? "stop()" : "disconnect()"} before this`): void {
    if (this.#isActive) throw new NetworkError("ERR_STATE", `The ${this.#side} is active already: ${advice}`);
  }

  /** From here on the protocol is complete. */
  protected activate(): void {
    this.protocol.freeze();
    this.dispatcher.start();
    if (this.#hasOwnLogs) this.logs.complaints.forget();
    this.ticks.reset();
    this.#isActive = true;
  }

  /** @param lost why the connection that it had was lost; without it the application has stopped it */
  protected deactivate(lost?: Ending): void {
    this.#isActive = false;
    const stopped = () => new NetworkError("ERR_CLOSED", `The ${this.#side} has stopped`);
    this.#waiters.fail(lost ? (name) => connectionLost(`No ${name} will come`, lost) : stopped);
  }

  /** Nothing comes here of the player any more, whether it has left or moved. */
  protected playerGone(player: NetworkPlayer, ending: Ending): void {
    this.#waiters.fail((name) => connectionLost(`No ${name} will come`, ending), player);
  }

  connectionStarted(player: NetworkPlayer): void {
    this.trace?.connectionStarted(player);
  }

  connectionEnded(connection: LibraryConnection, reason: DisconnectReason): void {
    this.#totals.add(connection.metrics);
    this.trace?.connectionClosed(connection, reason);
  }

  /** What the other side does wrong, or what is missing here for it: once in full, and then how often. */
  complain(text: string): void {
    this.logs.complaints.add(text);
  }

  protected metricsOf(peer: PeerCore | null, connections: Iterable<LibraryConnection>): NetworkMetrics {
    return {
      connections: this.#totals.with([...connections].map(({ metrics }) => metrics)),
      peer: peer && { ...peer.metrics },
      socket: peer?.socketMetrics ?? null,
      ...this.counts,
    };
  }

  /** Of the metrics, those that it does not share with the other servers behind its front end: a copy. */
  get counts(): Pick<NetworkMetrics, "ticks" | "failures" | "unhandled"> {
    return { ticks: { ...this.ticks.metrics }, failures: this.#failures, unhandled: this.#unhandled };
  }

  /** The settings of a Peer of this server or client. */
  peerConfig(drive: Drive): Partial<PeerConfig> {
    const { clock, randomBytes, protocol } = this;
    const { fingerprint } = protocol;
    return {
      ...this.#options.peer,
      ...{ drive, clock, randomBytes, fingerprint, onFingerprintMismatch: "accept" },
    };
  }
}
