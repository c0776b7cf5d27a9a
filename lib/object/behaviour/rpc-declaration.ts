import { checkFunction, invalidType, typeError } from "../../arguments.js";
import { completeRateLimit } from "../../message/protocol/message.js";
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
import { type Codec, tuple } from "../../serialization/index.js";
import {
  type AnyMethod,
  type Callable,
  type CallOptions,
  type ClientRpcOptions,
  DECLARATION,
  declareRpc,
  type Rpc,
  type RpcDeclaration,
  type RpcDefinition,
  type ServerRpcOptions,
} from "./rpc.js";

/** What an RPC is declared with. */
interface Declared extends Pick<RpcDefinition, "runsOn" | "clientCalls"> {
  readonly codecs: readonly Codec<unknown>[];
  readonly options: ServerRpcOptions<unknown> & ClientRpcOptions<unknown>;
}

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

/** An RPC, as a decorator and for `networked`. */
export function declaration<Method extends AnyMethod>(declared: Declared): Rpc<Method> {
  const decorator = (_method: unknown, { kind, name, metadata, ...context }: ClassMethodDecoratorContext) => {
    if (kind !== "method" || context.static || context.private || typeof name !== "string") {
      throw invalidType(`An RPC is a method of an instance that is not private: @serverRpc([u8]) ${String(name)}(…)`);
    }
    declareRpc(metadata as object, name, rpc);
  };
  const define: RpcDeclaration["define"] = (...place) => defineRpc(declared, ...place);
  const rpc = Object.assign(decorator, { [DECLARATION]: { define } }) as unknown as Rpc<Method>;
  return rpc;
}

/** Why these options contradict each other; `undefined` if they do not. */
function contradiction({ codecs, options, runsOn }: Declared): string | undefined {
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
  declared: Declared,
  place: string,
  name: string,
  index: number,
  method: RpcDefinition["method"],
): RpcDefinition {
  const { runsOn, codecs, options, clientCalls } = declared;
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
    callable,
    clientCalls,
  };
}

function callable(call: (args: readonly unknown[], options?: CallOptions) => unknown): Callable<AnyMethod> {
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
