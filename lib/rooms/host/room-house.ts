import { outOfRange } from "../../arguments.js";
import { isThenable } from "../../brands.js";
import type { Clock } from "../../clock.js";
import {
  DisconnectCode,
  type DisconnectReason,
  type INetworkPlayer,
  NetworkError,
  NetworkServer,
  type NetworkServerOptions,
} from "../../message/index.js";
import { promiseBefore } from "../../message/time/deadline.js";
import type { RandomBytes } from "../../random.js";
import { encode } from "../../serialization/index.js";
import { cutUtf8 } from "../../utf8.js";
import type { Labels } from "../labels.js";
import { MAX_LISTS, MAX_TEXT_BYTES, stayCodec, WatchMessage } from "../room-messages.js";
import { HostTotals } from "./host-metrics.js";
import { newCode, newId, newTicket } from "./names.js";
import { partsOf, Room, type RoomOwner } from "./room.js";
import { RoomDirectory } from "./room-directory.js";
import type { RoomKeeper } from "./room-keeper.js";
import type { RoomKind } from "./room-kind.js";
import { Seats } from "./seats.js";

/** How a room is made. */
export interface NewRoom {
  readonly kindName: string;
  readonly id?: string | undefined;
  readonly labels: Labels;
  readonly data: unknown;
  readonly isPrivate: boolean;
  /** Of a private room that there was elsewhere. */
  readonly code?: string | undefined;
}

/** What a house needs of its host. */
export interface HouseOwner {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly kinds: ReadonlyMap<string, RoomKind>;
  /** Where players are who are in no room. */
  readonly lobby: NetworkServer;
  readonly maxRooms: number;
  /** What the servers of all rooms have in common with the lobby. */
  readonly serverOptions: NetworkServerOptions;
  /** Has a room's server answer the questions of its players. */
  prepare(server: NetworkServer): void;
  /** A room is there, has changed, or is there no more. */
  changed(room: Room): void;
  /** Null: the rooms end with this host. */
  readonly keeper: RoomKeeper | null;
}

/** How long a room may take from its making until its server runs. */
const OPEN_MS = 30_000;

/** A room from its making to its end. */
interface Life {
  isOpen: boolean;
  /** It was closed for good. */
  isOver: boolean;
  emptyTimer: unknown;
}

/** The rooms of a host: it makes them, brings players in and out, and disposes of those that are empty. */
export class RoomHouse implements RoomOwner {
  readonly directory = new RoomDirectory();
  readonly totals: HostTotals;
  readonly #owner: HouseOwner;
  readonly #lives = new Map<Room, Life>();
  /** The servers of copies whose rooms go on elsewhere, while their players leave. */
  readonly #surrendered = new Set<NetworkServer>();
  /** Resolve when the servers of the rooms run; reject with `ERR_ROOM_FAILED`, `ERR_CLOSED`. */
  readonly #openings = new WeakMap<Room, Promise<void>>();
  readonly #roomOf = new WeakMap<INetworkPlayer, Room>();
  /** The numbers of the questions that led players into their rooms. */
  readonly #questionOf = new WeakMap<INetworkPlayer, number>();

  constructor(owner: HouseOwner) {
    this.#owner = owner;
    this.totals = new HostTotals(owner.lobby);
  }

  roomOf(player: INetworkPlayer): Room | null {
    return this.#roomOf.get(player) ?? null;
  }

  /** The number of the question that led a player into its room, 0 where none did. */
  questionOf(player: INetworkPlayer): number {
    return this.#questionOf.get(player) ?? 0;
  }

  isOpen(room: Room): boolean {
    return this.#lives.get(room)?.isOpen ?? false;
  }

  /** Resolves when a room's server runs. @throws (rejects) NetworkError `ERR_ROOM_FAILED`, `ERR_CLOSED` */
  async opened(room: Room): Promise<void> {
    await this.#openings.get(room);
    if (!this.isOpen(room)) throw closedError(room);
  }

  /** @throws RangeError for another kind; NetworkError `ERR_CONFLICT` for an id that there is, `ERR_TOO_MANY_ROOMS` */
  create(given: NewRoom): Room {
    const { maxRooms } = this.#owner;
    if (this.directory.size >= maxRooms && !this.#makePlace()) {
      throw new NetworkError("ERR_TOO_MANY_ROOMS", `The host has its ${maxRooms} rooms`);
    }
    if (given.id !== undefined && this.directory.byId(given.id)) {
      throw new NetworkError("ERR_CONFLICT", `There is a room ${given.id} already`);
    }
    const room = this.#make(given);
    this.directory.add(room);
    const life: Life = { isOpen: false, isOver: false, emptyTimer: null };
    this.#lives.set(room, life);
    const opening = this.#openInTime(room, life);
    opening.catch(() => {});
    this.#openings.set(room, opening);
    this.#seatsChanged(room);
    return room;
  }

