import { RecentKeys } from "../collections/recent-keys.js";
import type { WorldPosition } from "./interest.js";
import type { ServerObject } from "./server-object.js";

/** For so long a client may still send something for an object that it does not see any more. */
const SEEN_MS = 10_000;

/** What holds for a player as long as it is in the game, also while its connection is lost. */
export class PlayerStanding {
  /** The objects that it lost sight of lately, by `netId`. */
  readonly seen = new RecentKeys(SEEN_MS);
  /** The objects that are shown to it or hidden from it, whatever the rules say. */
  readonly exceptions = new WeakMap<ServerObject, "shown" | "hidden">();
  readonly groups = new Set<unknown>();
  focus: WorldPosition | null = null;
  character: ServerObject | null = null;
}
