import { checkFunction, invalidType, typeError } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import { completeRateLimit, type RateLimit } from "../../message/protocol/message.js";
import {
  booleanOption,
  checkOptions,
  durationOption,
  type OptionRules,
  objectOption,
  oneOf,
  signalOption,
} from "../../options.js";
import { inField } from "../../serialization/errors.js";
import { type Codec, type Infer, tuple } from "../../serialization/index.js";
import type { ClientTime } from "./member-values.js";

/** What the method of a server RPC learns of its caller, as its last argument. */
export interface RpcCall {
  /** Who has called. */
  readonly player: INetworkPlayer;
  /** The caller's tick, or the server's where that is not known. */
  readonly tick: number;
  /** Aborts when the player leaves, or the object goes. */
  readonly signal: AbortSignal;
}

/** What may be said of one call: `ship.buy.with({ timeoutMs: 500 })(3)`. */
export interface CallOptions {
  /** Gives up: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The time for the answer, 0 or more. `Infinity`: no limit. @defaultValue 10,000 ms */
  timeoutMs?: number;
}

/** Whom a client RPC goes to: those that see the object, its owner, all of them but the owner, or one player. */
export type RpcTarget = "observers" | "owner" | "others" | "player";

/** The options that all RPCs have. */
export interface RpcOptions<R> {
  /** The codec of what the method's promise gives, which the caller gets. @defaultValue none: nobody waits */
  returns?: Codec<R>;
  /**
   * It is sent at once, may be lost, and keeps no order with state or other calls. Where the object is missing it is
   * dropped. @defaultValue false
   */
  unordered?: boolean;
  /**
   * Whether the other side may lack it (an older or newer program). A call to that is dropped; what waits for it
   * rejects with `ERR_MESSAGE_NOT_AGREED`. @defaultValue false
   */
  optional?: boolean;
}

/** The options of {@link serverRpc}. */
export interface ServerRpcOptions<R = undefined> extends RpcOptions<R> {
  /** What a player calls more often, over all objects, is dropped at a cost. @defaultValue none */
  rateLimit?: RateLimit;
  /** Whether players who see the object and do not own it may call it. @defaultValue false */
  anyone?: boolean;
}

/** The options of {@link clientRpc}. */
export interface ClientRpcOptions<R = undefined> extends RpcOptions<R> {
  /**
   * Who runs it. With `player` the method's first argument is that player. `returns` needs one who can answer: `owner`
   * or `player`. @defaultValue `observers`
   */
  to?: RpcTarget;
  /** The method runs when the call has arrived, or when the tick of the call is shown. @defaultValue `arrived` */
  at?: ClientTime;
}

/** What a method is called with: one argument for each codec. */
export type ArgumentsOf<C extends readonly Codec<unknown>[]> = { -readonly [I in keyof C]: Infer<C[I]> };

/** What the method of an RPC returns. */
export type RpcResult<R> = [R] extends [undefined] ? void | Promise<void> : Promise<R>;

/** A method with any arguments. */
export type AnyMethod = (...parameters: never[]) => unknown;

/** A declaration of an RPC: a decorator, or a value of the third argument of `networked`. */
export interface Rpc<Method extends AnyMethod> {
  <This extends object, M extends Method>(method: M, context: ClassMethodDecoratorContext<This>): void;
  /** What it declares; only the library reads it. */
  readonly [DECLARATION]: object;
  /** Of the method; there is no such property. */
  readonly method?: Method;
}

/** A method with options for one call. */
export type Callable<Method> = Method & {
  /** The method with options. @throws TypeError, RangeError for wrong ones */
  with(options: CallOptions): Method;
};

/** Where the rest of what is known lies. */
const DECLARATION = Symbol("RPC");

/** An RPC as it is declared. */
export interface RpcDeclaration {
  readonly runsOn: "server" | "client";
  readonly codecs: readonly Codec<unknown>[];
  readonly options: ServerRpcOptions<unknown> & ClientRpcOptions<unknown>;
}

