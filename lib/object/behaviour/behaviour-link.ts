import type { CallOptions, RpcDefinition } from "./rpc.js";

/** What a behaviour's object is in a world: whoever spawned it gives it to the behaviour. */
export interface BehaviourLink {
  /** Sends a call, or gives it to the host's other end. @returns a promise for a call with `returns` */
  callRpc(behaviour: object, rpc: RpcDefinition, args: readonly unknown[], options?: CallOptions): unknown;
}
