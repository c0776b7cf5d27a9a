import type { Channel, IConnection, NotifyCallbacks } from "../../peer/index.js";
import type { DisconnectReason, Security } from "../../socket/index.js";
import type { ErrorFlags } from "../protocol/error-flags.js";
import type { MessageDefinition } from "../protocol/message.js";
import type { RequestDefinition } from "../protocol/request.js";

/** Where a player is in its life. */
export enum PlayerState {
  /** It can be reached, and nobody knows yet who it is. */
  Connected = 0,
  Authenticated = 1,
  /** Its connection was lost, and it may come back. */
  Suspended = 2,
  Disconnected = 3,
}

/** Who a player is, as an authenticator found. */
export interface PlayerAuthentication {
  /** Name of the authenticator; `none` without one. */
  readonly method: string;
  /** What the authenticator gave: an account, the claims of a token. */
  readonly data: unknown;
}

/** Counts of one kind of message. */
export interface MessageMetrics {
  messagesSent: number;
  bytesSent: number;
  messagesReceived: number;
  bytesReceived: number;
}

export interface RequestOptions {
  /** After this the promise rejects with `ERR_TIMEOUT`. Default 10,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** 0 to 3. Default 0. */
  lane?: number;
}

/**
 * The other end of a connection, where messages are sent to (Mirage's `INetworkPlayer`): on a server one for each client,
 * on a client one, the server.
 */
export interface INetworkPlayer {
  /** Given at the authentication; 0 before it. On a client its own number. Never used twice by a server. */
  readonly id: number;
  readonly state: PlayerState;
  /** Null while it is suspended, and after the end. */
  readonly connection: IConnection | null;
  readonly isConnected: boolean;
  readonly isAuthenticated: boolean;
  /** Server and client are in one program. */
  readonly isHost: boolean;
  readonly authentication: PlayerAuthentication | null;
  /** It has loaded the scene that the server is in; without a scene true from the authentication on. Server only. */
  readonly ready: boolean;
  /** For logs; the last one while there is none. */
  readonly address: string;
  readonly security: Security;
  /** Smoothed, in milliseconds; 0 before the first measurement, and for a host. */
  readonly roundTripTimeMs: number;
  /** Aborts when the player has left for good. */
  readonly signal: AbortSignal;
  /** What it has done wrong, bits of {@link ErrorFlags}. */
  readonly errorFlags: number;

  /**
   * Sends a message.
   *
   * @param channel `Reliable` (default) or `Unreliable`
   * @param lane 0 (most urgent) to 3, for `Channel.Reliable`: order holds within a lane
   * @returns false: the queue is full, `drained` follows; or there is no connection
   * @throws TypeError, RangeError for a wrong value; NetworkError `ERR_UNKNOWN_MESSAGE`, `ERR_MESSAGE_NOT_AGREED`,
   *   `ERR_MESSAGE_SIZE`
   */
  send<T>(message: MessageDefinition<T>, value: T, channel?: Channel, lane?: number): boolean;
  /** Sends on `Channel.Notify`: `callbacks` hear once what became of it. @returns and throws as `send` */
  sendNotify<T>(message: MessageDefinition<T>, value: T, callbacks: NotifyCallbacks): boolean;
  /** `sendNotify` as a promise: whether it was delivered. False also for what could not be sent. @throws as `send` */
  notify<T>(message: MessageDefinition<T>, value: T): Promise<boolean>;
  /**
   * Asks, and waits for the answer.
   * @throws NetworkError `ERR_TIMEOUT`, `ERR_CONNECTION_LOST`, `ERR_REQUEST_REFUSED` (with the handler's text),
   *   `ERR_REQUEST_FAILED` (its handler threw, or there is none), `ERR_QUEUE_FULL`, `ERR_TOO_MANY_REQUESTS` (1024 are open); what `send` throws;
   *   the signal's reason when it aborts
   */
  request<Q, A>(definition: RequestDefinition<Q, A>, value: Q, options?: RequestOptions): Promise<A>;
  /** Ends it; no resume. @throws RangeError as `IConnection.disconnect` */
  disconnect(reason?: DisconnectReason): void;
  /**
   * Charges a mistake of your own finding to its error budget; below zero the server disconnects it.
   * A host, and a server as a client sees it, have no budget: only the flags are noted.
   */
  chargeError(cost: number, flags: ErrorFlags | number): void;
  resetErrorFlags(): void;
  /** How often, and how much, of a message was sent and received. */
  metricsOf(message: MessageDefinition<unknown>): MessageMetrics;
}
