import { NetworkClient, type NetworkServer } from "../../message/index.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import type { Layouts } from "../wire/layouts.js";
import type { ObjectLayout } from "../wire/object-layout.js";

/** An object of a server's world, for the client in the same process. */
export interface SharedObject {
  readonly netId: number;
  readonly layout: ObjectLayout;
  readonly identity: NetworkIdentity;
  readonly behaviours: Readonly<Record<string, NetworkBehaviour>>;
  readonly parts: readonly NetworkBehaviour[];
  readonly values: readonly MemberValues[];
  /** Whether the host's client owns it, as far as that client knows. */
  isHostOwner: boolean;
}

/** What the host's client controls of the server's world. */
export interface SharedControl {
  readonly shared: SharedObject;
  /** The behaviour's place in the object. */
  readonly index: number;
  readonly prediction: DefinedPrediction;
  /** The input of this tick. */
  takeInput(): unknown;
  /** The server's tick that the client shows of other objects; null for the present. */
  viewTick(): number | null;
  /** The step of this tick has run. */
  stepped(): void;
}

/** The world of the client in a server's process. */
export interface HostClient {
  /** Whether its objects are those of the server. */
  readonly isShared: boolean;
  /** Calls an RPC of the server as the client's player. */
  call(
    object: SharedObject,
    behaviour: object,
    rpc: RpcDefinition,
    args: readonly unknown[],
    options?: CallOptions,
  ): unknown;
  /** Controls a behaviour of the server, as the client's player. @returns a function that ends it */
  startControl(object: SharedObject, behaviour: object, prediction: object, sample: () => unknown): () => void;
  /** The server has stopped. */
  stop(): void;
}

/** The world of a server, for the client in its process. */
export interface SharedWorld {
  readonly layouts: Layouts;
  client: HostClient | null;
  /** What the client controls; the server lets it be once the object is the client's no more. */
  control: SharedControl | null;
  /** The object of this number, if its spawn was sent to the host's client and its despawn was not applied there. */
  find(netId: number): SharedObject | null;
  /** The client has applied a despawn. */
  unspawned(netId: number): void;
  /** The client has left its world. */
  clientLeft(): void;
}

const worlds = new WeakMap<NetworkServer, SharedWorld>();

/** Lets the client in the server's process find its world. */
export function shareWorld(server: NetworkServer, world: SharedWorld): void {
  worlds.set(server, world);
}

/** The world of the server in this client's process; null where that is elsewhere, or has no objects. */
export function worldOfHost(client: NetworkClient): SharedWorld | null {
  const server = NetworkClient.serverOf(client);
  return (server && worlds.get(server)) ?? null;
}