  /**
   * Opens a room of each kind and closes it again, so that all messages are in the protocol before it is in use.
   *
   * @throws (rejects) what `open` of a kind throws; NetworkError `ERR_TIMEOUT` after `OPEN_MS`
   */
  async rehearse(): Promise<void> {
    const rooms = [...this.#owner.kinds.keys()].map((kindName) =>
      this.#make({ kindName, labels: {}, data: undefined, isPrivate: false }),
    );
    for (const room of rooms) {
      await this.#inTime(`open of the kind ${room.kind}`, async () => partsOf(room).kind.open(room));
    }
    for (const { server } of rooms) await server.start();
    for (const { server } of rooms) await server.stop();
  }

  /** Moves a player with a seat into its room, unless that is closed meanwhile. @param number of its question, or 0 */
  moveIn(player: INetworkPlayer, room: Room, number = 0): void {
    if (NetworkServer.move(player, room.server, this.moveInAtOnce(player, room, number))) return;
    this.#roomOf.delete(player);
    partsOf(room).seats.release(player);
  }

  /** A player with a seat comes into its room by itself. @returns what its client gets to know of the room */
  moveInAtOnce(player: INetworkPlayer, room: Room, number: number): Uint8Array {
    this.#roomOf.set(player, room);
    this.#questionOf.set(player, number);
    return stayIn(room, player, number);
  }

