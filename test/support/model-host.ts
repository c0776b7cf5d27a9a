import type { Clock } from "../../lib/clock.js";
import type { RandomBytes } from "../../lib/random.js";
import type { Log } from "../../lib/rooms/engine/index.js";
import type { Directory, RoomEntry } from "../../lib/rooms/fleet/directory.js";
import type { FleetKeys } from "../../lib/rooms/fleet/fleet-keys.js";
import type { RoomLog } from "../../lib/rooms/fleet/room-log.js";
import { TicketBook } from "../../lib/rooms/fleet/tickets.js";
import { SessionWriter } from "../../lib/rooms/member/session-writer.js";

/** A room of a host that has begun. */
export interface OwnedRoom {
  entry: RoomEntry;
  readonly log: RoomLog;
  /** The last number of each visit. */
  readonly state: Map<number, number>;
}

/** A player, as it knows itself. */
export class Player {
  readonly name: string;
  session: string | null = null;
  host: ModelHost | null = null;
  room = "";
  visit = 0;
  moves = 0;
  /** The last of its numbers that was acknowledged, in this visit. */
  acknowledged = 0;
  isBusy = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** A host without sockets: its rooms, and the sessions of its players. */
export class ModelHost {
  readonly rooms = new Map<string, OwnedRoom>();
  /** Rooms that are being claimed or made. */
  readonly opening = new Map<string, Promise<boolean>>();
  /** Who is here, by the session. */
  readonly players = new Map<string, Player>();
  readonly tickets: TicketBook;
  readonly writer: SessionWriter;
  isAlive = true;
  isDraining = false;
  /** Since when it says nothing. */
  silentMs = Number.POSITIVE_INFINITY;

  constructor(
    readonly id: string,
    readonly directory: Directory,
    readonly log: Log,
    world: { readonly clock: Clock; readonly keys: FleetKeys; readonly randomBytes: RandomBytes },
  ) {
    this.tickets = new TicketBook(world.keys, id, () => world.clock.now(), world.randomBytes);
    this.writer = new SessionWriter(
      world.clock,
      () => (this.isAlive ? directory : null),
      () => {},
    );
  }
}
