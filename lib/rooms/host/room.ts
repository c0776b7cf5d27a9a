import type { INetworkPlayer, NetworkServer } from "../../message/index.js";
import { booleanOption, checkOptions, textOption } from "../../options.js";
import { checkLabels, type Labels } from "../labels.js";
import type { RoomInfo } from "../room-messages.js";
import type { RoomKeeper } from "./room-keeper.js";
import type { RoomKind } from "./room-kind.js";
import type { Seats } from "./seats.js";

/** What a room needs of its host. */
export interface RoomOwner {
  changed(room: Room): void;
  close(room: Room, text: string): Promise<void>;
  /** @throws NetworkError `ERR_ROOM_FULL` */
  reserve(room: Room, isSpectator: boolean): string;
  /** @throws NetworkError `ERR_STATE` on a host without an engine */
  keeper(): RoomKeeper;
  epochOf(room: Room): bigint;
}

/** What a room is made of. */
export interface RoomParts {
  readonly id: string;
  readonly kindName: string;
  readonly kind: RoomKind;
  readonly code: string | null;
  readonly labels: Labels;
  readonly data: unknown;
  readonly server: NetworkServer;
  readonly seats: Seats;
}

let partsOfRoom: (room: Room) => RoomParts;

/** What is behind a room. */
export const partsOf = (room: Room): RoomParts => partsOfRoom(room);

/** Players who play together, on one server of their own. */
export class Room {
  static {
    partsOfRoom = (room) => room.#parts;
  }

  readonly #parts: RoomParts;
  readonly #owner: RoomOwner;
  #labels: Labels;
  #isLocked = false;

  /** @internal Rooms are made by `RoomHost.createRoom`, and by clients. */
  constructor(parts: RoomParts, owner: RoomOwner) {
    this.#parts = parts;
    this.#owner = owner;
    this.#labels = { ...parts.labels };
  }

  /** 12 letters and digits that nobody can guess, or what `createRoom` was given. */
  get id(): string {
    return this.#parts.id;
  }

  /** The name of its kind. */
  get kind(): string {
    return this.#parts.kindName;
  }

  /** Of a private room: what `joinByCode` takes. Null: it is public. */
  get code(): string | null {
    return this.#parts.code;
  }

  /** The server of this room: its players are those who are in the room. */
  get server(): NetworkServer {
    return this.#parts.server;
  }

  /** What its creator gave as `data`. Of a client it is any value of JSON. */
  get data(): unknown {
    return this.#parts.data;
  }

  /** What clients find it by. Set other ones while it is open: lists and later joins see them. */
  get labels(): Labels {
    return this.#labels;
  }

  /** @throws TypeError, RangeError for what are no labels */
  set labels(labels: Labels) {
    checkLabels("labels", labels);
    this.#labels = { ...labels };
    this.#owner.changed(this);
  }

  /** Whether nobody comes in any more but by a ticket. */
  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** @throws TypeError for what is no boolean */
  set isLocked(isLocked: boolean) {
    booleanOption("isLocked", isLocked);
    this.#isLocked = isLocked;
    this.#owner.changed(this);
  }

  /** Those who play, the suspended included. `room.server.players` has the spectators too. */
  get players(): INetworkPlayer[] {
    return this.server.players.filter((player) => !this.isSpectator(player));
  }

  /** Those who watch, the suspended included. */
  get spectators(): INetworkPlayer[] {
    return this.server.players.filter((player) => this.isSpectator(player));
  }

  /** How many more may play: kept seats are not free. */
  get freeSeats(): number {
    return this.#parts.kind.capacity - this.#parts.seats.taken;
  }

  /** Of the claim by which its host has it: a greater one is of a newer owner. 0n on a host without an engine. */
  get epoch(): bigint {
    return this.#owner.epochOf(this);
  }

  /**
   * Stores an event, so that every later owner of the room replays it, once, over its checkpoint. The kind's `apply`
   * gets it when it is stored, and before this resolves: answer players then. Events of one turn travel together, in
   * their order.
   *
   * @param event a value of the kind's `commitCodec`
   * @returns the sequence of its record
   * @throws (rejects) NetworkError `ERR_TIMEOUT`: the engine was away for 30 s, and it may be stored all the same;
   *   `ERR_FENCED`: another host has the room; `ERR_QUEUE_FULL`: 4 MiB of events wait; `ERR_MESSAGE_SIZE`;
   *   `ERR_CLOSED`; `ERR_STATE` without an engine or a `commitCodec`. TypeError, RangeError for what is no event
   */
  async commit(event: unknown): Promise<bigint> {
    return this.#owner.keeper().commit(this, event);
  }

  /**
   * Stores what the kind's `snapshot` and those of the server's extensions give, now. The host does it by itself.
   *
   * @throws (rejects) NetworkError `ERR_FENCED`, `ERR_MESSAGE_SIZE`, `ERR_CLOSED`; `ERR_STATE` without an engine; what
   *   `snapshot` throws
   */
  async checkpoint(): Promise<void> {
    return this.#owner.keeper().checkpoint(this);
  }

  /** Whether a player of this room watches. False for one who is not in it. */
  isSpectator(player: INetworkPlayer): boolean {
    return this.#parts.seats.isSpectator(player);
  }

  /**
   * Keeps a seat for 15 s, locked or not: for a matchmaker, or for a friend of a player.
   *
   * @returns a ticket for one player, which `joinByTicket` takes
   * @throws NetworkError `ERR_ROOM_FULL`
   */
  reserve(options: { isSpectator?: boolean } = {}): string {
    checkOptions("reserve", options, { isSpectator: booleanOption });
    return this.#owner.reserve(this, options.isSpectator ?? false);
  }

  /** Ends the room. Its players are in no room then. @param text why, at most 120 bytes of UTF-8; they get it */
  async close(text = ""): Promise<void> {
    textOption("text", text);
    return this.#owner.close(this, text);
  }

  /** @internal As lists show it. */
  get info(): RoomInfo {
    const { id, kind, labels, isLocked } = this;
    return { id, kind, labels, players: this.#parts.seats.taken, capacity: this.#parts.kind.capacity, isLocked };
  }
}
