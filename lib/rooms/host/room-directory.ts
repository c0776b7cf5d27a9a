import { type Labels, labelMatcher } from "../labels.js";
import type { Room } from "./room.js";

/** Which rooms are wanted. What is left out does not matter. */
export interface RoomFilter {
  /** Those of this kind. */
  kind?: string;
  /** Those that have all of these. */
  labels?: Labels;
}

/** All rooms of a host. */
export class RoomDirectory {
  readonly #byId = new Map<string, Room>();
  readonly #byCode = new Map<string, Room>();
  readonly #byKind = new Map<string, Set<Room>>();

  get size(): number {
    return this.#byId.size;
  }

  get rooms(): Room[] {
    return [...this.#byId.values()];
  }

  has(room: Room): boolean {
    return this.#byId.get(room.id) === room;
  }

  add(room: Room): void {
    this.#byId.set(room.id, room);
    if (room.code !== null) this.#byCode.set(room.code, room);
    const ofKind = this.#byKind.get(room.kind);
    if (ofKind) ofKind.add(room);
    else this.#byKind.set(room.kind, new Set([room]));
  }

  remove(room: Room): boolean {
    if (!this.has(room)) return false;
    this.#byId.delete(room.id);
    if (room.code !== null) this.#byCode.delete(room.code);
    this.#byKind.get(room.kind)?.delete(room);
    return true;
  }

  byId(id: string): Room | null {
    return this.#byId.get(id) ?? null;
  }

  byCode(code: string): Room | null {
    return this.#byCode.get(code) ?? null;
  }

  /** In the order in which they were made. */
  find({ kind, labels = {} }: RoomFilter): Room[] {
    const rooms = kind === undefined ? this.#byId.values() : (this.#byKind.get(kind) ?? []);
    const isMatch = labelMatcher(labels);
    return [...rooms].filter((room) => isMatch(room.labels));
  }
}
