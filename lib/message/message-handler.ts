import type { INetworkPlayer } from "./players/player.js";
import type { MessageDefinition } from "./protocol/message.js";
import type { RequestDefinition } from "./protocol/request.js";

/** Handles a message. `signal` aborts when the player has left for good. */
export type Handler<T, Data = unknown> = (
  message: T,
  player: INetworkPlayer<Data>,
  signal: AbortSignal,
) => void | Promise<void>;

/**
 * Answers a request. It throws `RequestRefusedError` to refuse; any other exception counts as an error of the handler.
 * `id` counts the questions of the player: one that comes a second time (`retry`) has the same.
 */
export type RequestHandler<Q, A, Data = unknown> = (
  question: Q,
  player: INetworkPlayer<Data>,
  signal: AbortSignal,
  id: number,
) => A | Promise<A>;

/** The options of a handler that answers requests. */
export interface RequestHandlerOptions {
  /** Also handles what comes from players who are not authenticated. @defaultValue `false` */
  allowUnauthenticated?: boolean;
}

/** The options of a handler. */
export interface HandlerOptions extends RequestHandlerOptions {
  /**
   * Reads every message into the same object, which is valid during the call only; the handler cannot be async.
   *
   * @defaultValue `false`
   */
  reuse?: boolean;
}

/** What `MessageHandler.waitFor` waits for, and how long. */
export interface WaitOptions {
  /** Waits for a message of this player. @defaultValue any player */
  player?: INetworkPlayer;
  /** After so many milliseconds, 0 or more, the promise rejects with `ERR_TIMEOUT`. @defaultValue never */
  timeoutMs?: number;
  /** Ends the wait: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * The handlers of a server or client (Mirage's `MessageHandler`). They can be set at any time, and stay over a restart.
 */
export interface MessageHandler<Data = unknown> {
  /**
   * Sets the handler of a message, in place of the one before. Async handlers start in the order in which the messages
   * came and are not awaited; at most 32 of one player run at a time, and above that its messages are dropped and
   * charged to its error budget.
   *
   * @throws TypeError for a handler that is no function, and for an async handler of a message whose values are valid
   *   during the call only (`bytesView`, `reuse`)
   */
  register<T>(message: MessageDefinition<T>, handler: Handler<T, Data>, options?: HandlerOptions): void;
  /** Sets the handler that answers a request, in place of the one before. @throws as `register` */
  registerRequest<Q, A>(
    definition: RequestDefinition<Q, A>,
    handler: RequestHandler<Q, A, Data>,
    options?: RequestHandlerOptions,
  ): void;
  /** Removes a handler. @returns whether there was one */
  unregister(message: MessageDefinition<unknown> | RequestDefinition<unknown, unknown>): boolean;
  /** Removes all handlers but those of messages that extensions have brought along. */
  clear(): void;
  /**
   * Waits for the next message of a kind. If the message has a handler, the handler is called as well.
   *
   * @throws (rejects) NetworkError `ERR_TIMEOUT`, `ERR_CLOSED` when the server or client stops; `ERR_CONNECTION_LOST`
   *   when the client's connection, or that of `player`, has ended; the signal's reason; TypeError for a message whose
   *   values are valid during the call only (`bytesView`)
   */
  waitFor<T>(message: MessageDefinition<T>, options?: WaitOptions): Promise<T>;
}
