import { roomIdOf } from "../wire/room-id.js";
import { type ServerClient, ServerRoom } from "./server-client.js";

const MAX_SERVER_ROOMS = 65_536;

/** The rooms with listeners, by their number on the wire. */
export class RoomsTable<TPeer> {
  readonly #rooms = new Map<number, ServerRoom<TPeer>>();

  get size(): number {
    return this.#rooms.size;
  }

  find(id: number): ServerRoom<TPeer> | undefined {
    return this.#rooms.get(id);
  }

  /** The room of this name; "collision" if another one has its number, "full" if there are too many. */
  open(name: string): ServerRoom<TPeer> | "collision" | "full" {
    const id = roomIdOf(name);
    const known = this.#rooms.get(id);
    if (known) return known.name === name ? known : "collision";
    if (this.#rooms.size >= MAX_SERVER_ROOMS) return "full";
    const room = new ServerRoom<TPeer>(id, name);
    this.#rooms.set(id, room);
    return room;
  }

  add(room: ServerRoom<TPeer>, client: ServerClient<TPeer>): void {
    room.members.push(client);
    client.joined.set(room.id, room);
  }

  /** A room without listeners is gone, and its number is free. */
  remove(room: ServerRoom<TPeer>, client: ServerClient<TPeer>): void {
    room.remove(client);
    client.joined.delete(room.id);
    if (room.members.length === 0) this.#rooms.delete(room.id);
  }
}
