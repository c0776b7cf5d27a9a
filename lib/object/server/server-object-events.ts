import type { INetworkPlayer } from "../../message/index.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";

/** What happens in a server's world. */
export interface ServerObjectEvents {
  /** An object is in the world. */
  spawned: [identity: NetworkIdentity];
  /** An object has left the world. */
  unspawned: [identity: NetworkIdentity];
  /** A player has another character, by `setCharacter` or because the character was destroyed: `now`, null for none. */
  characterChanged: [player: INetworkPlayer, now: NetworkIdentity | null, before: NetworkIdentity | null];
}
