import { EventHub, type EventListener } from "../event-hub.js";
import type { Labels } from "./labels.js";
import type { RoomInfo } from "./room-messages.js";

/** Further rooms are left out: a server could fill the client's memory with them. */
const MAX_ROOMS = 16_384;

/** The events of a {@link RoomList}. */
export interface RoomListEvents {
  /** The list has come, or has changed. A late event. */
  changed: [rooms: readonly RoomInfo[]];
}

/** What a list needs of its client. */
interface RoomListOwner {
  report(error: unknown): void;
  close(list: RoomList): void;
}

/** A live list of the public rooms of a kind. It stands still while the player is in a room. */
export class RoomList {
  /** The name of the kind whose rooms it lists. */
  readonly kind: string;
  /** The labels that a room has to have to be listed. */
  readonly labels: Labels;
  readonly #owner: RoomListOwner;
  readonly #rooms = new Map<string, RoomInfo>();
  readonly #events: EventHub<RoomListEvents>;

  /** @internal Made by `RoomsClient.lobby`. */
  constructor(kind: string, labels: Labels, owner: RoomListOwner) {
    this.kind = kind;
    this.labels = labels;
    this.#owner = owner;
    this.#events = new EventHub<RoomListEvents>(["changed"], (error) => owner.report(error), ["changed"]);
  }

  /** In the order in which they were made; at most the first 1000, and those that came since, 16,384 in all. */
  get rooms(): RoomInfo[] {
    return [...this.#rooms.values()];
  }

  /** Adds a listener. @returns a function that removes it */
  on<Name extends keyof RoomListEvents>(name: Name, listener: EventListener<RoomListEvents[Name]>): () => void {
    return this.#events.on(name, listener);
  }

  /** Nothing changes any more. */
  close(): void {
    this.#owner.close(this);
  }

  /** @internal */
  static update(list: RoomList, isWhole: boolean, rooms: readonly RoomInfo[], closed: readonly string[]): void {
    if (isWhole) list.#rooms.clear();
    for (const room of rooms) {
      if (list.#rooms.size < MAX_ROOMS || list.#rooms.has(room.id)) list.#rooms.set(room.id, room);
    }
    for (const id of closed) list.#rooms.delete(id);
    list.#events.emit("changed", list.rooms);
  }
}
