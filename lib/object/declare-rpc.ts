import type { INetworkPlayer } from "../message/index.js";
import type { Codec } from "../serialization/index.js";
import type {
  AnyMethod,
  ArgumentsOf,
  ClientRpcOptions,
  Rpc,
  RpcCall,
  RpcResult,
  ServerRpcOptions,
} from "./behaviour/rpc.js";
import { declaration } from "./behaviour/rpc-declaration.js";
import { clientCalls } from "./client/calls.js";

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
  return declaration({ runsOn: "server", codecs, options: options as ServerRpcOptions<unknown>, clientCalls });
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
  return declaration({ runsOn: "client", codecs, options, clientCalls });
}
