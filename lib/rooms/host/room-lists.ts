import type { Clock } from "../../clock.js";
import { sourceOf } from "../../guard/source.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import { type INetworkPlayer, NetworkServer } from "../../message/index.js";
import { type Labels, labelMatcher } from "../labels.js";
import { ListMessage, MAX_LISTED, MAX_LISTS, type RoomInfo } from "../room-messages.js";
import type { Room } from "./room.js";
import type { RoomDirectory } from "./room-directory.js";

/** Changes are told together, this often. */
const INTERVAL_MS = 200;
/** A list begins with so many rooms. */
const MAX_ROOMS = 1000;
/** The most bytes of the rooms in one message, as they are reckoned. */
const MAX_BYTES = 30_000;
/**
 * What whole lists may cost in all, as bytes are reckoned: at once, and each second. 10 MB are about 0.1 s of CPU. With
 * more, sources take turns.
 */
const WHOLE_BYTES = 4_000_000;
const WHOLE_BYTES_PER_SECOND = 10_000_000;
const TURN_MS = 20;

/** Players who want the same list. */
interface Watch {
  readonly key: string;
  readonly number: number;
  readonly kind: string;
  readonly labels: Labels;
  readonly isMatch: (labels: Labels) => boolean;
  readonly watchers: Set<Watcher>;
}

/** A player who wants a list. */
interface Watcher {
  readonly watch: Watch;
  readonly player: INetworkPlayer;
  /** Of the player's address. */
  readonly source: string;
  /** Of its question: the first message of a list has it. */
  readonly asked: number;
  /** Rooms that it has still to be told of. Null: of all, and the list begins with them. */
  owed: Set<Room> | null;
}

/** What a message tells. */
interface Portion {
  rooms: RoomInfo[];
  closed: string[];
}

/** The live lists of the players who are in no room. */
export class RoomLists {
  readonly #clock: Clock;
  readonly #directory: RoomDirectory;
  readonly #lobby: NetworkServer;
  readonly #watches = new Map<string, Watch>();
  readonly #byPlayer = new Map<INetworkPlayer, Set<Watcher>>();
  /** How many lists players had when they were in the lobby last, that they have not got anew since. */
  readonly #had = new WeakMap<INetworkPlayer, number>();
  /** Rooms that have changed since the last messages, those that are gone too, with all labels that they had since. */
  readonly #changed = new Map<Room, Set<Labels>>();
  readonly #labelsOf = new WeakMap<Room, Labels>();
  /** Those who are owed something and have space for it, by their source. */
  readonly #behind = new Map<string, Set<Watcher>>();
  readonly #bytes: TokenBucket;
  #lastNumber = 0;
  #timer: unknown = null;
  #turnTimer: unknown = null;

  constructor(clock: Clock, directory: RoomDirectory, lobby: NetworkServer) {
    this.#clock = clock;
    this.#directory = directory;
    this.#lobby = lobby;
    this.#bytes = new TokenBucket(clock, WHOLE_BYTES, WHOLE_BYTES_PER_SECOND);
  }