/** An RPC of a class. */
export interface RpcDefinition {
  readonly name: string;
  /** Its place among the RPCs of its class, sorted by name: 0 to 254. */
  readonly index: number;
  readonly runsOn: "server" | "client";
  readonly target: RpcTarget;
  readonly arguments: Codec<readonly unknown[]>;
  /** How many arguments a call takes: the player that it goes to is one. */
  readonly argumentCount: number;
  readonly returns: Codec<unknown> | null;
  readonly isUnordered: boolean;
  readonly isOptional: boolean;
  readonly isForAnyone: boolean;
  /** Whether the client runs it when its tick is shown. */
  readonly isAtShown: boolean;
  readonly rateLimit: Required<RateLimit> | null;
  /** What both sides must have the same. */
  readonly layout: string;
  /** What runs on the side that is called. */
  readonly method: (this: object, ...parameters: unknown[]) => unknown;
}

/** Of each behaviour the places of its RPCs in its class, by number on the wire. */
export type RpcNumbers = readonly (readonly number[])[];

const MAX_RPCS = 255;

const MAX_NAME_LENGTH = 64;

const commonRules = { returns: objectOption("read", "write"), unordered: booleanOption, optional: booleanOption };

const serverRules: OptionRules<ServerRpcOptions<unknown>> = {
  ...commonRules,
  rateLimit: objectOption(),
  anyone: booleanOption,
};

const clientRules: OptionRules<ClientRpcOptions<unknown>> = {
  ...commonRules,
  to: oneOf("observers", "owner", "others", "player"),
  at: oneOf("arrived", "shown"),
};

const callRules: OptionRules<CallOptions> = { signal: signalOption, timeoutMs: durationOption() };

function declaration<Method extends AnyMethod>(declared: RpcDeclaration): Rpc<Method> {
  const decorator = (_method: unknown, { kind, name, metadata, ...context }: ClassMethodDecoratorContext) => {
    if (kind !== "method" || context.static || context.private || typeof name !== "string") {
      throw invalidType(`An RPC is a method of an instance that is not private: @serverRpc([u8]) ${String(name)}(…)`);
    }
    declareRpc(metadata as object, name, rpc);
  };
  const rpc = Object.assign(decorator, { [DECLARATION]: declared }) as unknown as Rpc<Method>;
  return rpc;
}

const RPCS = Symbol("RPCs");

function declareRpc(metadata: object, name: string, rpc: Rpc<AnyMethod>): void {
  const rpcs = decoratedRpcs(metadata);
  Object.defineProperty(metadata, RPCS, { value: { ...rpcs, [name]: rpc }, configurable: true });
}

/** What decorators of this class, and not of those that it extends, have declared. */
export function decoratedRpcs(metadata: object): Readonly<Record<string, Rpc<AnyMethod>>> {
  return Object.hasOwn(metadata, RPCS)
    ? ((metadata as Record<symbol, Record<string, Rpc<AnyMethod>>>)[RPCS] ?? {})
    : {};
}

/**
 * Declares a method that clients call and the server runs: as the decorator `@serverRpc([u16]) buy(item: number) {}`,
 * or by name for `networked`. The method gets a {@link RpcCall} behind its arguments. By default the owner alone may
 * call.
 *
 * @param codecs one for each argument
 */
export function serverRpc<const C extends readonly Codec<unknown>[], R = undefined>(
  codecs: C,
  options: ServerRpcOptions<R> = {},
): Rpc<(...parameters: [...ArgumentsOf<C>, call?: RpcCall]) => RpcResult<R>> {
  return declaration({ runsOn: "server", codecs, options: options as ServerRpcOptions<unknown> });
}

/**
 * Declares a method that the server calls and clients run: as the decorator `@clientRpc([string(100)]) said(text) {}`,
 * or by name for `networked`.
 *
 * @param codecs one for each argument
 */
export function clientRpc<const C extends readonly Codec<unknown>[], R = undefined>(
  codecs: C,
  options: ClientRpcOptions<R> & { to: "player" },
): Rpc<(player: INetworkPlayer, ...parameters: ArgumentsOf<C>) => RpcResult<R>>;
export function clientRpc<const C extends readonly Codec<unknown>[], R = undefined>(
  codecs: C,
  options?: ClientRpcOptions<R> & { to?: "observers" | "owner" | "others" },
): Rpc<(...parameters: ArgumentsOf<C>) => RpcResult<R>>;
export function clientRpc(codecs: readonly Codec<unknown>[], options: ClientRpcOptions<unknown> = {}): Rpc<AnyMethod> {
  return declaration({ runsOn: "client", codecs, options });
}

