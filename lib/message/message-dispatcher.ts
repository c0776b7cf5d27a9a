import { checkFunction, invalidType, typeError } from "../arguments.js";
import { isThenable } from "../brands.js";
import { NetworkError } from "../network-error.js";
import {
  booleanOption,
  checkOptions,
  durationOption,
  type OptionRules,
  objectOption,
  signalOption,
} from "../options.js";
import type { ByteSegment, Channel } from "../peer/index.js";
import { NetworkReader } from "../serialization/index.js";
import type {
  Handler,
  HandlerOptions,
  MessageHandler,
  RequestHandler,
  RequestHandlerOptions,
  WaitOptions,
} from "./message-handler.js";
import type { MessageWaiters } from "./message-waiters.js";
import type { NetworkPlayer } from "./players/network-player.js";
import type { INetworkPlayer } from "./players/player.js";
import { ErrorFlags, errorCosts } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import { isDefinition, type ProtocolCore, type ProtocolPart } from "./protocol/protocol.js";
import {
  checkRequest,
  type RequestDefinition,
  type RequestEnvelope,
  type RequestOutcome,
  RequestRefusedError,
  type ResponseEnvelope,
  refusalText,
} from "./protocol/request.js";
import { Era } from "./protocol/wire-numbers.js";

/** A message that was sent before a move of its player, or after one that this side has not heard of yet. */
export interface OutOfEra {
  /** Null: there is none of this number. */
  readonly message: MessageDefinition<unknown> | null;
  readonly wireNumber: number;
  readonly bytes: ByteSegment;
  readonly channel: Channel;
}

/** What a server or a client does about errors that its dispatcher finds. */
export interface DispatcherOwner {
  readonly protocol: ProtocolCore;
  /** `player` has sent something wrong. */
  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void;
  /** A message or request came that has no handler here. */
  unhandled(player: NetworkPlayer, message: MessageDefinition<unknown>): void;
  /** A message of another era has come. */
  outOfEra(player: NetworkPlayer, arrival: OutOfEra): void;
  /** The application's code has thrown. */
  report(error: unknown, player: INetworkPlayer | null, message: MessageDefinition<unknown> | null): void;
  /** A message came over a connection that is not authenticated yet, and its handler does not allow that. */
  unauthenticated(
    player: NetworkPlayer,
    message: MessageDefinition<unknown>,
    bytes: ByteSegment,
    channel: Channel,
  ): void;
}

interface Entry {
  readonly call: (value: unknown, player: NetworkPlayer, signal: AbortSignal) => unknown;
  readonly allowUnauthenticated: boolean;
  /** The library's own. */
  readonly isSystem: boolean;
  /** It is an async function, or has returned a promise. */
  isAsync: boolean;
  /** The object that every message is read into, undefined without `reuse`. */
  target: unknown;
}

const REQUEST_HANDLER_OPTIONS: OptionRules<RequestHandlerOptions> = { allowUnauthenticated: booleanOption };
const HANDLER_OPTIONS: OptionRules<HandlerOptions> = { ...REQUEST_HANDLER_OPTIONS, reuse: booleanOption };
const WAIT_OPTIONS: OptionRules<WaitOptions> = {
  player: objectOption(),
  timeoutMs: durationOption(),
  signal: signalOption,
};

/** Async handlers of one player that may run at a time. */
const MAX_IN_FLIGHT = 32;

/** Reads messages and calls their handlers. */
export class MessageDispatcher implements MessageHandler {
  readonly #owner: DispatcherOwner;
  readonly #entries = new Map<MessageDefinition<unknown>, Entry>();
  /** The messages of extensions. */
  readonly #ofExtensions = new Set<MessageDefinition<unknown>>();
  readonly #waiters: MessageWaiters;
  readonly #reader = new NetworkReader();

  constructor(owner: DispatcherOwner, waiters: MessageWaiters) {
    this.#owner = owner;
    this.#waiters = waiters;
  }

  register<T>(message: MessageDefinition<T>, handler: Handler<T>, options: HandlerOptions = {}): void {
    checkOptions("register", options, HANDLER_OPTIONS);
    this.#set(message, handler, options, (value, player, signal) => handler(value as T, player, signal));
  }

