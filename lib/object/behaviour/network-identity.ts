import type { INetworkPlayer } from "../../message/index.js";

/** A networked object, as one side of the connection knows it (Mirage's `NetworkIdentity`). */
export interface NetworkIdentity {
  /** The same on all sides; random, and never used again. 0 while it is predicted. */
  readonly netId: number;
  /** The name of its prefab. */
  readonly prefab: string;
  /** Its behaviours by name. */
  readonly behaviours: Readonly<Record<string, object>>;
  /** The player that owns it. On a client its own player, or null for an object of anybody else. */
  readonly owner: INetworkPlayer | null;
  /** On a client: whether it owns the object. On a server false, but in a host for what its client owns. */
  readonly isOwner: boolean;
  /** Whether it is in a world: from its spawn to its end. */
  readonly isSpawned: boolean;
  /** On a client: whether a step has spawned it, and the server has neither adopted nor rejected it yet. */
  readonly isPredicted: boolean;
  /** On a server: the players who see it. On a client always empty. */
  readonly observers: ReadonlySet<INetworkPlayer>;
  /**
   * Gives it to a player, or to nobody.
   *
   * @throws NetworkError `ERR_WRONG_SIDE` on a client, `ERR_STATE` after its end
   */
  setOwner(player: INetworkPlayer | null): void;
  /** `player` sees it whatever the rules say, but for `hide`. @throws as `setOwner` */
  show(player: INetworkPlayer): void;
  /** `player` does not see it, whatever else holds, until `show`. @throws as `setOwner` */
  hide(player: INetworkPlayer): void;
  /**
   * Its interpolated members do not move to the values that are set in this tick, but appear there.
   *
   * @throws as `setOwner`
   */
  teleport(): void;
  /** Ends it on all sides. @throws NetworkError `ERR_WRONG_SIDE` on a client */
  destroy(): void;
}
