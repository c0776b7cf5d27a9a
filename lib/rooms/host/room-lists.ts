import type { Clock } from "../../clock.js";
import type { INetworkPlayer, NetworkServer } from "../../message/index.js";
import { hasLabels, type Labels } from "../labels.js";
import { ListMessage, MAX_LISTED, type RoomInfo } from "../room-messages.js";
import type { Room } from "./room.js";
import type { RoomDirectory } from "./room-directory.js";

/** Changes are told together, this often. */
const INTERVAL_MS = 200;
/** So many lists a player may watch. */
const MAX_WATCHES = 4;
/** A list begins with so many rooms. */
const MAX_ROOMS = 1000;
/** The most bytes of the rooms in one message, as they are reckoned. */
const MAX_BYTES = 30_000;

/** Players who want the same list. */
interface Watch {
  readonly number: number;
  readonly kind: string;
  readonly labels: Labels;
  /** By the player, the numbers of its questions. */
  readonly watchers: Map<INetworkPlayer, number>;
}

/** The live lists of the players who are in no room. */
export class RoomLists {
  readonly #clock: Clock;
  readonly #directory: RoomDirectory;
  readonly #lobby: NetworkServer;
  readonly #watches = new Map<string, Watch>();
  /** Rooms that have changed since the last messages; those that are gone too. */
  readonly #changed = new Set<Room>();
  #lastNumber = 0;
  #timer: unknown = null;

  constructor(clock: Clock, directory: RoomDirectory, lobby: NetworkServer) {
    this.#clock = clock;
    this.#directory = directory;
    this.#lobby = lobby;
  }

  /** A player wants a list. It begins with the rooms that there are. */
  watch(player: INetworkPlayer, number: number, kind: string, labels: Labels): void {
    const watches = [...this.#watches.values()].filter(({ watchers }) => watchers.has(player));
    if (watches.length >= MAX_WATCHES) return;
    const key = JSON.stringify([kind, Object.entries(labels).sort()]);
    let watch = this.#watches.get(key);
    if (!watch) {
      watch = { number: ++this.#lastNumber >>> 0, kind, labels, watchers: new Map() };
      this.#watches.set(key, watch);
    }
    watch.watchers.set(player, number);
    this.#sendWhole(watch, player, number);
  }

  unwatch(player: INetworkPlayer, number: number): void {
    for (const [key, { watchers }] of this.#watches) {
      if (watchers.get(player) === number) this.#drop(key, player);
    }
  }

  /** The player is in a room, or has left. */
  forget(player: INetworkPlayer): void {
    for (const key of this.#watches.keys()) this.#drop(key, player);
  }

  /** A room is there, has changed, or is there no more. */
  changed(room: Room): void {
    if (room.code !== null || this.#watches.size === 0) return;
    this.#changed.add(room);
    this.#timer ??= this.#clock.setTimeout(() => this.#flush(), INTERVAL_MS);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#changed.clear();
    this.#watches.clear();
  }

  #drop(key: string, player: INetworkPlayer): void {
    const watchers = this.#watches.get(key)?.watchers;
    if (watchers?.delete(player) && watchers.size === 0) this.#watches.delete(key);
  }

  #sendWhole({ number: watch, kind, labels }: Watch, player: INetworkPlayer, number: number): void {
    const rooms = this.#directory.find({ kind, labels }).filter(({ code }) => code === null);
    const portions = portionsOf(rooms.slice(0, MAX_ROOMS).map(({ info }) => info));
    for (const [index, portion] of (portions.length > 0 ? portions : [[]]).entries()) {
      player.send(ListMessage, { watch, number: index === 0 ? number : 0, rooms: portion, closed: [] });
    }
  }

  #flush(): void {
    this.#timer = null;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const watch of this.#watches.values()) this.#tell(watch, changed);
  }

  #tell(watch: Watch, changed: readonly Room[]): void {
    const { number, kind, labels, watchers } = watch;
    const ofKind = changed.filter((room) => room.kind === kind);
    const isShown = (room: Room) => this.#directory.has(room) && hasLabels(room.labels, labels);
    const shown = portionsOf(ofKind.filter(isShown).map(({ info }) => info));
    const gone = ofKind.filter((room) => !isShown(room)).map(({ id }) => id);
    const messages = shown.map((rooms) => ({ watch: number, number: 0, rooms, closed: [] as string[] }));
    for (let at = 0; at < gone.length; at += MAX_LISTED) {
      messages.push({ watch: number, number: 0, rooms: [], closed: gone.slice(at, at + MAX_LISTED) });
    }
    const players = [...watchers.keys()];
    const isTold = messages.map((message) => this.#lobby.sendToMany(players, ListMessage, message) === players.length);
    if (!isTold.includes(false)) return;
    // Somebody's queue was full: whoever missed a change has the whole list again.
    for (const [player, asked] of watchers) this.#sendWhole(watch, player, asked);
  }
}

/** Rooms in portions that fit a message each. */
function portionsOf(rooms: readonly RoomInfo[]): RoomInfo[][] {
  const portions: RoomInfo[][] = [];
  let bytes = MAX_BYTES;
  for (const room of rooms) {
    const roomBytes = 200 + 3 * JSON.stringify(room.labels).length;
    const last = portions.at(-1);
    if (last && last.length < MAX_LISTED && bytes + roomBytes <= MAX_BYTES) {
      last.push(room);
      bytes += roomBytes;
    } else {
      portions.push([room]);
      bytes = roomBytes;
    }
  }
  return portions;
}