  registerRequest<Q, A>(
    definition: RequestDefinition<Q, A>,
    handler: RequestHandler<Q, A>,
    options: RequestHandlerOptions = {},
  ): void {
    checkOptions("registerRequest", options, REQUEST_HANDLER_OPTIONS);
    checkRequest(definition);
    this.#set(definition.request, handler, options, (value, player, signal) =>
      answer(definition, handler, value as RequestEnvelope<Q>, player, signal),
    );
  }

  unregister(message: MessageDefinition<unknown> | RequestDefinition<unknown, unknown>): boolean {
    if (!isDefinition(message)) throw typeError("message", "what defineMessage or defineRequest returns");
    const key = "response" in message ? message.request : message;
    return this.#entries.get(key)?.isSystem === false && this.#entries.delete(key);
  }

  clear(): void {
    for (const [message, { isSystem }] of this.#entries) {
      if (!isSystem && !this.#ofExtensions.has(message)) this.#entries.delete(message);
    }
  }

  /** What an extension sends and receives is its own business: `clear` leaves its handlers alone. */
  addExtension(parts: readonly ProtocolPart[]): void {
    for (const part of parts) this.#ofExtensions.add("response" in part ? part.request : part);
  }

  waitFor<T>(message: MessageDefinition<T>, options: WaitOptions = {}): Promise<T> {
    try {
      checkOptions("waitFor", options, WAIT_OPTIONS);
      this.#owner.protocol.assertHas(message);
    } catch (error) {
      return Promise.reject(error);
    }
    if (message.codec.borrowed) return Promise.reject(borrowedError(message));
    return this.#waiters.wait(message, options);
  }

  /** Sets a handler of the library's own, which `unregister` and `clear` leave alone. */
  registerSystem<T>(
    message: MessageDefinition<T>,
    handler: (value: T, player: NetworkPlayer) => void,
    { allowUnauthenticated = true }: RequestHandlerOptions = {},
  ): void {
    this.#entries.set(message, {
      call: (value, player) => handler(value as T, player),
      allowUnauthenticated,
      isSystem: true,
      isAsync: false,
      target: undefined,
    });
  }

  /** The protocol is complete: sets the handlers that take the answers to requests. */
  start(): void {
    for (const definition of this.#owner.protocol.requests) {
      this.registerSystem(definition.response, (response: ResponseEnvelope<unknown>, player) => {
        if (player.requests.settle(definition, response)) return;
        this.#owner.charge(player, errorCosts.invalidState, ErrorFlags.InvalidState, "An answer to no request");
      });
    }
  }

  /** Reads a message and calls its handler. Never throws, whatever the bytes are. */
  receive(player: NetworkPlayer, bytes: ByteSegment, channel: Channel): void {
    const reader = this.#reader;
    const message = this.#messageOf(player, bytes, channel);
    if (!message) return;
    player.countReceived(message, bytes.length);
    const entry = this.#entries.get(message);
    if (!player.isAuthenticated && !entry?.allowUnauthenticated) {
      this.#owner.unauthenticated(player, message, bytes, channel);
      return;
    }
    if (!entry && !this.#waiters.has(message)) {
      this.#owner.unhandled(player, message);
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
    if (entry && player.recorder) this.#invokeRecorded(entry, message, player, value, bytes, channel);
    else if (entry) this.#invoke(entry, message, player, value);
  }

  #invokeRecorded(
    entry: Entry,
    message: MessageDefinition<unknown>,
    player: NetworkPlayer,
    value: unknown,
    bytes: ByteSegment,
    channel: Channel,
  ): void {
    const returned = player.recorder?.messageReceived(message, channel, bytes.length);
    this.#invoke(entry, message, player, value);
    returned?.();
  }

  #set(
    message: MessageDefinition<unknown>,
    handler: unknown,
    { allowUnauthenticated = false, reuse = false }: HandlerOptions,
    call: Entry["call"],
  ): void {
    checkFunction("handler", handler);
    this.#owner.protocol.assertHas(message);
    const isAsync = (handler as object).constructor.name === "AsyncFunction";
    if (isAsync && (reuse || message.codec.borrowed)) throw borrowedError(message);
    const target = reuse && message.codec.readInto ? message.codec.default() : undefined;
    this.#entries.set(message, { call, allowUnauthenticated, isSystem: false, isAsync, target });
  }

  /** A request without a handler fails at once: the other side does not have to wait for its timeout. */
  #declineQuestion(player: NetworkPlayer, message: MessageDefinition<unknown>): void {
    for (const { request, response } of this.#owner.protocol.requests) {
      if (request !== message || this.#reader.bitsLeft < 32) continue;
      player.sendLater(response, { id: this.#reader.readUint32(), ...withoutAnswer("unhandled") });
    }
  }

  #messageOf(player: NetworkPlayer, bytes: ByteSegment, channel: Channel): MessageDefinition<unknown> | null {
    this.#reader.reset(bytes.buffer, bytes.offset, bytes.length);
    let wireNumber: number;
    try {
      wireNumber = this.#reader.readPacked();
    } catch {
      this.#owner.charge(player, errorCosts.deserialization, ErrorFlags.Deserialization, "A message without a number");
      return null;
    }
    const message = player.messageOf(wireNumber);
    if (player.numbers.eraOf(wireNumber) !== Era.Present) {
      this.#owner.outOfEra(player, { message, wireNumber, bytes, channel });
      return null;
    }
    if (!message) this.noMessage(player, wireNumber);
    return message;
  }

  noMessage(player: NetworkPlayer, wireNumber: number): void {
    this.#owner.charge(player, errorCosts.unknownMessage, ErrorFlags.RpcSync, `There is no message ${wireNumber}`);
  }

  #unreadable(player: NetworkPlayer, message: MessageDefinition<unknown>, error: unknown): void {
    // Any other error comes from a codec of the application that is faulty itself.
    if (!(error instanceof NetworkError)) {
      this.#threw(message, player, error);
      return;
    }
    const isLimit = error.code === "ERR_LIMIT";
    const cost = isLimit ? errorCosts.serializationLimit : errorCosts.deserialization;
    const flag = isLimit ? ErrorFlags.SerializationLimit : ErrorFlags.Deserialization;
    this.#owner.charge(player, cost, flag, `${message.name} cannot be read: ${error.message}`);
  }

  #invoke(entry: Entry, message: MessageDefinition<unknown>, player: NetworkPlayer, value: unknown): void {
    try {
      // Each async handler gets a signal of its own: Node warns when one signal has more than ten listeners.
      const abort = entry.isAsync ? new AbortController() : null;
      const result = entry.call(value, player, abort?.signal ?? player.signal);
      if (isThenable(result)) void this.#follow(entry, message, player, result, abort ?? new AbortController());
    } catch (error) {
      this.#threw(message, player, error);
    }
  }

  async #follow(
    entry: Entry,
    message: MessageDefinition<unknown>,
    player: NetworkPlayer,
    result: PromiseLike<unknown>,
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
    // A handler that ends with the reason of its player's signal has not failed: the player has left.
    if (player.signal.aborted && error === player.signal.reason) return;
    player.chargeError(0, ErrorFlags.RpcException);
    this.#owner.report(error, player, message);
  }
}

