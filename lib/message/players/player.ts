import type { Channel, IConnection, NotifyCallbacks } from "../../peer/index.js";
import type { DisconnectReason, Security } from "../../socket/index.js";
import type { RedirectTarget } from "../protocol/door.js";
import type { ErrorFlags } from "../protocol/error-flags.js";
import type { MessageDefinition } from "../protocol/message.js";
import type { RequestDefinition } from "../protocol/request.js";

/** Where a player is in its life. */
export enum PlayerState {
  /** It is connected, and not authenticated yet. */
  Connected = 0,
  /** The server has admitted it. */
  Authenticated = 1,
  /** Its connection was lost, and it may come back. */
  Suspended = 2,
  /** It has left for good. */
  Disconnected = 3,
}

/** Who a player is, as an authenticator has found out. */
export interface PlayerAuthentication {
  /** The authenticator's `method`; `none` when no proof was needed. */
  readonly method: string;
  /** What the authenticator returned: an account, the claims of a token. Undefined on a client. */
  readonly data: unknown;
}

/** Counts of one kind of message. */
export interface MessageMetrics {
  /** Messages of this kind that `send` has taken. */
  messagesSent: number;
  /** Their bytes, with the message's number, before encryption and headers. */
  bytesSent: number;
  /** Messages of this kind that have come, also those without a handler. */
  messagesReceived: number;
  /** Their bytes, counted as in `bytesSent`. */
  bytesReceived: number;
}

/** How long a request waits, and how it is sent. */
export interface RequestOptions {
  /** Without an answer for so long, 0 or more, the promise rejects with `ERR_TIMEOUT`. @defaultValue 10,000 ms */
  timeoutMs?: number;
  /** Gives up the request: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The lane of the question, 0 (most urgent) to 3. @defaultValue 0 */
  lane?: number;
  /**
   * Whether the question is asked again when the player has come back (`resumed`) before it was answered, even at
   * another server, but not in another room. It has the same `id` then, by which the handler knows it. `timeoutMs` goes
   * on meanwhile.
   *
   * @defaultValue `false`: it rejects with `ERR_CONNECTION_LOST`
   */
  retry?: boolean;
}

/**
 * The other end of a connection, which messages are sent to (Mirage's `INetworkPlayer`). A server has one for each
 * client; a client has one, the server.
 *
 * @typeParam Data what you keep in `data`: that of the `NetworkServer<Data>`
 */
export interface INetworkPlayer<Data = unknown> {
  /**
   * Yours: a name, a ship, a score. Undefined until you set it, best in a listener of `authenticated`, which comes
   * before the player's first message. It stays with the player here, also while it is suspended and in another room;
   * it is not sent, and not kept in a `SessionStore`.
   */
  data: Data;
  /**
   * Given by the server when it authenticates the player, 0 before; 1 to 2^32 - 1, never used again by the same server.
   * On a client it is the client's own id.
   */
  readonly id: number;
  /** Where it is in its life. */
  readonly state: PlayerState;
  /** Null while the player is suspended, and after its end. */
  readonly connection: IConnection | null;
  /** Whether it can be reached: `Connected` or `Authenticated`. */
  readonly isConnected: boolean;
  /** Whether its `state` is `Authenticated`. */
  readonly isAuthenticated: boolean;
  /** Whether server and client are in the same process (host mode). */
  readonly isHost: boolean;
  /** Null before the authentication. */
  readonly authentication: PlayerAuthentication | null;
  /**
   * On a server: what the redirect by which the client has come has given it, or what a client has made up: at most
   * 1024 bytes, empty without one. On a client empty.
   */
  readonly ticket: Uint8Array;
  /**
   * On a server: whether the player has loaded the scene of the server, or is authenticated while the server has none.
   * On a client always false.
   */
  readonly ready: boolean;
  /** The remote address as text, for logs; `host` in host mode. Without a connection, that of the last one. */
  readonly address: string;
  /** How the connection is protected. */
  readonly security: Security;
  /** What carries the connection: `udp`, `gns`, `websocket`, `webtransport` or `memory` (host mode). */
  readonly transport: string;
  /** Smoothed, in milliseconds; 0 before the first measurement, and in host mode. */
  readonly roundTripTimeMs: number;
  /** Aborts when the player has left for good. */
  readonly signal: AbortSignal;
  /** Everything that the player has done wrong so far: bits of {@link ErrorFlags}. */
  readonly errorFlags: number;

