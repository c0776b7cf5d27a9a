import { type Clock, pause } from "../../clock.js";
import { NetworkError } from "../../message/index.js";
import type { Directory, RoomEntry } from "../fleet/directory.js";
import { codeOf } from "../fleet/records.js";
import type { RemoteMessages } from "../fleet/remote-messages.js";
import type { Room } from "../host/room.js";
import type { RoomHouse } from "../host/room-house.js";
import { OwnRequest } from "./fleet-requests.js";
import type { KeptRooms } from "./kept-rooms.js";

/** How long a host is asked, and how long whoever looks for a room waits for a decision. */
const ASK_MS = 500;
const LOOK_MS = 8000;
/** How long it is awaited that the link to the engine comes back: it may have gone over to another server. */
const LINK_MS = 1500;
/** The pause between two looks. */
const PAUSE_MS = 200;

interface FinderOwner {
  readonly clock: Clock;
  readonly id: string;
  readonly house: RoomHouse;
  readonly kept: KeptRooms;
  readonly remote: RemoteMessages;
  /** Whether there is a link to the engine. */
  isConnected(): boolean;
  /** Why players of this host cannot go to a host that is alive; null: they can. */
  barrier(host: string): NetworkError | null;
  hasKind(kind: string): boolean;
  /** Whether this host may take rooms. */
  mayTake(): boolean;
  /** A room was claimed whose owner is gone: players may come back to it. */
  claimed(room: Room): void;
}

/** Where a room is: here, at another host, or nowhere. */
export type Whereabouts = { readonly room: Room } | { readonly host: string } | null;

/** Finds the host of a room. A room whose host is dead is claimed by whoever looks for it. */
export class RoomFinder {
  readonly #owner: FinderOwner;

  constructor(owner: FinderOwner) {
    this.#owner = owner;
  }

  /**
   * Finds a room, and claims it if its owner is dead.
   *
   * @param isWanted whether somebody waits for it still
   * @throws (rejects) NetworkError `ERR_SERVER_BUSY`: nobody can say now; `ERR_PROTOCOL_MISMATCH`: its host has another
   *   version, or had it; `ERR_ROOM_FAILED`, `ERR_CLOSED`
   */
  async find(id: string, isWanted = () => true): Promise<Whereabouts> {
    const { clock, house, kept } = this.#owner;
    const sinceMs = clock.now();
    for (;;) {
      const here = house.directory.byId(id);
      if (here) {
        if (await this.#isOpened(here)) return { room: here };
        continue;
      }
      const entry = await this.#read(kept.directory, id);
      if (house.directory.byId(id)) continue; // Whoever else looks for it was faster.
      if (!entry) return null;
      if (kept.isEnding(id)) {
        // Soon there is none.
      } else if (kept.mayClaim(entry)) {
        if (!this.#owner.mayTake() || !this.#owner.hasKind(entry.kind)) throw busy(id);
        const room = this.#create(entry);
        if (await this.#isOpened(room)) {
          this.#owner.claimed(room);
          return { room };
        }
      } else {
        const barrier = kept.isLeftToOthers(entry) ? ofOthers(id) : this.#owner.barrier(entry.owner);
        if (barrier) throw barrier;
        if (await this.#hasIt(entry)) return { host: entry.owner };
      }
      const passedMs = clock.now() - sinceMs;
      if (!this.#owner.isConnected() && passedMs >= LINK_MS) throw engineGone();
      if (passedMs >= LOOK_MS || !isWanted()) throw busy(id);
      await pause(clock, PAUSE_MS);
    }
  }

  /** Takes a room that its owner gives away. @returns false: this host does not take it */
  async take(id: string): Promise<boolean> {
    const { house, kept } = this.#owner;
    const entry = await this.#read(kept.directory, id);
    if (!entry || !this.#owner.mayTake() || !this.#owner.hasKind(entry.kind)) return false;
    if (house.directory.byId(id)) return true;
    kept.given.add(id);
    try {
      const room = this.#create(entry);
      if (!(await this.#isOpened(room))) return false;
      this.#owner.claimed(room);
      return true;
    } finally {
      kept.given.delete(id);
    }
  }

  #create({ id, kind, labels, code, isOpen }: RoomEntry): Room {
    const given = { kindName: kind, id, labels, data: undefined, isPrivate: code !== "", code: code || undefined };
    const room = this.#owner.house.create(given);
    if (!isOpen) room.isLocked = true;
    return room;
  }

  /** @returns false: another host was faster */
  async #isOpened(room: Room): Promise<boolean> {
    try {
      await this.#owner.house.opened(room);
      return true;
    } catch (error) {
      if (codeOf(error) === "ERR_CONFLICT") return false;
      throw error;
    }
  }

  async #read(directory: Directory | null, id: string): Promise<RoomEntry | null> {
    const known = directory?.findRoom(id);
    if (known) return known;
    try {
      return (await directory?.readRoom(id)) ?? null;
    } catch {
      throw this.#owner.isConnected() ? busy(id) : engineGone();
    }
  }

  /** Whether the owner of a room says that it has it. One that does not answer may be about to be declared dead. */
  async #hasIt({ id, owner }: RoomEntry): Promise<boolean> {
    try {
      return (await this.#owner.remote.request({ host: owner }, OwnRequest, { room: id }, { timeoutMs: ASK_MS }))
        .isDone;
    } catch {
      return false;
    }
  }
}

const engineGone = () => new NetworkError("ERR_SERVER_BUSY", "The engine does not answer: rooms cannot be looked for");

const ofOthers = (id: string) =>
  new NetworkError("ERR_PROTOCOL_MISMATCH", `The room ${id} is left to the hosts of its protocol and key`);

const busy = (id: string) => new NetworkError("ERR_SERVER_BUSY", `Nobody can say now where the room ${id} is`);
