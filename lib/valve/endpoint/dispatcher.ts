import { ReceiveSource } from "../../addon/native.js";
import { isThenable } from "../../brands.js";
import type { Clock } from "../../clock.js";
import { Places, type PlacesMetrics } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import { NetworkError } from "../../network-error.js";
import { numberOption } from "../../options.js";
import { explainError } from "../../trial-errors.js";
import { authenticatedOnly, type ConfigOption } from "../configuration/config-value.js";
import type { MessageBatch } from "../messages/message-batch.js";
import { type InitializeOptions, Library } from "../sockets/library.js";
import { NetworkingSockets } from "../sockets/networking-sockets.js";
import { Address } from "../values/address.js";
import { type CloseReason, gnsCloseReason } from "../values/close-reason.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import { ConnectionState } from "../values/connection-state.js";
import { StatusInfo } from "../values/status-info.js";
import { type AddressLookup, ConnectAttempts, checkNoZone, resolveBothFamilies } from "./connect-attempts.js";

type GnsVerdict = true | Required<CloseReason> | null;

/** An incoming connection that waits for its verdict. */
interface Pending {
  readonly handle: number;
  readonly timer: unknown;
}

/** Connections that may wait for a verdict at once; GNS has 8191 places in a process. */
const MAX_PENDING = 4096;
/** `handshakeTimeoutMs`: after 10 s GNS itself gives up on a verdict, and calls it a bug of the program. */
export const handshakeTimeoutOption = numberOption(1, 9000);
export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5000;
/** So long after the time of a close it is taken as done, if GNS does not tell of it. */
const LAST_EVENT_MS = 5000;

/** The user of a {@link Dispatcher}. */
export interface DispatcherUser<Connection> {
  /**
   * Whether an incoming connection is accepted: true, or what to close it with; null leaves it alone. It waits for a
   * promise, which must not reject.
   */
  judge(handle: number, info: ConnectionInfo): GnsVerdict | Promise<GnsVerdict>;
  /** A connection is up; its user puts it into `connections`. */
  onConnected(handle: number, info: ConnectionInfo): void;
  /** The peer or the network has ended a connection. What it has received can be read until its user closes it. */
  onLost(connection: Connection, info: ConnectionInfo): void;
  /** A connection that is still in `connections` has been closed here. */
  onClosed(connection: Connection, status: StatusInfo): void;
  /** A connection has ended before it was up. The error is for the code that tried to open it. */
  onFailed(handle: number, info: ConnectionInfo): NetworkError;
  /** A verdict that had to be waited for has come too late, or a newcomer of a crowd has to leave. */
  readonly refusals: { readonly failed: Required<CloseReason>; readonly busy: Required<CloseReason> };
  /** A connection whose verdict was true is about to be accepted: true, or why not after all. */
  admit?(handle: number, info: ConnectionInfo): true | Required<CloseReason>;
  /** All events have been dispatched, and there may be messages. */
  onReadable(): void;
}

/**
 * One `NetworkingSockets` and its share of the library: it opens connections and turns the changes of their state into
 * calls of its user.
 *
 * @throws NetworkError `ERR_FAILED`: the library could not be initialized, or runs with another driver or identity
 */
export class Dispatcher<Connection> {
  readonly sockets: NetworkingSockets;
  /** Those that are up, by handle. */
  readonly connections = new Map<number, Connection>();
  readonly attempts: ConnectAttempts<Connection>;
  readonly #user: DispatcherUser<Connection>;
  readonly #clock: Clock;
  readonly #handshakeTimeoutMs: number;
  readonly #places = new Places<Pending>({ maxCount: MAX_PENDING });
  readonly #pending = new Map<number, Pending>();
  /** The timers of the closes of which GNS has to tell, by handle. */
  readonly #closing = new Map<number, unknown>();
  /** The poll group of the connections whose messages are wanted. */
  readonly #flowing: number;
  #isDestroyed = false;