/** Why these options contradict each other; `undefined` if they do not. */
function contradiction({ codecs, options, runsOn }: RpcDeclaration): string | undefined {
  const { returns, unordered, to = "observers" } = options;
  if ([...codecs, ...(returns ? [returns] : [])].some(({ borrowed }) => borrowed)) {
    return "its values lie in the message: use bytes in place of bytesView";
  }
  if (returns && unordered) return "an unordered call may be lost, so nothing can wait for what it returns";
  if (returns && runsOn === "client" && to !== "owner" && to !== "player") {
    return `returns needs one player who answers: to: "owner" or "player"`;
  }
  return undefined;
}

function defineRpc(
  place: string,
  name: string,
  index: number,
  rpc: Rpc<AnyMethod>,
  method: RpcDefinition["method"],
): RpcDefinition {
  const declared = rpc?.[DECLARATION] as RpcDeclaration | undefined;
  if (declared === undefined) throw typeError(place, "what serverRpc or clientRpc returns");
  const { runsOn, codecs, options } = declared;
  if (!Array.isArray(codecs)) throw typeError(`The codecs of ${place}`, "an array");
  checkFunction(place, method);
  try {
    checkOptions<object>("the RPC", options, (runsOn === "server" ? serverRules : clientRules) as OptionRules<object>);
  } catch (error) {
    throw inField(error, place);
  }
  for (const codec of codecs) if (typeof codec?.read !== "function") throw typeError(`Each of ${place}`, "a codec");
  const reason = contradiction(declared);
  if (reason !== undefined) throw invalidType(`${place}: ${reason}`);
  const { returns = null, unordered = false, optional = false, anyone = false, to = "observers" } = options;
  const { at, rateLimit } = options;
  const codec = tuple(...codecs) as unknown as Codec<readonly unknown[]>;
  const side = runsOn === "server" ? runsOn : to;
  const suffix = `${unordered ? " unordered" : ""}${returns ? ` ${returns.layout}` : ""}`;
  return {
    name,
    index,
    runsOn,
    target: to,
    arguments: codec,
    argumentCount: codecs.length + (runsOn === "client" && to === "player" ? 1 : 0),
    returns,
    isUnordered: unordered,
    isOptional: optional,
    isForAnyone: anyone,
    isAtShown: at === "shown",
    rateLimit: rateLimit ? completeRateLimit(rateLimit) : null,
    layout: `(${codecs.map(({ layout }) => layout)}) ${side}${suffix}`,
    method,
  };
}

/**
 * The RPCs of a class, in the order of their names (of code units).
 *
 * @throws TypeError, RangeError that name the class and the method
 */
export function defineRpcs(
  className: string,
  declared: Readonly<Record<string, Rpc<AnyMethod>>>,
  isTaken: (name: string) => boolean,
  methodOf: (name: string) => unknown,
): readonly RpcDefinition[] {
  const names = Object.keys(declared).sort((a, b) => (a < b ? -1 : 1));
  if (names.length > MAX_RPCS) throw invalidType(`${className} has ${names.length} RPCs, over ${MAX_RPCS}`);
  return names.map((name, index) => {
    const place = `${className}.${name}`;
    if (isTaken(name)) throw invalidType(`${place}: a behaviour has something of that name`);
    if (name.length > MAX_NAME_LENGTH) throw invalidType(`${place}: the name is longer than ${MAX_NAME_LENGTH}`);
    return defineRpc(place, name, index, declared[name] as Rpc<AnyMethod>, methodOf(name) as RpcDefinition["method"]);
  });
}

/** What a behaviour has in place of the method: it sends the call. */
export function callable(call: (args: readonly unknown[], options?: CallOptions) => unknown): Callable<AnyMethod> {
  const send =
    (options?: CallOptions) =>
    (...args: unknown[]) =>
      call(args, options);
  const withOptions = (options: CallOptions) => {
    checkOptions("the call", options, callRules);
    return send(options);
  };
  return Object.assign(send(), { with: withOptions }) as Callable<AnyMethod>;
}

/**
 * The same method with options for one call, where TypeScript does not know its `with`: of RPCs that decorators
 * declare.
 *
 * @example await callWith(ship.buy, { timeoutMs: 500 })(3)
 * @throws TypeError for what is no RPC; TypeError, RangeError for wrong options
 */
export function callWith<Method extends AnyMethod>(method: Method, options: CallOptions): Method {
  const rpc = method as unknown as Partial<Callable<Method>>;
  if (typeof rpc?.with !== "function") throw typeError("method", "an RPC of a behaviour");
  return rpc.with(options);
}
