/// <reference path="../globals.ts" preserve="true" />
/** Networked objects: their state, their life, their calls, who sees them. See docs/objects.md. */
export type { EventListener } from "../event-hub.js";
export type { INetworkPlayer, NetworkClient, NetworkServer, RateLimit } from "../message/index.js";
export type { Codec, Infer, Quaternion, Vector2, Vector3 } from "../serialization/index.js";
export {
  type CollectionOptions,
  type Held,
  list,
  syncList,
  syncMap,
  syncSet,
} from "./behaviour/collections.js";
export type { Interpolation } from "./behaviour/interpolation.js";
export type { ClientTime } from "./behaviour/member-values.js";
export { type BehaviourClass, type ListenOptions, NetworkBehaviour } from "./behaviour/network-behaviour.js";
export type { NetworkIdentity } from "./behaviour/network-identity.js";
export {
  type Callables,
  type Declarations,
  type Networked,
  networked,
  type RpcDeclarations,
  syncVar,
} from "./behaviour/networked.js";
export type { ObjectFactory } from "./behaviour/object-factory.js";
export {
  type Behaviours,
  definePrefab,
  type InstancesOf,
  type Prefab,
  type PrefabOptions,
  type Spawned,
} from "./behaviour/prefab.js";
export {
  type AnyMethod,
  type ArgumentsOf,
  type Callable,
  type CallOptions,
  type ClientRpcOptions,
  callWith,
  type Rpc,
  type RpcCall,
  type RpcOptions,
  type RpcResult,
  type RpcTarget,
  type ServerRpcOptions,
} from "./behaviour/rpc.js";
export type { Audience, SyncOptions } from "./behaviour/sync-options.js";
export { type RefOptions, ref, SyncRef, syncRef } from "./behaviour/sync-ref.js";
export type { ClientObjectEvents, UnspawnReason } from "./client/client-object-events.js";
export {
  ClientObjectManager,
  type ClientObjectManagerOptions,
  type ClientObjectMetrics,
} from "./client/client-object-manager.js";
export { ClientFigures, reportFigures } from "./client-figures.js";
export { clientRpc, serverRpc } from "./declare-rpc.js";
export { interpolation, linear } from "./define-interpolation.js";
export { definePrediction } from "./define-prediction.js";
export type { GridCell } from "./interest/grid-cells.js";
export {
  NetworkTransform2D,
  NetworkTransform3D,
  type Transform2D,
  type Transform3D,
} from "./network-transform.js";
export type { PredictionDefinition, PredictionOptions, StepContext } from "./prediction/defined-prediction.js";
export {
  always,
  decide,
  distance,
  grid,
  groups,
  type InterestGrid,
  type InterestRule,
  type SightOptions,
  type WorldPosition,
} from "./server/interest.js";
export type { InputMetrics } from "./server/server-inputs.js";
export type { ServerObjectEvents } from "./server/server-object-events.js";
export {
  ServerObjectManager,
  type ServerObjectManagerOptions,
  type SpawnOptions,
} from "./server/server-object-manager.js";
export type { SyncCollection } from "./synced/sync-collection.js";
export { SyncList, type SyncListEvents } from "./synced/sync-list.js";
export { SyncMap, type SyncMapEvents } from "./synced/sync-map.js";
export { SyncSet, type SyncSetEvents } from "./synced/sync-set.js";