const borrowedError = ({ name }: MessageDefinition<unknown>) =>
  invalidType(`The values of ${name} are valid during the call only, so its handler cannot be async`);

/** What a handler throws whose room has ended here. */
const LEFT = new Set(["ERR_CLOSED", "ERR_FENCED", "ERR_CONNECTION_LOST"]);

const withoutAnswer = (outcome: RequestOutcome, text = "") => ({ outcome, text, value: undefined });

function answer<Q, A>(
  definition: RequestDefinition<Q, A>,
  handler: RequestHandler<Q, A>,
  { id, value }: RequestEnvelope<Q>,
  player: NetworkPlayer,
  signal: AbortSignal,
): unknown {
  const { moves } = player;
  /** In another room nobody waits for the answer any more. */
  const reply = (response: Omit<ResponseEnvelope<A>, "id">) => {
    if (player.moves === moves) player.sendLater(definition.response, { id, ...response });
  };
  /** The answer is checked like any value that is sent. */
  const succeed = (result: A) => {
    try {
      reply({ outcome: "answered", text: "", value: result });
    } catch (cause) {
      const { message } = cause as Error;
      const forgotten = result === undefined ? " (did it forget to return it?)" : "";
      const text = `The handler of ${definition.name} gave a wrong answer${forgotten}: ${message}`;
      throw Object.assign(invalidType(text), { cause });
    }
  };
  const fail = (error: unknown) => {
    if (error instanceof RequestRefusedError) {
      reply(withoutAnswer("refused", refusalText(error.message) || "refused"));
      return;
    }
    // What could not be done here since the room is at another server is asked again there.
    if ((player.isRedirected || !player.isConnected) && LEFT.has(String((error as Partial<NetworkError>)?.code)))
      return;
    reply(withoutAnswer("failed"));
    throw error;
  };
  try {
    const { spans } = player.owner;
    const call = () => handler(value, player, signal, id);
    const result = spans ? spans(`answer ${definition.name}`, player, call) : call();
    if (isThenable(result)) return Promise.resolve(result).then(succeed).catch(fail);
    succeed(result as A);
  } catch (error) {
    fail(error);
  }
  return undefined;
}
