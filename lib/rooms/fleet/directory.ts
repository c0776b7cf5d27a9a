import { bool, type Infer, string, struct, u32, u64 } from "../../serialization/index.js";
import type { Engine } from "../engine/engine.js";
import { labelsCodec } from "../labels.js";
import { codeOf, type RecordKind, type RecordListener, Records } from "./records.js";

const roomCodec = struct({
  id: string(64),
  kind: string(64),
  /** The id of the host that owns it. */
  owner: string(64),
  /** 0: the revision of this record, which was the claim. */
  claim: u64,
  /** Whether players may enter it. */
  isOpen: bool,
  labels: labelsCodec,
  /** Of a private room; "" for a public one. */
  code: string(16),
  /** Of its owner, as `kinOf` makes it: hosts of another kin leave the room to those of this one. */
  kin: string(32),
});

type RoomRecord = Infer<typeof roomCodec>;

/** A room in the directory. */
export interface RoomEntry extends Omit<RoomRecord, "claim"> {
  readonly revision: bigint;
  /** The revision of its owner's claim: a greater one is of a newer owner. */
  readonly epoch: bigint;
}

/** The most bytes that are kept of what an authenticator has found out. */
export const MAX_AUTHENTICATION_BYTES = 2048;

const sessionCodec = struct({
  /** In hexadecimal. */
  id: string(32),
  /** "" for a player who is in none. */
  room: string(64),
  /** The host that wrote this. */
  host: string(64),
  playerId: u32,
  /** "" for a player who has none. */
  identity: string(255),
  /** How its player was authenticated, as JSON. */
  authentication: string(MAX_AUTHENTICATION_BYTES),
  /** Of the room, when it wrote this. */
  epoch: u64,
  /** How often the session has moved to another room: whoever moves it counts on. */
  moves: u32,
  isSpectator: bool,
  /** The client's number of what led it into the room. */
  question: u32,
});

/** A session in the directory: in which room its player is. */
export type SessionEntry = Infer<typeof sessionCodec>;

/** What a room says of itself. */
export type RoomDescription = Pick<RoomEntry, "id" | "kind" | "isOpen" | "labels" | "code">;

/** A session with its revision. */
type StoredSession = SessionEntry & { readonly revision: bigint };

/**
 * Which rooms and sessions there are, and who owns them. It is read from watched copies, which may be a little older
 * than the truth; every decision is one compare-and-set on one key, and the loser reads the winner.
 */
export class Directory {
  readonly #rooms: Records<RoomRecord, RoomEntry>;
  readonly #sessions: Records<SessionEntry, StoredSession>;
  readonly #bySession: SessionIndex;
  readonly #kin: () => string;

  private constructor(
    rooms: Records<RoomRecord, RoomEntry>,
    sessions: Records<SessionEntry, StoredSession>,
    bySession: SessionIndex,
    kin: () => string,
  ) {
    this.#kin = kin;
    this.#rooms = rooms;
    this.#sessions = sessions;
    this.#bySession = bySession;
  }

  /**
   * Opens the directory of a fleet; it is complete when the promise resolves.
   *
   * @param app what distinguishes this fleet from others on the same engine, 1 to 50 of `A-Z a-z 0-9 _ -`
   * @param onRoom hears of each room that is new, changed or gone: who owned it, and finds a greater `epoch`, ends it
   * @param kin of this host, which its claims are written with
   */
  static async open(
    engine: Pick<Engine, "bucket">,
    app: string,
    onRoom: RecordListener<RoomEntry> = () => {},
    kin = () => "",
  ): Promise<Directory> {
    const index = new SessionIndex();
    const rooms = await Records.open(engine, `${app}-rooms`, roomKind, onRoom);
    try {
      const follow = index.follow.bind(index);
      const sessions = await Records.open(engine, `${app}-sessions`, sessionKind, follow);
      return new Directory(rooms, sessions, index, kin);
    } catch (error) {
      rooms.close();
      throw error;
    }
  }

  /** Whether both copies follow the engine at present. */
  get isCurrent(): boolean {
    return this.#rooms.isCurrent && this.#sessions.isCurrent;
  }

  /** A room in the copy. */
  findRoom(id: string): RoomEntry | undefined {
    return this.#rooms.find(id);
  }

  /** The room as the engine has it, for one that the copy does not have yet. */
  readRoom(id: string): Promise<RoomEntry | null> {
    return this.#rooms.read(id);
  }