  /** @param handshakeTimeoutMs how long a verdict may take */
  constructor(
    user: DispatcherUser<Connection>,
    clock: Clock,
    options: InitializeOptions,
    handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS,
  ) {
    if (!Library.initialize(options)) throw lastError("GNS was not initialized");
    this.#user = user;
    this.#clock = clock;
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    this.sockets = new NetworkingSockets();
    this.attempts = new ConnectAttempts(this.sockets, clock);
    this.#flowing = this.sockets.createPollGroup();
    const onStatus = (status: StatusInfo) => this.#onStatus(status);
    this.sockets.onReadable(() => {
      this.#places.nextPhase();
      this.sockets.dispatchCallbacks(onStatus);
      user.onReadable();
    });
  }

  /**
   * @throws NetworkError `ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_NOT_SUPPORTED`, `ERR_BAD_CERTIFICATE`, `ERR_FAILED`
   */
  listen(host: string, port: number, config: readonly ConfigOption[]): { handle: number; address: Address } {
    const address = new Address();
    let handle = 0;
    try {
      checkNoZone(host);
      this.requiresCertificate(config);
      address.setAddress(host, port);
      handle = this.sockets.createListenSocket(address, config);
      if (handle === 0) throw lastError("The listen socket was not created");
    } catch (error) {
      throw explainError({ transport: "GNS", action: "listening on", host, port }, error);
    }
    this.sockets.getListenSocketAddress(handle, address);
    return { handle, address };
  }

  /**
   * The ways to connect to a host, for `attempts.first`.
   *
   * @throws (rejects) NetworkError `ERR_NAME_NOT_FOUND`, `ERR_BAD_CERTIFICATE`
   */
  async waysTo(host: string, port: number, config: readonly ConfigOption[], resolver: AddressLookup) {
    const startMs = this.#clock.now();
    const explain = (error: unknown) => {
      const tookMs = this.#clock.now() - startMs;
      return explainError({ transport: "GNS", action: "connecting to", host, port, tookMs }, error);
    };
    try {
      this.requiresCertificate(config);
      const addresses = await resolveBothFamilies(host, port, resolver);
      return addresses.map((address) => () => {
        const handle = this.sockets.connect(address, config);
        if (handle === 0) throw explain(lastError("The connection was not created"));
        return handle;
      });
    } catch (error) {
      throw explain(error);
    }
  }

  /** The connections that wait for a verdict. */
  get pending(): PlacesMetrics {
    return this.#places.metrics;
  }

