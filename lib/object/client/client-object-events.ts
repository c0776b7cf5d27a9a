import type { NetworkIdentity } from "../behaviour/network-identity.js";

/**
 * Why an object has left a client's world: the server has destroyed it, this client does not see it any more, or a step
 * of this client has spawned it and the server has not.
 */
export type UnspawnReason = "destroyed" | "hidden" | "rejected";

/** What happens in a client's world. */
export interface ClientObjectEvents {
  /** An object is in the world, with its values. */
  spawned: [identity: NetworkIdentity];
  /** What a step of this client has spawned, the server has spawned as well: its `netId` and values are from there. */
  adopted: [identity: NetworkIdentity];
  /** An object has left the world, after its `stopClient`. */
  unspawned: [identity: NetworkIdentity, reason: UnspawnReason];
  /** The client's own character is another one: `now`, null for none. `before` may have left the world. */
  characterChanged: [now: NetworkIdentity | null, before: NetworkIdentity | null];
  /** All that the player saw when it was ready is there. */
  worldReady: [];
}