  /** A player wants a list. It begins with the rooms that there are. */
  watch(player: INetworkPlayer, asked: number, kind: string, labels: Labels): void {
    this.unwatch(player, asked);
    const ofPlayer = this.#byPlayer.get(player) ?? new Set();
    if (ofPlayer.size >= MAX_LISTS) return;
    const key = JSON.stringify([kind, Object.entries(labels).sort()]);
    let watch = this.#watches.get(key);
    if (!watch) {
      const isMatch = labelMatcher(labels);
      watch = { key, number: ++this.#lastNumber >>> 0, kind, labels, isMatch, watchers: new Set() };
      this.#watches.set(key, watch);
    }
    const watcher: Watcher = { watch, player, source: sourceOf(player.address), asked, owed: null };
    watch.watchers.add(watcher);
    this.#byPlayer.set(player, ofPlayer.add(watcher));
    this.#owe(watcher);
  }

  unwatch(player: INetworkPlayer, asked: number): void {
    for (const watcher of this.#byPlayer.get(player) ?? []) if (watcher.asked === asked) this.#drop(watcher);
  }

  /** Whether a list is one of those that the player had before it was away: its client wants it anew, by itself. */
  isAgain(player: INetworkPlayer): boolean {
    const left = this.#had.get(player) ?? 0;
    this.#had.set(player, Math.max(left - 1, 0));
    return left > 0;
  }

  /** The player is in a room, or has lost its connection. */
  forget(player: INetworkPlayer): void {
    this.#had.set(player, Math.max(this.#byPlayer.get(player)?.size ?? 0, this.#had.get(player) ?? 0));
    for (const watcher of this.#byPlayer.get(player) ?? []) this.#drop(watcher);
  }

  /** The player's queue has space again. */
  drained(player: INetworkPlayer): void {
    for (const watcher of this.#byPlayer.get(player) ?? []) if (watcher.owed?.size !== 0) this.#owe(watcher);
  }

  /** A room is there, has changed, or is there no more. */
  changed(room: Room): void {
    const before = this.#labelsOf.get(room) ?? room.labels;
    this.#labelsOf.set(room, room.labels);
    if (room.code !== null || this.#watches.size === 0) return;
    this.#changed.set(room, (this.#changed.get(room) ?? new Set([before])).add(room.labels));
    this.#timer ??= this.#clock.setTimeout(() => this.#flush(), INTERVAL_MS);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#turnTimer);
    this.#timer = null;
    this.#turnTimer = null;
    this.#changed.clear();
    this.#watches.clear();
    this.#byPlayer.clear();
    this.#behind.clear();
  }

  #drop(watcher: Watcher): void {
    const { watch, player } = watcher;
    this.#settled(watcher);
    const ofPlayer = this.#byPlayer.get(player);
    if (ofPlayer?.delete(watcher) && ofPlayer.size === 0) this.#byPlayer.delete(player);
    if (watch.watchers.delete(watcher) && watch.watchers.size === 0) this.#watches.delete(watch.key);
  }

  #owe(watcher: Watcher): void {
    const ofSource = this.#behind.get(watcher.source) ?? new Set();
    this.#behind.set(watcher.source, ofSource.add(watcher));
    if (this.#turnTimer === null) this.#takeTurns();
  }

  /** Nothing is owed to a watcher, or it has no space for it. */
  #settled(watcher: Watcher): void {
    const ofSource = this.#behind.get(watcher.source);
    if (ofSource?.delete(watcher) && ofSource.size === 0) this.#behind.delete(watcher.source);
  }

  /** Sends what is owed, a message to each source in turn, while the bytes last. */
  #takeTurns(): void {
    this.#turnTimer = null;
    for (const [source, ofSource] of this.#behind) {
      if (this.#bytes.tokens <= 0) break;
      const [watcher] = ofSource as Set<Watcher> & [Watcher];
      if (!this.#sendOwed(watcher)) this.#settled(watcher);
      // Behind all others; what stands there already is met in this loop.
      if (this.#behind.delete(source) && ofSource.size > 0) this.#behind.set(source, ofSource);
    }
    if (this.#behind.size > 0) this.#turnTimer = this.#clock.setTimeout(() => this.#takeTurns(), TURN_MS);
  }

  /** @returns false: nothing more is owed, or its queue is full */
  #sendOwed(watcher: Watcher): boolean {
    const { watch, player, asked, owed } = watcher;
    const rooms =
      owed ??
      new Set(
        this.#directory
          .find(watch)
          .filter(({ code }) => code === null)
          .slice(0, MAX_ROOMS),
      );
    const { portion, told, bytes } = this.#nextPortion(watch, rooms);
    this.#bytes.take(bytes);
    const message = { watch: watch.number, number: owed === null ? asked : 0, ...portion };
    if (!player.send(ListMessage, message)) return false;
    for (const room of told) rooms.delete(room);
    watcher.owed = rooms;
    return rooms.size > 0;
  }

  #flush(): void {
    this.#timer = null;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const watch of this.#watches.values()) {
      // Of others it has told nobody.
      const listed = changed.filter(([room, labels]) => room.kind === watch.kind && [...labels].some(watch.isMatch));
      if (listed.length > 0)
        this.#tell(
          watch,
          listed.map(([room]) => room),
        );
    }
  }

  #tell(watch: Watch, changed: readonly Room[]): void {
    const current: Watcher[] = [];
    for (const watcher of watch.watchers) {
      if (watcher.owed?.size === 0) current.push(watcher);
      else for (const room of changed) watcher.owed?.add(room);
      // It would be told of more rooms that are gone than there are.
      if ((watcher.owed?.size ?? 0) > 2 * MAX_ROOMS) watcher.owed = null;
    }
    const untold = new Set(changed);
    while (untold.size > 0) {
      const players = new Set(current.filter(({ owed }) => owed?.size === 0).map(({ player }) => player));
      const { portion, told } = this.#nextPortion(watch, untold);
      const message = { watch: watch.number, number: 0, ...portion };
      const refused = NetworkServer.sendOrTell(this.#lobby, players, ListMessage, message);
      // Whoever had no space for a change gets this and the others when it has.
      for (const watcher of current) if (refused.includes(watcher.player)) watcher.owed = new Set(untold);
      for (const room of told) untold.delete(room);
    }
  }

  /** What fits one message about `rooms`. */
  #nextPortion(watch: Watch, rooms: Iterable<Room>) {
    const portion: Portion = { rooms: [], closed: [] };
    const told: Room[] = [];
    let bytes = 100;
    for (const room of rooms) {
      if (told.length === MAX_LISTED) break;
      const isShown = this.#directory.has(room) && watch.isMatch(room.labels);
      const roomBytes = isShown ? 200 + 3 * JSON.stringify(room.labels).length : 100;
      if (bytes + roomBytes > MAX_BYTES && told.length > 0) break;
      bytes += roomBytes;
      told.push(room);
      if (isShown) portion.rooms.push(room.info);
      else portion.closed.push(room.id);
    }
    return { portion, told, bytes };
  }
}
