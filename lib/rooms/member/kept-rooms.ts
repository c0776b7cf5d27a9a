import { type Clock, pause } from "../../clock.js";
import { NetworkError } from "../../message/index.js";
import { settledWithin } from "../../message/time/deadline.js";
import type { Random } from "../../random.js";
import type { Engine, Log } from "../engine/engine.js";
import { Beats, type HostState } from "../fleet/beats.js";
import { Checkpoints } from "../fleet/checkpoints.js";
import { Directory, type RoomEntry } from "../fleet/directory.js";
import { isOfKin, type Kinship, kinOf } from "../fleet/kin.js";
import { codeOf } from "../fleet/records.js";
import type { Room } from "../host/room.js";
import type { RoomKeeper } from "../host/room-keeper.js";
import { KeptRoom } from "./kept-room.js";

/** How long a room waits until nothing is left of an earlier one that had its id. */
const ENDED_MS = 5000;
/** How often what the directory should say of a room is written again after a failure, and its end. */
const DESCRIBE_MS = 1000;

/** What the kept rooms of a host need of it. */
export interface KeptRoomsOwner {
  readonly engine: Engine;
  readonly app: string;
  /** The id of this host. */
  readonly id: string;
  readonly clock: Clock;
  readonly random: Random;
  report(error: unknown, place: string): void;
  /** What this host says of itself. */
  state(): HostState;
  kinship(): Kinship;
  /** Other hosts than before take players. */
  hostsChanged(): void;
  /**
   * Another host has a room that this one still has. Resolves when its players have heard where it is.
   *
   * @param newer null: the log says so, and not which it is
   */
  lost(room: Room, newer: RoomEntry | null): Promise<void>;
}

/** The rooms of a host that others can find: it claims them, keeps their logs, and hears who else is there. */
export class KeptRooms implements RoomKeeper {
  readonly beats: Beats;
  readonly checkpoints: Checkpoints;
  /** The ids of rooms that their owners give to this host. */
  readonly given = new Set<string>();
  readonly #owner: KeptRoomsOwner;
  readonly #kept = new Map<Room, KeptRoom>();
  readonly #checkpointing = new Map<Room, () => void>();
  /** Those that another host is to take at this moment. */
  readonly #giving = new Map<KeptRoom, Promise<boolean>>();
  /** What is being written of rooms that have ended here, by their ids. */
  readonly #ending = new Map<string, Promise<void>>();
  #directory: Directory | null = null;
  #log: Log | null = null;
  #isStarted = false;
  /** Rooms whose directory entry is not as they are; a timer writes again. */
  readonly #undescribed = new Set<Room>();
  #describeTimer: unknown = null;

  constructor(owner: KeptRoomsOwner) {
    this.#owner = owner;
    const { engine, app, clock, id } = owner;
    const [state, changed] = [() => owner.state(), () => owner.hostsChanged()];
    this.beats = new Beats({ engine, app, clock, id, state, changed });
    const onError = (error: unknown) => owner.report(error, "a checkpoint");
    this.checkpoints = new Checkpoints({ clock, onError });
  }

  /** Null before the first start. */
  get directory(): Directory | null {
    return this.#directory;
  }