  /**
   * Sends a message.
   *
   * @param channel `Channel.Reliable`, `Unreliable` or `Sequenced` @defaultValue that of the message
   * @param lane 0 (most urgent) to 3: order holds within a lane @defaultValue that of the message
   * @param maxAgeMs not for `Channel.Reliable` @defaultValue that of the message
   * @returns false when the queue is full (the event `drained` follows), or when the player has no connection
   * @throws TypeError, RangeError for a wrong value; NetworkError `ERR_UNKNOWN_MESSAGE` for a message that is not in
   *   the protocol, `ERR_MESSAGE_NOT_AGREED` for an optional one that the other side does not have, `ERR_MESSAGE_SIZE`
   */
  send<T>(message: MessageDefinition<T>, value: T, channel?: Channel, lane?: number, maxAgeMs?: number): boolean;
  /** Sends on `Channel.Notify`; one of `callbacks` is called, once. @returns and throws as `send` */
  sendNotify<T>(message: MessageDefinition<T>, value: T, callbacks: NotifyCallbacks): boolean;
  /**
   * As `sendNotify`, with a promise: true when the other side has handled the message; false when it was lost, or could
   * not be sent. It rejects with what `send` throws.
   */
  notify<T>(message: MessageDefinition<T>, value: T): Promise<boolean>;
  /**
   * Sends a question and waits for the answer.
   *
   * @throws (rejects) NetworkError `ERR_TIMEOUT`, `ERR_CONNECTION_LOST`, `ERR_REQUEST_REFUSED` (with the handler's
   *   text), `ERR_REQUEST_FAILED` (the handler threw, or there is none), `ERR_QUEUE_FULL`, `ERR_TOO_MANY_REQUESTS`
   *   (1024 wait for their answers); what `send` throws; the signal's reason
   */
  request<Q, A>(definition: RequestDefinition<Q, A>, value: Q, options?: RequestOptions): Promise<A>;
  /**
   * Disconnects the player for good: it cannot resume its session.
   *
   * @param reason travels to the other side @defaultValue code 0 without a text
   * @throws RangeError for a code outside 0-999, or a text over 120 bytes of UTF-8
   */
  disconnect(reason?: DisconnectReason): void;
  /**
   * On a server: has the client go on at another server. It connects there beside this connection, shows `ticket`, and
   * resumes its session if it has one; it leaves here, with `DisconnectCode.Moved`, when it is admitted there, and
   * stays if that fails. A session that goes on there stays in the `SessionStore`.
   *
   * @returns false for a player without a connection
   * @throws TypeError, RangeError for a wrong target; NetworkError `ERR_STATE` on a client, and for a host's client
   */
  redirect(to: RedirectTarget): boolean;
  /**
   * Charges an error that you have found yourself to the player's budget; below zero the server disconnects the player.
   * In host mode, and on a client, there is no budget: only the flags are noted.
   *
   * @param cost tokens, see `ErrorBudget`
   * @param flags noted in `errorFlags`; bits from 2^16 on are yours
   */
  chargeError(cost: number, flags: ErrorFlags | number): void;
  /** Sets `errorFlags` to 0. */
  resetErrorFlags(): void;
  /** How often a message was sent to and received from the player. @throws NetworkError `ERR_UNKNOWN_MESSAGE` */
  metricsOf(message: MessageDefinition<unknown>): MessageMetrics;
}

/**
 * Measures `run`, and returns what that returns; what `run` throws it throws. It may return a promise.
 *
 * @param name such as `request join`, `answer join`, `rpc fire`
 */
export type SpanFunction = <Result>(name: string, player: INetworkPlayer, run: () => Result) => Result;
