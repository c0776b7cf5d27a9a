import { invalidType, typeError } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import type { RateLimit } from "../../message/protocol/message.js";
import type { Codec, Infer } from "../../serialization/index.js";
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

/** The options of `serverRpc`. */
export interface ServerRpcOptions<R = undefined> extends RpcOptions<R> {
  /** What a player calls more often, over all objects, is dropped at a cost. @defaultValue none */
  rateLimit?: RateLimit;
  /** Whether players who see the object and do not own it may call it. @defaultValue false */
  anyone?: boolean;
}

/** The options of `clientRpc`. */
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
export const DECLARATION: unique symbol = Symbol("RPC");

/** An RPC as it is declared. It brings what RPCs need: a page that declares none does not load that. */
export interface RpcDeclaration {
  /** @throws TypeError, RangeError for wrong codecs or options, or for what is no method */
  define(place: string, name: string, index: number, method: RpcDefinition["method"]): RpcDefinition;
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
  /** What a behaviour has in place of the method: it sends the call. */
  callable(call: (args: readonly unknown[], options?: CallOptions) => unknown): Callable<AnyMethod>;
  /** Sends and runs the calls of a client. */
  readonly clientCalls: object;
}

/** Of each behaviour the places of its RPCs in its class, by number on the wire. */
export type RpcNumbers = readonly (readonly number[])[];

const MAX_RPCS = 255;

const MAX_NAME_LENGTH = 64;

const RPCS = Symbol("RPCs");

/** What a decorator says of a method. */
export function declareRpc(metadata: object, name: string, rpc: Rpc<AnyMethod>): void {
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
    const declaration = declared[name]?.[DECLARATION] as RpcDeclaration | undefined;
    if (declaration === undefined) throw typeError(place, "what serverRpc or clientRpc returns");
    return declaration.define(place, name, index, methodOf(name) as RpcDefinition["method"]);
  });
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
