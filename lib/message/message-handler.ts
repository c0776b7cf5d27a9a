import { NetworkError } from "../network-error.js";
import type { ByteSegment, Channel } from "../peer/index.js";
import { NetworkReader } from "../serialization/index.js";
import type { MessageWaiters, WaitOptions } from "./message-waiters.js";
import type { NetworkPlayer } from "./players/network-player.js";
import type { INetworkPlayer } from "./players/player.js";
import { ErrorFlags, errorCosts } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import type { Protocol } from "./protocol/protocol.js";
import {
  type RequestDefinition,
  type RequestEnvelope,
  RequestRefusedError,
  type ResponseEnvelope,
  refusalText,
} from "./protocol/request.js";

/** Handles a message. `signal` aborts when the player has left for good. */
export type Handler<T> = (message: T, player: INetworkPlayer, signal: AbortSignal) => void | Promise<void>;

/** Answers a request. */
export type RequestHandler<Q, A> = (question: Q, player: INetworkPlayer, signal: AbortSignal) => A | Promise<A>;

export interface HandlerOptions {
  /** Also from players who have not been authenticated. Default false. */
  allowUnauthenticated?: boolean;
  /** Every message is read into the same object, which is valid during the call only; no async handlers. Default false. */
  reuse?: boolean;
}

/** What a handler's owner, a server or a client, does about mistakes. */
export interface HandlerOwner {
  readonly protocol: Protocol;
  /** `player` has made a mistake. */
  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void;
  /** Our user's code has thrown. */
  report(error: unknown, player: INetworkPlayer | null, message: MessageDefinition<unknown> | null): void;
  /** It came from, or for, somebody who has not been authenticated. */
  unauthenticated(
    player: NetworkPlayer,
    message: MessageDefinition<unknown>,
    bytes: ByteSegment,
    channel: Channel,
  ): void;
}

interface Entry {
  readonly call: (value: unknown, player: NetworkPlayer, signal: AbortSignal) => void | Promise<void>;
  readonly allowUnauthenticated: boolean;
  readonly isSystem: boolean;
  /** Known beforehand, or seen: it has returned a promise. */
  isAsync: boolean;
  target: unknown;
}

/** Async handlers of one player that may be under way. */
const MAX_IN_FLIGHT = 32;

const isAsyncFunction = (handler: unknown) => (handler as object).constructor.name === "AsyncFunction";

/** Whose turn it is when a message comes (Mirage's `MessageHandler`). Handlers may be set at any time, and stay over a restart. */
export class MessageHandler {
  readonly #owner: HandlerOwner;
  readonly #entries = new Map<MessageDefinition<unknown>, Entry>();
  readonly #waiters: MessageWaiters;
  readonly #reader = new NetworkReader();

  /** @internal */
  constructor(owner: HandlerOwner, waiters: MessageWaiters) {
    this.#owner = owner;
    this.#waiters = waiters;
  }