  /** A private room. */
  findByCode(code: string): RoomEntry | undefined {
    if (code !== "") for (const room of this.#rooms.all()) if (room.code === code) return room;
    return undefined;
  }

  rooms(): IterableIterator<RoomEntry> {
    return this.#rooms.all();
  }

  /**
   * Makes a room whose owner is `owner`.
   *
   * @returns it, or the room that has this id already
   * @throws (rejects) NetworkError as an engine
   */
  async createRoom(description: RoomDescription, owner: string): Promise<RoomEntry> {
    for (;;) {
      const now = await this.#write(null, description, owner);
      if (now) return now; // else the one that had this id was removed meanwhile
    }
  }

  /**
   * Takes a room over from the owner that it has in `seen`.
   *
   * @returns the room as it is now: its owner is `owner`, or whoever was faster; `null` if it was removed
   * @throws (rejects) NetworkError as an engine
   */
  async claimRoom(seen: RoomEntry, owner: string): Promise<RoomEntry | null> {
    const now = await this.#rooms.read(seen.id);
    return now?.epoch === seen.epoch ? this.#write(now, now, owner) : now;
  }

  /**
   * Changes what a room says of itself.
   *
   * @returns the room as it is now: of `room`'s epoch, or of a newer owner; `null` if it was removed
   * @throws (rejects) NetworkError as an engine
   */
  describeRoom(room: RoomEntry, changes: Partial<Pick<RoomEntry, "isOpen" | "labels">>): Promise<RoomEntry | null> {
    return this.#rooms.replace(room, { ...room, ...changes, claim: room.epoch });
  }

  /** Removes a room of this epoch. @returns whether it is gone; not if it has a newer owner */
  async removeRoom({ id, epoch }: RoomEntry): Promise<boolean> {
    const found = await this.#rooms.read(id);
    return !found || (found.epoch === epoch && this.#rooms.remove(found));
  }

  sessions(): IterableIterator<SessionEntry> {
    return this.#sessions.all();
  }

  /** A session in the copy. @param id 32 hexadecimal digits */
  findSession(id: string): SessionEntry | undefined {
    return this.#sessions.find(id);
  }

  /** The session as the engine has it, for one that the copy does not have yet. */
  readSession(id: string): Promise<SessionEntry | null> {
    return this.#sessions.read(id);
  }

  /** The sessions of whoever has proved this identity: several only if the application allows it. */
  sessionsOf(identity: string): SessionEntry[] {
    return this.#sessionsBy("identity", identity);
  }

  /** @param room "": those who are in none */
  sessionsIn(room: string): SessionEntry[] {
    return this.#sessionsBy("room", room);
  }

  /**
   * Writes where a session is, unless it has moved on, or a newer owner of its room has written it. Of two who move it
   * from the same room the first wins.
   *
   * @returns the session as it is now
   * @throws (rejects) NetworkError as an engine
   */
  async putSession(session: SessionEntry): Promise<SessionEntry> {
    let before: StoredSession | null = this.#sessions.find(session.id) ?? null;
    for (;;) {
      if (before && isNewer(before, session)) return before;
      const now: StoredSession | null = await this.#sessions.replace(before, session);
      if (now && isSame(now, session)) return now;
      before = now;
    }
  }

  /** Removes a session, unless it has moved on or another host has it. @returns whether it is gone */
  async removeSession({ id, host, moves }: SessionEntry): Promise<boolean> {
    const found = await this.#sessions.read(id);
    return !found || (found.host === host && found.moves <= moves && this.#sessions.remove(found));
  }

  close(): void {
    this.#rooms.close();
    this.#sessions.close();
  }

  #sessionsBy(field: "room" | "identity", value: string): SessionEntry[] {
    return this.#bySession.ids(field, value).map((id) => this.#sessions.find(id) as SessionEntry);
  }

  /** Writes a claim. Where the answer is lost, the key says who has won: nobody else writes this owner. */
  async #write(before: RoomEntry | null, description: RoomDescription, owner: string): Promise<RoomEntry | null> {
    const { id, kind, isOpen, labels, code } = description;
    try {
      return await this.#rooms.replace(before, { id, kind, isOpen, labels, code, owner, kin: this.#kin(), claim: 0n });
    } catch (error) {
      if (codeOf(error) !== "ERR_TIMEOUT") throw error;
      const now = await this.#rooms.read(id);
      if ((now?.revision ?? null) === (before?.revision ?? null)) throw error;
      return now;
    }
  }
}

const roomKind: RecordKind<RoomRecord, RoomEntry> = {
  codec: roomCodec,
  complete: ({ claim, ...room }, revision) => ({ ...room, revision, epoch: claim === 0n ? revision : claim }),
};

const sessionKind: RecordKind<SessionEntry, StoredSession> = {
  codec: sessionCodec,
  complete: (session, revision) => ({ ...session, revision }),
};

/** Whether the session has moved on, or a later owner of the same room has written it. */
const isNewer = (found: SessionEntry, session: SessionEntry) =>
  found.moves > session.moves ||
  (found.moves === session.moves && (found.room !== session.room || found.epoch > session.epoch));

const isSame = (one: SessionEntry, other: SessionEntry) =>
  (["room", "host", "moves", "epoch", "playerId"] as const).every((field) => one[field] === other[field]);

/** The sessions of the copy by room and by identity: their ids. */
class SessionIndex {
  readonly #ids = { room: new Map<string, Set<string>>(), identity: new Map<string, Set<string>>() };

  follow(now: SessionEntry | null, before: SessionEntry | null): void {
    for (const field of ["room", "identity"] as const) {
      if (now?.[field] === before?.[field]) continue;
      const index = this.#ids[field];
      if (before) {
        const others = index.get(before[field]);
        others?.delete(before.id);
        if (others?.size === 0) index.delete(before[field]);
      }
      if (!now || (field === "identity" && now.identity === "")) continue;
      const others = index.get(now[field]);
      if (others) others.add(now.id);
      else index.set(now[field], new Set([now.id]));
    }
  }

  ids(field: "room" | "identity", value: string): string[] {
    return [...(this.#ids[field].get(value) ?? [])];
  }
}
