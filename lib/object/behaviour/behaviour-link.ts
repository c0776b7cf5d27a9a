import type { Member } from "./member.js";
import type { NetworkIdentity } from "./network-identity.js";
import type { CallOptions, RpcDefinition } from "./rpc.js";

/** What a behaviour's object is in a world: whoever spawned it gives it to the behaviour. */
export interface BehaviourLink {
  readonly identity: NetworkIdentity;
  /** The object's number in the world. */
  readonly netId: number;
  /** The place of a behaviour in the object: 0 to 15. */
  indexOf(behaviour: object): number;
  /** Sends a call, or gives it to the host's other end. @returns a promise for a call with `returns` */
  callRpc(behaviour: object, rpc: RpcDefinition, args: readonly unknown[], options?: CallOptions): unknown;
  /** Asks the function in `to` of a member again. @throws NetworkError `ERR_WRONG_SIDE` on a client */
  rescope(behaviour: object, member: Member): void;
  /**
   * A client controls the behaviour, by what `definePrediction` returned.
   *
   * @returns a function that ends it
   * @throws NetworkError `ERR_WRONG_SIDE` on a server without a client that shares its instances
   */
  startControl(behaviour: object, prediction: object, sample: () => unknown): () => void;
}
