import { NetworkClient, type NetworkServer } from "../../message/index.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";

/** An object of a server's world, for the client in the same process. */
export interface SharedObject {
  readonly netId: number;
  readonly identity: NetworkIdentity;
  readonly behaviours: Readonly<Record<string, NetworkBehaviour>>;
  readonly parts: readonly NetworkBehaviour[];
  readonly values: readonly MemberValues[];
  /** Whether the host's client owns it, as far as that client knows. */
  isHostOwner: boolean;
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
  /** The server has stopped. */
  stop(): void;
}

/** The world of a server, for the client in its process. */
export interface SharedWorld {
  client: HostClient | null;
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