  /** Sets whether {@link receive} takes the messages of a connection. Until this is called it does not. */
  setFlowing(handle: number, isFlowing: boolean): void {
    this.sockets.setConnectionPollGroup(isFlowing ? this.#flowing : 0, handle);
  }

  /** Puts the next messages into `batch` and returns their number. */
  receive(batch: MessageBatch): number {
    return this.sockets.receiveBatch(ReceiveSource.PollGroup, this.#flowing, batch);
  }

  /**
   * Closes one of `connections` when its peer has acknowledged everything, or after `timeoutMs`. `onClosed` follows:
   * 5 s later at the latest, also if GNS does not tell of the end.
   */
  close(handle: number, { code, text }: Required<CloseReason>, timeoutMs: number): void {
    const untold = () => {
      const status = Object.assign(new StatusInfo(), { connection: handle });
      Object.assign(status.connectionInfo, { endReason: gnsCloseReason(code), endDebug: text });
      this.#onStatus(status);
    };
    this.#closing.set(handle, this.#clock.setTimeout(untold, timeoutMs + LAST_EVENT_MS));
    this.sockets.closeConnectionGracefully(handle, code, text, timeoutMs);
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const handle of [...this.#pending.keys()]) this.#forget(handle);
    for (const timer of this.#closing.values()) this.#clock.clearTimeout(timer);
    this.sockets.destroy();
    Library.deinitialize();
  }

  /**
   * Whether a configuration refuses everybody without a certificate. GNS would let such connections time out where the
   * process trusts no authority, as if nobody answered.
   *
   * @param refusing the options that do so
   * @throws NetworkError `ERR_BAD_CERTIFICATE`: certificates are required, but the process trusts no authority
   */
  requiresCertificate(config: readonly ConfigOption[], refusing = authenticatedOnly): boolean {
    const isRequired = refusing.every(({ value, data }) => {
      const given = config.findLast((option) => option.value === value)?.data;
      return Number(given ?? this.sockets.getConfigValue(value).data) === data;
    });
    if (!isRequired || this.sockets.getAuthenticationStatus().hasAuthority) return isRequired;
    const text = "Certificates are required, but this process trusts no authority, so that none can be checked";
    throw new NetworkError("ERR_BAD_CERTIFICATE", `${text}. Call Library.addCertificateAuthority first`);
  }

  #onStatus(status: StatusInfo): void {
    const { connection: handle, connectionInfo: info } = status;
    const connection = this.connections.get(handle);
    if (info.state !== ConnectionState.Connecting) this.#forget(handle);
    switch (info.state) {
      case ConnectionState.Connecting:
        if (!this.attempts.has(handle)) this.#onIncoming(handle, info);
        break;
      case ConnectionState.Connected:
        this.#user.onConnected(handle, info);
        break;
      case ConnectionState.ClosedByPeer:
      case ConnectionState.ProblemDetectedLocally:
        if (connection !== undefined) {
          this.#user.onLost(connection, info);
        } else {
          this.sockets.closeConnection(handle);
          this.attempts.fail(handle, this.#user.onFailed(handle, info));
        }
        break;
      case ConnectionState.None:
        this.#clock.clearTimeout(this.#closing.get(handle));
        this.#closing.delete(handle);
        if (connection !== undefined) this.#user.onClosed(connection, status);
        break;
    }
  }

  #onIncoming(handle: number, info: ConnectionInfo): void {
    const answer = this.#user.judge(handle, info);
    if (this.#isDestroyed) return; // by the code that was asked
    if (isThenable(answer)) this.#wait(handle, info, answer);
    else this.#settle(handle, info, answer);
  }

  #wait(handle: number, info: ConnectionInfo, answer: PromiseLike<GnsVerdict>): void {
    const { busy, failed } = this.#user.refusals;
    const late = () => this.#forget(handle) && this.#settle(handle, info, failed);
    const pending: Pending = { handle, timer: this.#clock.setTimeout(late, this.#handshakeTimeoutMs) };
    this.#pending.set(handle, pending);
    const taken = this.#places.take(pending, sourceOf(String(info.address)));
    const leaving = taken === "full" ? pending : taken === "free" ? null : taken.evicted;
    if (leaving !== null) {
      this.#forget(leaving.handle);
      this.sockets.closeConnection(leaving.handle, busy.code, busy.text);
    }
    void answer.then((verdict) => {
      // Another connection may have its number by now.
      if (this.#pending.get(handle) !== pending) return;
      this.#forget(handle);
      this.#settle(handle, info, verdict);
    });
  }

  #settle(handle: number, info: ConnectionInfo, answer: GnsVerdict): void {
    const verdict = answer === true && this.#user.admit ? this.#user.admit(handle, info) : answer;
    if (verdict === true) this.sockets.acceptConnection(handle);
    else if (verdict !== null) this.sockets.closeConnection(handle, verdict.code, verdict.text);
  }

  /** A connection waits no longer. Returns whether it did. */
  #forget(handle: number): boolean {
    const pending = this.#pending.get(handle);
    if (pending === undefined) return false;
    this.#clock.clearTimeout(pending.timer);
    this.#pending.delete(handle);
    this.#places.release(pending);
    return true;
  }
}

/** Why the call before has failed. */
export function lastError(message: string): NetworkError {
  return Library.lastError ?? new NetworkError("ERR_FAILED", message);
}
