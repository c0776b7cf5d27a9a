import { equalBytes } from "../../bytes.js";
import { type Clock, unixTimeMs } from "../../clock.js";
import { NetworkError, NetworkServer } from "../../message/index.js";
import type { Random } from "../../random.js";
import { bytes, type Codec, decode, encode, NetworkWriter, struct, u32, u53 } from "../../serialization/index.js";
import type { Log } from "../engine/engine.js";
import type { CheckpointedRoom } from "../fleet/checkpoints.js";
import type { RoomEntry } from "../fleet/directory.js";
import { type RoomHistory, RoomLog } from "../fleet/room-log.js";
import { MAX_CONTENT_BYTES } from "../fleet/room-records.js";
import { partsOf, type Room } from "../host/room.js";

/** Ids of players that an earlier owner may have given since its last checkpoint. */
const UNKNOWN_IDS = 1024;

const checkpointCodec = struct({
  /** When it was made, by the calendar. */
  madeMs: u53,
  content: bytes(MAX_CONTENT_BYTES),
});

const contentCodec = struct({
  /** The last id that a player was given. */
  lastPlayerId: u32,
  /** `server.snapshot()`. */
  extensions: bytes(MAX_CONTENT_BYTES),
  /** The kind's `snapshot`; empty without one. */
  state: bytes(MAX_CONTENT_BYTES),
});

const MAX_LOST_MS = 0xffffffff;

/** What a kept room needs of its host. */
export interface KeptRoomOwner {
  readonly log: Log;
  /** The id of this host. */
  readonly id: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Of a player who is in the room, by the directory. */
  lastPlayerIdIn(room: string): number;
  /** Another host owns the room. Resolves when its players have heard where it is. */
  fenced(room: Room): Promise<void>;
}

/** A room as its owner keeps it: its log, its events and its checkpoints. */
export class KeptRoom implements CheckpointedRoom {
  /** As the directory has it. */
  entry: RoomEntry;
  readonly #room: Room;
  readonly #owner: KeptRoomOwner;
  readonly #log: RoomLog;
  #history: RoomHistory | null;
  /** How old the checkpoint was, in milliseconds, by which this owner has begun. */
  lostMs = 0;
  /** The content of the last checkpoint, and whether events came since. */
  #stored: Uint8Array | null;
  #hasNewEvents: boolean;
  #storing: Promise<void> | null = null;

  private constructor(room: Room, owner: KeptRoomOwner, entry: RoomEntry, log: RoomLog, history: RoomHistory) {
    this.#room = room;
    this.#owner = owner;
    this.entry = entry;
    this.#log = log;
    this.#history = history;
    this.#stored = null;
    this.#hasNewEvents = history.events.length > 0;
  }

  /** Begins to own a room that was claimed. @throws (rejects) NetworkError `ERR_FENCED`; as an engine */
  static async begin(room: Room, entry: RoomEntry, owner: KeptRoomOwner): Promise<KeptRoom> {
    let kept: KeptRoom | undefined;
    const { log, history } = await RoomLog.open({
      ...{ log: owner.log, id: room.id, epoch: entry.epoch, owner: owner.id },
      ...{ clock: owner.clock, random: owner.random },
      apply: (event) => (kept as KeptRoom).#apply(event),
      fenced: () => owner.fenced(room),
    });
    kept = new KeptRoom(room, owner, entry, log, history);
    return kept;
  }

  /** Whether no earlier owner has left anything, and the room was never open here. */
  get isBlank(): boolean {
    return this.#history !== null && this.#history.state === null && this.#history.events.length === 0;
  }

  /**
   * Has the room, whose server runs, go on where it was.
   *
   * @throws what `restore` of the kind or of an extension throws, and NetworkErrors for events that cannot be read
   */
  restore(): void {
    const { server } = this.#room;
    const { state, events } = this.#history as RoomHistory;
    const made = state ? decode(checkpointCodec, state) : null;
    const checkpoint = made && decode(contentCodec, made.content);
    if (checkpoint) {
      this.lostMs = Math.min(Math.max(unixTimeMs() - made.madeMs, 0), MAX_LOST_MS);
      this.#stored = made.content;
      server.restore(checkpoint.extensions);
      partsOf(this.#room).kind.restore?.(this.#room, checkpoint.state);
    }
    for (const event of events) this.#apply(event);
    const lastKnown = Math.max(checkpoint?.lastPlayerId ?? 0, this.#owner.lastPlayerIdIn(this.#room.id));
    if (lastKnown > 0) NetworkServer.continueIds(server, lastKnown + UNKNOWN_IDS);
    this.#history = null;
  }

  /** @throws as `Room.commit` */
  async commit(event: unknown): Promise<bigint> {
    const { commitCodec } = partsOf(this.#room).kind;
    if (!commitCodec) throw new NetworkError("ERR_STATE", `The kind ${this.#room.kind} has no commitCodec`);
    return this.#log.commit(encode(commitCodec, event));
  }

  /** @throws as `Room.checkpoint` */
  async checkpoint(): Promise<void> {
    if (this.#log.isApplying) await null; // All that was stored together is in it, or nothing of it.
    while (this.#storing) await this.#storing.catch(() => {});
    const state = this.#take();
    if (this.#isNew(state)) await this.store(state);
  }

  snapshot(): Uint8Array | null {
    if (this.#storing) return null; // Its turn comes again.
    const state = this.#take();
    return this.#isNew(state) ? state : null;
  }

  async store(state: Uint8Array): Promise<void> {
    this.#hasNewEvents = false;
    this.#stored = state;
    this.#storing = this.#log.checkpoint(write(checkpointCodec, { madeMs: unixTimeMs(), content: state }));
    try {
      await this.#storing;
    } catch (error) {
      this.#stored = null;
      throw error;
    } finally {
      this.#storing = null;
    }
  }

  /** Commits wait until `unpause`: another host is about to take the room. Resolves when nothing is being stored. */
  pause(): Promise<void> {
    return this.#log.pause();
  }

  unpause(): void {
    this.#log.unpause();
  }

  /** @param isOver nobody needs the log any more @throws (rejects) as an engine */
  async end(isOver: boolean): Promise<void> {
    if (isOver) await this.#log.remove();
    else this.#log.close();
  }

  #take(): Uint8Array {
    const { server } = this.#room;
    return write(contentCodec, {
      lastPlayerId: NetworkServer.lastPlayerIdOf(server),
      extensions: server.snapshot(),
      state: partsOf(this.#room).kind.snapshot?.(this.#room) ?? new Uint8Array(0),
    });
  }

  #isNew(state: Uint8Array): boolean {
    return this.#hasNewEvents || !this.#stored || !equalBytes(this.#stored, state);
  }

  /** Changes the state by an event that is stored. What `apply` throws is reported: it does so at every owner. */
  #apply(event: Uint8Array): void {
    this.#hasNewEvents = true;
    const { kind } = partsOf(this.#room);
    if (!kind.commitCodec) throw new NetworkError("ERR_STATE", `The kind ${this.#room.kind} has no commitCodec`);
    const value = decode(kind.commitCodec, event);
    try {
      kind.apply?.(this.#room, value);
    } catch (error) {
      NetworkServer.report(this.#room.server, error, `apply of the rooms ${this.#room.kind}`);
    }
  }
}

function write<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new NetworkWriter({ sizeBytes: 4096, maxBytes: MAX_CONTENT_BYTES });
  codec.write(writer, value);
  return writer.toBytes();
}
