import type { Layouts } from "../wire/layouts.js";
import type { HostClient, SharedControl, SharedWorld } from "../world/shared-world.js";
import type { ServerObject } from "./server-object.js";

/** What a server's world has in common with that of the client in its process. */
export class HostShare implements SharedWorld {
  readonly layouts: Layouts;
  client: HostClient | null = null;
  control: SharedControl | null = null;
  /**
   * The objects whose spawns were sent to the client and which it has not ended, in that order: one more than once
   * where it was hidden and shown, several of one number where the world was loaded again.
   */
  readonly #shown = new Map<number, ServerObject[]>();
  readonly #end: (object: ServerObject) => void;

  /** @param end the client does not have the object any more, and the server's world does not either */
  constructor(layouts: Layouts, end: (object: ServerObject) => void) {
    this.layouts = layouts;
    this.#end = end;
  }

  /** Whether the client uses the server's instances. */
  get isShared(): boolean {
    return this.client?.isShared === true;
  }

  /** A spawn was sent to the client. */
  spawned(object: ServerObject): void {
    if (!this.isShared) return;
    const shown = this.#shown.get(object.netId);
    if (shown) shown.push(object);
    else this.#shown.set(object.netId, [object]);
  }

  /** Whether the client still uses the object, so that its end has to wait. */
  has(object: ServerObject): boolean {
    return this.#shown.get(object.netId)?.includes(object) === true;
  }

  find(netId: number): ServerObject | null {
    return this.#shown.get(netId)?.[0] ?? null;
  }

  unspawned(netId: number): void {
    const shown = this.#shown.get(netId);
    const object = shown?.shift();
    if (shown?.length === 0) this.#shown.delete(netId);
    if (object && !object.isSpawned && !this.has(object)) this.#end(object);
  }

  /** The client has left. */
  clientLeft(): void {
    this.client = this.control = null;
    const shown = new Set([...this.#shown.values()].flat());
    this.#shown.clear();
    for (const object of shown) if (!object.isSpawned) this.#end(object);
  }
}
