import type { NetworkIdentity } from "../behaviour/network-identity.js";

/** Why an object has left a client's world. */
export type UnspawnReason = "destroyed" | "hidden";

/** What happens in a client's world. */
export interface ClientObjectEvents {
  /** An object is in the world, with its values. */
  spawned: [identity: NetworkIdentity];
  unspawned: [identity: NetworkIdentity, reason: UnspawnReason];
  characterChanged: [now: NetworkIdentity | null, before: NetworkIdentity | null];
  /** All that the player saw when it was ready is there. */
  worldReady: [];
}
