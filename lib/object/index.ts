/** Networked objects: their state, their life, who sees them. See docs/objects.md. */
export { NetworkBehaviour } from "./behaviour/network-behaviour.js";
export type { NetworkIdentity } from "./behaviour/network-identity.js";
export { type Declarations, type Networked, networked, syncVar } from "./behaviour/networked.js";
export { type Behaviours, definePrefab, type InstancesOf, type Prefab } from "./behaviour/prefab.js";
export type { SyncOptions } from "./behaviour/sync-options.js";
export type { ClientObjectEvents, UnspawnReason } from "./client/client-object-events.js";
export { ClientObjectManager, type ClientObjectManagerOptions } from "./client/client-object-manager.js";
export {
  always,
  decide,
  distance,
  grid,
  groups,
  type InterestRule,
  type SightOptions,
  type WorldPosition,
} from "./server/interest.js";
export type { ServerObjectEvents } from "./server/server-object-events.js";
export {
  ServerObjectManager,
  type ServerObjectManagerOptions,
  type Spawned,
  type SpawnOptions,
} from "./server/server-object-manager.js";