  /**
   * Sets the handler of a message, in place of the one before. Async handlers start in the order in which the messages came
   * and nobody waits for them; 32 of a player may be under way, then its messages are dropped and charged to it.
   *
   * @throws TypeError for an async handler of a message whose values end with the call (`bytesView`, `reuse`)
   */
  register<T>(message: MessageDefinition<T>, handler: Handler<T>, options: HandlerOptions = {}): void {
    if (typeof handler !== "function") throw new TypeError("A handler is a function");
    const { allowUnauthenticated = false, reuse = false } = options;
    const isAsync = isAsyncFunction(handler);
    if (isAsync && (reuse || message.codec.borrowed)) throw borrowedError(message);
    this.#entries.set(message, {
      call: (value, player, signal) => handler(value as T, player, signal),
      allowUnauthenticated,
      isSystem: false,
      isAsync,
      target: reuse && message.codec.readInto ? message.codec.default() : undefined,
    });
  }

  /** Sets the handler that answers a request. What it throws besides {@link RequestRefusedError} counts as an exception. */
  registerRequest<Q, A>(
    definition: RequestDefinition<Q, A>,
    handler: RequestHandler<Q, A>,
    { allowUnauthenticated = false }: { allowUnauthenticated?: boolean } = {},
  ): void {
    if (typeof handler !== "function") throw new TypeError("A handler is a function");
    const isAsync = isAsyncFunction(handler);
    if (isAsync && definition.request.codec.borrowed) throw borrowedError(definition.request);
    this.#entries.set(definition.request, {
      call: (value, player, signal) => answer(definition, handler, value as RequestEnvelope<Q>, player, signal),
      allowUnauthenticated,
      isSystem: false,
      isAsync,
      target: undefined,
    });
  }

  /** Takes a handler away. @returns whether there was one */
  unregister(message: MessageDefinition<unknown> | RequestDefinition<unknown, unknown>): boolean {
    const key = "response" in message ? message.request : message;
    return this.#entries.get(key)?.isSystem === false && this.#entries.delete(key);
  }

  /** Takes all handlers away. */
  clear(): void {
    for (const [message, { isSystem }] of this.#entries) if (!isSystem) this.#entries.delete(message);
  }

  /**
   * Waits for the next message of a kind; its handler, if there is one, gets it too.
   * @throws NetworkError `ERR_TIMEOUT`, `ERR_CLOSED` when the server or client stops; the signal's reason; TypeError for a
   *   message whose values end with the call (`bytesView`)
   */
  waitFor<T>(message: MessageDefinition<T>, options: WaitOptions = {}): Promise<T> {
    if (message.codec.borrowed) return Promise.reject(borrowedError(message));
    return this.#waiters.wait(message, options);
  }

  /** @internal Handlers of the library's own. */
  registerSystem<T>(message: MessageDefinition<T>, handler: (value: T, player: NetworkPlayer) => void): void {
    this.#entries.set(message, {
      call: (value, player) => handler(value as T, player),
      allowUnauthenticated: true,
      isSystem: true,
      isAsync: false,
      target: undefined,
    });
  }

  /** @internal The protocol is complete: answers find their questions. */
  start(): void {
    for (const definition of this.#owner.protocol.requests) {
      this.registerSystem(definition.response, (response: ResponseEnvelope<unknown>, player) => {
        if (player.requests.settle(definition, response)) return;
        this.#owner.charge(player, errorCosts.invalidState, ErrorFlags.InvalidState, "An answer that nobody asked for");
      });
    }
  }

  /** @internal Reads a message and calls its handler. Throws nothing, whatever the bytes. */
  receive(player: NetworkPlayer, bytes: ByteSegment, channel: Channel): void {
    const reader = this.#reader;
    const message = this.#messageOf(player, bytes);
    if (!message) return;
    player.countReceived(message, bytes.length);
    const entry = this.#entries.get(message);
    if (!player.isAuthenticated && !entry?.allowUnauthenticated) {
      this.#owner.unauthenticated(player, message, bytes, channel);
      return;
    }
    if (!entry && !this.#waiters.has(message)) {
      this.#owner.charge(player, errorCosts.noHandler, ErrorFlags.RpcSync, `No handler for ${message.name}`);
      this.#declineQuestion(player, message);
      return;
    }
    if (!player.withinRate(message)) {
      const cost = message.rateLimit?.cost as number;
      this.#owner.charge(player, cost, ErrorFlags.RateLimit, `More of ${message.name} than its rate limit allows`);
      return;
    }
    if (entry?.isAsync && player.inFlight.size >= MAX_IN_FLIGHT) {
      this.#owner.charge(player, errorCosts.tooManyInFlight, ErrorFlags.RateLimit, "Too many handlers under way");
      return;
    }
    let value: unknown;
    try {
      const { codec } = message;
      value = entry?.target !== undefined ? codec.readInto?.(reader, entry.target) : codec.read(reader);
      reader.finish();
    } catch (error) {
      this.#unreadable(player, message, error);
      return;
    }
    if (this.#waiters.has(message)) this.#waiters.deliver(message, player, value);
    if (entry) this.#invoke(entry, message, player, value);
  }

  /** Who asks what nobody answers need not wait for its timeout. */
  #declineQuestion(player: NetworkPlayer, message: MessageDefinition<unknown>): void {
    for (const { request, response } of this.#owner.protocol.requests) {
      if (request !== message || this.#reader.bitsLeft < 32) continue;
      player.send(response, { id: this.#reader.readUint32(), error: "", value: undefined });
    }
  }

  #messageOf(player: NetworkPlayer, { buffer, offset, length }: ByteSegment): MessageDefinition<unknown> | null {
    this.#reader.reset(buffer, offset, length);
    let wireNumber: number;
    try {
      wireNumber = this.#reader.readPacked();
    } catch {
      this.#owner.charge(player, errorCosts.deserialization, ErrorFlags.Deserialization, "A message without a number");
      return null;
    }
    const message = player.messageOf(wireNumber);
    if (!message) {
      this.#owner.charge(player, errorCosts.unknownMessage, ErrorFlags.RpcSync, `There is no message ${wireNumber}`);
    }
    return message;
  }

  #unreadable(player: NetworkPlayer, message: MessageDefinition<unknown>, error: unknown): void {
    // What is no NetworkError comes from a codec of the user's own, and is a mistake there.
    if (!(error instanceof NetworkError)) this.#owner.report(error, player, message);
    const isLimit = error instanceof NetworkError && error.code === "ERR_LIMIT";
    const cost = isLimit ? errorCosts.serializationLimit : errorCosts.deserialization;
    const flag = isLimit ? ErrorFlags.SerializationLimit : ErrorFlags.Deserialization;
    this.#owner.charge(player, cost, flag, `${message.name} cannot be read: ${(error as Error)?.message}`);
  }

  #invoke(entry: Entry, message: MessageDefinition<unknown>, player: NetworkPlayer, value: unknown): void {
    try {
      // One signal for all would have as many listeners as there are handlers under way, and Node warns of eleven.
      const abort = entry.isAsync ? new AbortController() : null;
      const result = entry.call(value, player, abort?.signal ?? player.signal);
      if (result instanceof Promise) void this.#follow(entry, message, player, result, abort ?? new AbortController());
    } catch (error) {
      this.#threw(message, player, error);
    }
  }

  async #follow(
    entry: Entry,
    message: MessageDefinition<unknown>,
    player: NetworkPlayer,
    result: Promise<void>,
    abort: AbortController,
  ): Promise<void> {
    entry.isAsync = true;
    player.inFlight.add(abort);
    try {
      if (message.codec.borrowed || entry.target !== undefined) throw borrowedError(message);
      await result;
    } catch (error) {
      this.#threw(message, player, error);
    } finally {
      player.inFlight.delete(abort);
    }
  }

  #threw(message: MessageDefinition<unknown>, player: NetworkPlayer, error: unknown): void {
    // A handler that stops because its player has left has not failed.
    if (player.signal.aborted && error === player.signal.reason) return;
    this.#owner.report(error, player, message);
    this.#owner.charge(
      player,
      errorCosts.handlerThrew,
      ErrorFlags.RpcException,
      `The handler of ${message.name} threw`,
    );
  }
}

const borrowedError = ({ name }: MessageDefinition<unknown>) =>
  new TypeError(`Values of ${name} end with the handler's call: it cannot be async`);

function answer<Q, A>(
  definition: RequestDefinition<Q, A>,
  handler: RequestHandler<Q, A>,
  { id, value }: RequestEnvelope<Q>,
  player: NetworkPlayer,
  signal: AbortSignal,
): void | Promise<void> {
  const reply = (error: string | undefined, result: A | undefined) => {
    player.send(definition.response, { id, error, value: result });
  };
  const fail = (error: unknown) => {
    if (error instanceof RequestRefusedError) {
      reply(refusalText(error.message) || "refused", undefined);
      return;
    }
    reply("", undefined);
    throw error;
  };
  try {
    const result = handler(value, player, signal);
    if (result instanceof Promise) return result.then((answered) => reply(undefined, answered)).catch(fail);
    reply(undefined, result);
  } catch (error) {
    fail(error);
  }
}
