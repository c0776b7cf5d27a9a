import type { HostClient, SharedControl, SharedWorld } from "../world/shared-world.js";
import type { ServerObject } from "./server-object.js";

/** What a server's world has in common with that of the client in its process. */
export class HostShare implements SharedWorld {
  client: HostClient | null = null;
  control: SharedControl | null = null;
  /** The objects whose spawns were sent to the client, and how many of these spawns it has not ended. */
  readonly #shown = new Map<number, { object: ServerObject; spawns: number }>();
  readonly #end: (object: ServerObject) => void;

  /** @param end the client does not have the object any more, and the server's world does not either */
  constructor(end: (object: ServerObject) => void) {
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
    if (shown) shown.spawns++;
    else this.#shown.set(object.netId, { object, spawns: 1 });
  }

  /** Whether the client still uses the object, so that its end has to wait. */
  has(object: ServerObject): boolean {
    return this.#shown.has(object.netId);
  }

  find(netId: number): ServerObject | null {
    return this.#shown.get(netId)?.object ?? null;
  }

  unspawned(netId: number): void {
    const shown = this.#shown.get(netId);
    if (!shown || --shown.spawns > 0) return;
    this.#shown.delete(netId);
    if (!shown.object.isSpawned) this.#end(shown.object);
  }

  /** The client has left. */
  clientLeft(): void {
    this.client = this.control = null;
    const shown = [...this.#shown.values()];
    this.#shown.clear();
    for (const { object } of shown) if (!object.isSpawned) this.#end(object);
  }
}