  /** Moves a player out of its room. Does nothing when it is in none. */
  moveOut(player: INetworkPlayer, number = 0, text = ""): void {
    if (!this.#roomOf.delete(player)) return;
    // Its client wants its lists anew, however often it is moved.
    NetworkServer.allowMore(player, WatchMessage, MAX_LISTS);
    const stay = { room: undefined, number, text: cutUtf8(text, MAX_TEXT_BYTES), isOnItsWay: false };
    NetworkServer.move(player, this.#owner.lobby, encode(stayCodec, stay));
  }

  // What a room calls.

  changed(room: Room): void {
    if (!this.directory.has(room)) return;
    this.#owner.changed(room);
    this.#owner.keeper?.describe(room);
  }

  keeper(): RoomKeeper {
    const { keeper } = this.#owner;
    if (!keeper) throw new NetworkError("ERR_STATE", "The host has no engine: give it one as `engine`");
    return keeper;
  }

  epochOf(room: Room): bigint {
    return this.#owner.keeper?.epochOf(room) ?? 0n;
  }

  reserve(room: Room, isSpectator: boolean): string {
    if (!this.directory.has(room)) throw closedError(room);
    const ticket = newTicket(room.id, this.#owner.randomBytes);
    if (partsOf(room).seats.keep(ticket, isSpectator)) return ticket;
    throw new NetworkError("ERR_ROOM_FULL", `The room ${room.id} is full`);
  }

  async close(room: Room, text: string): Promise<void> {
    if (!this.#forget(room, true)) return;
    for (const player of room.server.players) this.moveOut(player, 0, text);
    await room.server.stop();
  }

  /**
   * A room goes on elsewhere. Its players hear of it in the call.
   *
   * @param sendAway takes leave of each of its players
   * @param wait waits until those who are connected have left, as long as they may stay
   * @returns resolves when the copy has ended; null: it has begun to end before
   */
  surrender(
    room: Room,
    { sendAway, wait }: { sendAway(player: INetworkPlayer): void; wait(emptied: Promise<void>): Promise<void> },
  ): Promise<void> | null {
    if (!this.directory.has(room)) return null;
    const { server } = room;
    // The players first: what the log refuses then is answered by the next owner.
    for (const player of server.players) sendAway(player);
    this.#forget(room, false);
    const emptied = new Promise<void>((resolve) => {
      const look = () => {
        if (!server.players.some(({ isConnected }) => isConnected)) resolve();
      };
      server.on("disconnected", look);
      look();
    });
    this.#surrendered.add(server);
    return wait(emptied).then(() => this.#endCopy(server));
  }

  async #endCopy(server: NetworkServer): Promise<void> {
    this.#surrendered.delete(server);
    await NetworkServer.stopNow(server, MOVED);
  }

  /** The host stops: players leave for good. Rooms that are kept may go on elsewhere. */
  async stop(): Promise<void> {
    const { rooms } = this.directory;
    for (const room of rooms) this.#forget(room, false);
    const copies = [...this.#surrendered].map((server) => this.#endCopy(server));
    await Promise.all([...copies, ...rooms.map(({ server }) => server.stop())]);
  }

  #make({ kindName, id, labels, data, isPrivate, code: given }: NewRoom): Room {
    const { clock, lobby, randomBytes, kinds, serverOptions } = this.#owner;
    const kind = kinds.get(kindName);
    if (!kind) throw outOfRange(`There is no kind ${kindName}; there are ${[...kinds.keys()].join(", ")}`);
    const frontEnd = NetworkServer.frontEndOf(lobby);
    const server = new NetworkServer({ ...serverOptions, ...kind.server }, { frontEnd, isLobby: false });
    const isTaken = (code: string) => this.directory.byCode(code) !== null;
    const code = given ?? (isPrivate ? newCode(randomBytes, isTaken) : null);
    const seats = new Seats(clock, kind.capacity, kind.maxSpectators ?? 0, () => this.#seatsChanged(room));
    const parts = { id: id ?? newId(randomBytes), kindName, kind, code, labels, data, server, seats };
    const room: Room = new Room(parts, this);
    this.#owner.prepare(server);
    server.use({
      started: () => this.totals.add(server),
      playerDisconnecting: (player) => {
        if (this.#roomOf.get(player) === room) this.#roomOf.delete(player);
        seats.release(player);
      },
      stopped: () => {
        this.#forget(room, true);
        seats.clear();
        this.totals.end(server);
      },
    });
    return room;
  }

  /** Has a room's server run as soon as its kind has set it up: at once, unless that is a promise. */
  async #open(room: Room, life: Life): Promise<void> {
    const { keeper } = this.#owner;
    try {
      if (keeper) await keeper.claim(room);
      this.#assertThere(room);
      const opening = partsOf(room).kind.open(room) as unknown;
      if (isThenable(opening)) await opening;
      this.#assertThere(room);
      const starting = room.server.start();
      keeper?.restore(room);
      life.isOpen = true;
      await starting;
    } catch (error) {
      // It was closed while it was being claimed.
      if (!this.directory.has(room)) keeper?.release(room, life.isOver);
      throw error;
    }
  }

  /**
   * As `#open`.
   *
   * @throws (rejects) `ERR_ROOM_FAILED`, also after `OPEN_MS`; `ERR_CLOSED`, `ERR_CONFLICT`, `ERR_SERVER_BUSY`
   */
  async #openInTime(room: Room, life: Life): Promise<void> {
    try {
      await this.#inTime(`The opening of the room ${room.id}`, () => this.#open(room, life));
    } catch (cause) {
      if (!this.#forget(room, false)) throw cause; // Closed meanwhile.
      if (isElsewhere(cause)) throw cause;
      NetworkServer.report(this.#owner.lobby, cause, `open of a room of the kind ${room.kind}`);
      const error = new NetworkError("ERR_ROOM_FAILED", `The room ${room.id} could not be opened`);
      throw Object.assign(error, { cause });
    }
  }

  /** @throws (rejects) as `open`; NetworkError `ERR_TIMEOUT` */
  #inTime(what: string, open: () => Promise<void>): Promise<void> {
    const timeoutText = `${what} was not done within ${OPEN_MS} ms`;
    const deadline = { timeoutMs: OPEN_MS, timeoutText, signal: undefined };
    return promiseBefore<void>(this.#owner.clock, deadline, (resolve, reject) => void open().then(resolve, reject));
  }

  #assertThere(room: Room): void {
    if (!this.directory.has(room)) throw closedError(room);
  }

  #seatsChanged(room: Room): void {
    const life = this.#lives.get(room);
    if (!life) return;
    const { kind, seats } = partsOf(room);
    const { emptyMs = 10_000 } = kind;
    this.#owner.clock.clearTimeout(life.emptyTimer);
    life.emptyTimer = null;
    if (seats.isEmpty && emptyMs < Number.POSITIVE_INFINITY) {
      life.emptyTimer = this.#owner.clock.setTimeout(() => void this.close(room, ""), emptyMs);
    }
    this.#owner.changed(room);
  }

  /** Closes the oldest of the rooms that are empty, and would be closed soon. @returns false: there is none */
  #makePlace(): boolean {
    for (const [room, { emptyTimer }] of this.#lives) {
      if (emptyTimer === null) continue;
      void this.close(room, "");
      return true;
    }
    return false;
  }

  /**
   * A room is in no list any more, and nobody comes in.
   *
   * @param isOver for good
   * @returns false: that was so
   */
  #forget(room: Room, isOver: boolean): boolean {
    if (!this.directory.remove(room)) return false;
    this.#owner.keeper?.release(room, isOver);
    const life = this.#lives.get(room);
    if (life) life.isOver = isOver;
    this.#owner.clock.clearTimeout(life?.emptyTimer);
    this.#lives.delete(room);
    this.#owner.changed(room);
    return true;
  }
}

/** What players hear who are to look for their room at another host. */
export const MOVED: DisconnectReason = { code: DisconnectCode.Moved, text: "The room is at another server" };

/** Whether a room is another host's, or the engine does not answer: no fault of its kind. */
const isElsewhere = (error: unknown) =>
  ["ERR_CONFLICT", "ERR_SERVER_BUSY"].includes((error as Partial<NetworkError>)?.code ?? "");

function stayIn(room: Room, player: INetworkPlayer, number: number): Uint8Array {
  const { id, kind, code, labels } = room;
  const inside = { id, kind, code: code ?? undefined, labels, isSpectator: room.isSpectator(player) };
  return encode(stayCodec, { room: inside, number, text: "", isOnItsWay: false });
}

const closedError = ({ id }: Room) => new NetworkError("ERR_CLOSED", `The room ${id} is closed`);
