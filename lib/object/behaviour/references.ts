import type { NetworkBehaviour } from "./network-behaviour.js";

/** A reference, for whoever knows when objects come and go. */
export interface WatchingReference {
  /** The object of this number is in the world now. */
  targetAppeared(): void;
  /** It is there no more. On a server the reference is null from now on; on a client it may come back. */
  targetGone(): void;
}

/** All references of a world, by the object that they refer to. */
export class References {
  readonly isServer: boolean;
  /** The behaviour at this place of an object of the world; null where there is none. */
  readonly find: (netId: number, behaviourIndex: number) => NetworkBehaviour | null;
  readonly #byTarget = new Map<number, Set<WatchingReference>>();

  constructor(isServer: boolean, find: (netId: number, behaviourIndex: number) => NetworkBehaviour | null) {
    this.isServer = isServer;
    this.find = find;
  }

  watch(netId: number, reference: WatchingReference): void {
    const known = this.#byTarget.get(netId);
    if (known) known.add(reference);
    else this.#byTarget.set(netId, new Set([reference]));
  }

  unwatch(netId: number, reference: WatchingReference): void {
    const known = this.#byTarget.get(netId);
    if (known?.delete(reference) && known.size === 0) this.#byTarget.delete(netId);
  }

  /** The object is in the world: its behaviours are found from now on. */
  appeared(netId: number): void {
    for (const reference of this.#byTarget.get(netId) ?? []) reference.targetAppeared();
  }

  /** The object is in the world no more. */
  gone(netId: number): void {
    for (const reference of [...(this.#byTarget.get(netId) ?? [])]) reference.targetGone();
  }

  /** The references to an object, which a player needs again when it begins to see the object. */
  referencesTo(netId: number): Iterable<WatchingReference> {
    return this.#byTarget.get(netId) ?? [];
  }
}