  /** Opens the directory. @throws (rejects) as an engine */
  async open(): Promise<void> {
    const { engine, app } = this.#owner;
    const kin = () => kinOf(this.#owner.kinship());
    this.#directory ??= await Directory.open(engine, app, (now) => this.#follow(now), kin);
    this.#log ??= await engine.log(`${app}-events`);
  }

  /** The others hear of this host from now on. */
  start(): void {
    if (!this.#isStarted) this.beats.start();
    this.#isStarted = true;
  }

  /** Stores the last checkpoint of each room, for as long as that takes. */
  async storeAll(): Promise<void> {
    await Promise.all([...this.#kept.values()].map((kept) => kept.checkpoint().catch(() => {})));
  }

  /** Resolves when nothing is written any more of rooms that have ended, or when that is in vain. */
  async ended(): Promise<void> {
    if (this.#owner.engine.connected) await Promise.all(this.#ending.values());
  }

  /** Nobody hears of this host any more. Its rooms stay in the directory until somebody claims them. */
  stop(): void {
    this.#owner.clock.clearTimeout(this.#describeTimer);
    this.#describeTimer = null;
    this.#undescribed.clear();
    if (this.#isStarted) this.beats.stop();
    this.#isStarted = false;
    this.#directory?.close();
    this.#directory = null;
    this.#log = null;
  }

  /**
   * Whether the owner of a room is this host, gives the room to it, or is known to be gone and has left it to whoever
   * comes.
   */
  mayClaim(entry: RoomEntry): boolean {
    const { id, owner } = entry;
    if (owner === this.#owner.id || this.given.has(id)) return true;
    return this.beats.isDead(owner) && !this.isLeftToOthers(entry);
  }

  /** Whether the owner of a room is known to be gone, and this host leaves the room to those of its kin that live. */
  isLeftToOthers({ owner, kin }: RoomEntry): boolean {
    if (!this.beats.isDead(owner) || isOfKin(this.#owner.kinship(), kin)) return false;
    return this.beats.hosts().some((host) => isOfKin(host, kin));
  }

  /**
   * Has another host take a room: what is committed meanwhile waits.
   *
   * @param take asks the other host @returns whether it has
   */
  give(room: Room, take: () => Promise<boolean>): Promise<boolean> {
    const kept = this.#keptOf(room);
    // Two drains give it once.
    const giving = this.#giving.get(kept) ?? this.#give(kept, take).finally(() => this.#giving.delete(kept));
    this.#giving.set(kept, giving);
    return giving;
  }

  async #give(kept: KeptRoom, take: () => Promise<boolean>): Promise<boolean> {
    await kept.checkpoint();
    try {
      await kept.pause();
      return await take();
    } finally {
      kept.unpause();
    }
  }

  // What rooms call.

  async claim(room: Room): Promise<void> {
    try {
      await this.#claim(room);
    } catch (cause) {
      if (!["ERR_NOT_CONNECTED", "ERR_TIMEOUT"].includes(codeOf(cause) ?? "")) throw cause;
      const text = `The engine does not answer: the room ${room.id} could not be opened`;
      throw new NetworkError("ERR_SERVER_BUSY", text, { cause });
    }
  }

  restore(room: Room): void {
    const kept = this.#keptOf(room);
    kept.restore();
    this.#checkpointing.set(room, this.checkpoints.add(kept));
  }

  release(room: Room, isOver: boolean): void {
    const kept = this.#kept.get(room);
    if (!kept) return;
    this.#kept.delete(room);
    this.#undescribed.delete(room);
    this.#checkpointing.get(room)?.();
    this.#checkpointing.delete(room);
    const { id } = room;
    const ending = this.#end(kept, isOver || kept.isBlank)
      .catch((error) => this.#owner.report(error, `the end of the room ${id}`))
      .finally(() => {
        if (this.#ending.get(id) === ending) this.#ending.delete(id);
      });
    this.#ending.set(id, ending);
  }

  /** Whether a room that has ended here is still being removed. */
  isEnding(id: string): boolean {
    return this.#ending.has(id);
  }

  describe(room: Room): void {
    if (!this.#kept.has(room)) return;
    this.#undescribed.add(room);
    this.#describeTimer ??= this.#owner.clock.setTimeout(() => void this.#describeAll(), 0);
  }

  async commit(room: Room, event: unknown): Promise<bigint> {
    return this.#keptOf(room).commit(event);
  }

  async checkpoint(room: Room): Promise<void> {
    return this.#keptOf(room).checkpoint();
  }

  /** How old the state of a room was, in milliseconds, when this host took it over. */
  lostMsOf(room: Room): number {
    return this.#kept.get(room)?.lostMs ?? 0;
  }

  epochOf(room: Room): bigint {
    return this.#kept.get(room)?.entry.epoch ?? 0n;
  }

  #keptOf(room: Room): KeptRoom {
    const kept = this.#kept.get(room);
    if (!kept) throw new NetworkError("ERR_CLOSED", `The room ${room.id} is closed, or not open yet`);
    return kept;
  }

  async #claim(room: Room): Promise<void> {
    const [directory, log] = [this.#directory, this.#log];
    if (!directory || !log) throw new NetworkError("ERR_STATE", "The host is not active: await its start()");
    await this.#ended(room.id);
    const entry = await this.#claimEntry(directory, room);
    const { id, clock, random } = this.#owner;
    const kept = await KeptRoom.begin(room, entry, {
      ...{ log, id, clock, random },
      lastPlayerIdIn: (name) => Math.max(0, ...directory.sessionsIn(name).map(({ playerId }) => playerId)),
      fenced: () => this.#owner.lost(room, null),
    });
    // Somebody may have claimed it meanwhile, and this host may have heard of it already.
    const now = directory.findRoom(room.id);
    if (now && now.epoch > entry.epoch) {
      void kept.end(false);
      throw elsewhere(now);
    }
    this.#kept.set(room, kept);
  }

  /** Waits until nothing is left of a room that had the same id. @throws (rejects) NetworkError `ERR_TIMEOUT` */
  async #ended(id: string): Promise<void> {
    const ending = this.#ending.get(id);
    if (!ending) return;
    await settledWithin(this.#owner.clock, ending, ENDED_MS);
    if (this.#ending.has(id)) throw new NetworkError("ERR_TIMEOUT", `The earlier room ${id} could not be removed`);
  }

  async #claimEntry(directory: Directory, room: Room): Promise<RoomEntry> {
    const { id, kind, labels, isLocked, code } = room;
    const me = this.#owner.id;
    const seen = directory.findRoom(id);
    if (seen && !this.mayClaim(seen)) throw elsewhere(seen);
    const claimed = seen
      ? await directory.claimRoom(seen, me)
      : await directory.createRoom({ id, kind, labels, isOpen: !isLocked, code: code ?? "" }, me);
    if (!claimed) throw new NetworkError("ERR_CONFLICT", `The room ${id} was closed meanwhile`);
    if (claimed.owner !== me) throw elsewhere(claimed);
    return claimed;
  }

  /** The directory has changed: another owner may have a room that this host still has. */
  #follow(now: RoomEntry | null): void {
    if (!now) return;
    for (const [room, { entry }] of this.#kept) {
      if (room.id === now.id && now.epoch > entry.epoch) void this.#owner.lost(room, now);
    }
  }

  /**
   * The log first: who finds the room in between finds an empty one. Tried until the engine has it, or a stop. A room
   * that another host has taken meanwhile is left to that.
   */
  async #end(kept: KeptRoom, isOver: boolean): Promise<void> {
    const directory = this.#directory;
    while (directory === this.#directory) {
      try {
        await kept.end(isOver);
        if (isOver) await directory?.removeRoom(kept.entry);
        return;
      } catch (error) {
        const code = codeOf(error) ?? "";
        if (code === "ERR_FENCED") return;
        if (!["ERR_NOT_CONNECTED", "ERR_TIMEOUT", "ERR_CLOSED"].includes(code)) throw error;
      }
      await pause(this.#owner.clock, DESCRIBE_MS);
    }
  }

  async #describeAll(): Promise<void> {
    let hasFailed = false;
    for (const room of [...this.#undescribed]) {
      this.#undescribed.delete(room);
      const kept = this.#kept.get(room);
      const { labels, isLocked } = room;
      try {
        const now = kept && (await this.#directory?.describeRoom(kept.entry, { labels, isOpen: !isLocked }));
        if (now && kept && now.epoch === kept.entry.epoch) kept.entry = now;
      } catch {
        if (this.#kept.has(room)) this.#undescribed.add(room);
        hasFailed = true;
      }
    }
    this.#describeTimer = null;
    if (this.#undescribed.size === 0) return;
    const ms = hasFailed ? DESCRIBE_MS : 0;
    this.#describeTimer = this.#owner.clock.setTimeout(() => void this.#describeAll(), ms);
  }
}

const elsewhere = ({ id, owner }: RoomEntry) =>
  new NetworkError("ERR_CONFLICT", `The room ${id} is at the host ${owner}`);
