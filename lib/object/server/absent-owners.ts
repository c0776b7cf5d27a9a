import { outOfRange, typeError } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import { MAX_OWNER_KEY } from "./saved-world.js";
import type { ServerObject } from "./server-object.js";

/** The objects of a loaded world whose owners have not come back, by the keys of these. */
export class AbsentOwners {
  readonly #objects = new Map<string, Set<ServerObject>>();
  readonly #keyOf: ((player: INetworkPlayer) => string | null) | null;
  /** Of an object that was the character of its owner. */
  readonly #characters = new WeakSet<ServerObject>();
  readonly #keys = new WeakMap<ServerObject, string>();

  constructor(keyOf: ((player: INetworkPlayer) => string | null) | null) {
    this.#keyOf = keyOf;
  }

  /** The key of a player; null without one. @throws TypeError, RangeError for what is no key */
  keyOf(player: INetworkPlayer): string | null {
    const key = this.#keyOf?.(player) ?? null;
    if (key !== null && typeof key !== "string") throw typeError("What ownerKey returns", "a string or null");
    if (key !== null && (key === "" || key.length > MAX_OWNER_KEY)) {
      throw outOfRange(`A key of an owner has 1 to ${MAX_OWNER_KEY} characters, not ${key.length}`);
    }
    return key;
  }

  /** The object belongs to whoever has this key, once that is there. */
  add(key: string, object: ServerObject, isCharacter: boolean): void {
    const known = this.#objects.get(key);
    if (known) known.add(object);
    else this.#objects.set(key, new Set([object]));
    this.#keys.set(object, key);
    if (isCharacter) this.#characters.add(object);
  }

  /** The key of the owner that an object waits for. */
  ownerOf(object: ServerObject): { key: string | null; isCharacter: boolean } {
    const key = object.owner === null ? this.#keys.get(object) : undefined;
    return { key: key ?? null, isCharacter: key !== undefined && this.#characters.has(object) };
  }

  /** The object has got an owner, or is gone. */
  remove(object: ServerObject): void {
    const key = this.#keys.get(object);
    if (key === undefined) return;
    this.#keys.delete(object);
    const waiting = this.#objects.get(key);
    if (waiting?.delete(object) && waiting.size === 0) this.#objects.delete(key);
  }

  /** A player is there: gives it what was its own. */
  playerReady(player: INetworkPlayer, setCharacter: (object: ServerObject) => void): void {
    const key = this.#objects.size > 0 ? this.keyOf(player) : null;
    const objects = key === null ? undefined : this.#objects.get(key);
    if (!objects) return;
    this.#objects.delete(key as string);
    for (const object of objects) {
      this.#keys.delete(object);
      if (!object.isSpawned || object.owner !== null) continue;
      object.setOwner(player);
      if (this.#characters.has(object)) setCharacter(object);
    }
  }
}
