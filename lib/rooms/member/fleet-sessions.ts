import { hexOf } from "../../bytes.js";
import { type Clock, pause } from "../../clock.js";
import {
  type Arrival,
  DisconnectCode,
  type INetworkPlayer,
  NetworkServer,
  type PlayerAuthentication,
  type SessionStore,
  type StoredSession,
} from "../../message/index.js";
import { settledWithin } from "../../message/time/deadline.js";
import type { Directory, SessionEntry } from "../fleet/directory.js";
import type { FleetKeys } from "../fleet/fleet-keys.js";
import type { Room } from "../host/room.js";
import { SessionWriter } from "./session-writer.js";
import { identityOf, readAuthentication, writeAuthentication } from "./stored-authentication.js";

/** What the sessions of a host need of it. */
export interface FleetSessionsOwner {
  /** The id of this host. */
  readonly id: string;
  readonly keys: FleetKeys;
  readonly clock: Clock;
  lobby(): NetworkServer;
  /** Null before the start. */
  directory(): Directory | null;
  /** Whether the engine answers. */
  isConnected(): boolean;
  /** A player has proven a session that is not here. @param found null: nobody can say now where it is */
  arrive(player: INetworkPlayer, found: SessionEntry | null): Promise<Arrival>;
}

/** How long a player who is sent elsewhere waits here until its record is written. */
const WRITE_MS = 2000;
/** How long a record is awaited whose host may just be writing it, and the pause between two looks. */
const AWAIT_MS = 1000;
const PAUSE_MS = 50;

const UNKNOWN: PlayerAuthentication = { method: "none", data: undefined };

/** The sessions of a host's players, as other hosts can find them. Their secrets follow from the fleet's key. */
export class FleetSessions implements SessionStore {
  readonly writer: SessionWriter;
  readonly #owner: FleetSessionsOwner;
  /** The players who are here, by the id of the session. */
  readonly #here = new Map<string, SessionEntry>();
  /** What other hosts have written of players who have proven it, and may be admitted. */
  readonly #expected = new WeakMap<INetworkPlayer, SessionEntry>();

  constructor(owner: FleetSessionsOwner) {
    this.#owner = owner;
    this.writer = new SessionWriter(
      owner.clock,
      () => owner.directory(),
      ({ id }) => this.#here.delete(id),
    );
  }

  /** The id of a player's session, null for the host's client. */
  idOf(player: INetworkPlayer): Uint8Array | null {
    return NetworkServer.sessionIdOf(this.#owner.lobby(), player);
  }

  /** The record of a player who is here. */
  entryOf(player: INetworkPlayer): SessionEntry | undefined {
    const id = this.idOf(player);
    return id ? this.#here.get(hexOf(id)) : undefined;
  }

  /** Waits until other hosts can find the session of a player who is here. @returns false: the engine takes too long */
  async written(id: string): Promise<boolean> {
    await settledWithin(this.#owner.clock, this.writer.written(id), WRITE_MS);
    return this.writer.isWritten(id);
  }

  /** Whether the player of a session is here. */
  has(id: string): boolean {
    return this.#here.has(id);
  }

  /**
   * A player is somewhere on this host now.
   *
   * @param room null: in no room
   * @param question the number of what led it there
   */
  place(player: INetworkPlayer, room: Room | null, question = 0): void {
    const sessionId = this.idOf(player);
    if (!sessionId) return;
    const id = hexOf(sessionId);
    const here = this.#here.get(id);
    // Without an entry here another host has moved it on: its record goes on from there.
    const before = this.#expected.get(player) ?? here ?? this.#owner.directory()?.findSession(id);
    this.#expected.delete(player);
    const where = { room: room?.id ?? "", playerId: room ? player.id : 0, epoch: room?.epoch ?? 0n };
    const isSpectator = room?.isSpectator(player) ?? false;
    const { method, data } = player.authentication ?? UNKNOWN;
    const session: SessionEntry = {
      ...{ id, host: this.#owner.id, ...where, isSpectator, question },
      identity: identityOf(data),
      authentication: before?.authentication ?? writeAuthentication({ method, data }),
      // The host that a player comes from may write its last record behind this one's first.
      moves: before ? before.moves + (before !== here || before.room !== where.room ? 1 : 0) : 0,
    };
    this.#here.set(id, session);
    this.writer.put(session);
  }

  /** A player of another host is about to be here, unless it gives up: its record goes on from there. */
  expect(player: INetworkPlayer, found: SessionEntry): void {
    this.#expected.set(player, found);
  }

  /**
   * A player is sent elsewhere: its record is the other host's, which counts on. What was not written is written still:
   * where the player does not get there, others look for it.
   */
  sendAway(player: INetworkPlayer): void {
    const id = this.idOf(player);
    if (id) this.leave(id);
  }

  /** Writes again of players who are here what the directory does not have: another host took them, and then not. */
  repair(directory: Directory): void {
    for (const session of this.#here.values()) if (!directory.findSession(session.id)) this.writer.put(session);
  }

  // What the front end calls.

  newId(): Uint8Array {
    return this.#owner.keys.createSession().id;
  }

  create(id: Uint8Array): Uint8Array {
    return this.#owner.keys.secretOf(id) as Uint8Array;
  }

  async find(id: Uint8Array): Promise<StoredSession | null> {
    const secret = this.#owner.keys.secretOf(id);
    const directory = this.#owner.directory();
    if (!secret || !directory) return null;
    const found = await this.#look(directory, hexOf(id));
    const stored = {
      secret,
      authentication: UNKNOWN,
      arrive: async (player: INetworkPlayer): Promise<Arrival> => {
        // The secret follows from the fleet's key, so there is or was such a session.
        const session = found === null ? await this.#awaited(directory, hexOf(id)) : found;
        if (session) stored.authentication = readAuthentication(session.authentication);
        if (session !== null) return this.#owner.arrive(player, session ?? null);
        NetworkServer.refuse(player, DisconnectCode.SessionUnknown, "The server does not know this session");
        return {};
      },
    };
    return stored;
  }

  leave(id: Uint8Array): void {
    this.#here.delete(hexOf(id));
  }

  remove(id: Uint8Array): void {
    const session = this.#here.get(hexOf(id));
    if (!session) return;
    this.#here.delete(session.id);
    this.writer.remove(session);
  }

  /** Null: there is none; undefined: nobody can say. */
  async #look(directory: Directory, id: string): Promise<SessionEntry | null | undefined> {
    const known = directory.findSession(id);
    if (known || !this.#owner.isConnected()) return known;
    return directory.readSession(id).catch(() => undefined);
  }

  /** As `#look`, of a session whose host may have welcomed its player just now, and writes it behind the welcome. */
  async #awaited(directory: Directory, id: string): Promise<SessionEntry | null | undefined> {
    const { clock } = this.#owner;
    const untilMs = clock.now() + AWAIT_MS;
    for (;;) {
      await pause(clock, PAUSE_MS);
      const found = await this.#look(directory, id);
      if (found !== null || clock.now() >= untilMs) return found;
    }
  }
}
