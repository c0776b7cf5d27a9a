import { invalidType, typeError } from "../arguments.js";
import { type Clock, systemClock } from "../clock.js";
import type { Closing } from "../message/closing.js";
import {
  type DisconnectReason,
  type Door,
  type INetworkPlayer,
  type NetworkClient,
  NetworkError,
  NetworkServer,
  type NetworkServerOptions,
  type SessionOptions,
} from "../message/index.js";
import { NETWORK_OPTIONS } from "../message/network-options.js";
import { SERVER_OPTIONS } from "../message/network-server-options.js";
import {
  arrayOption,
  booleanOption,
  checkOptions,
  durationOption,
  integerOption,
  type OptionRules,
  objectOption,
  oneOf,
  required,
  textOption,
  thingOption,
} from "../options.js";
import { secureRandomBytes } from "../random.js";
import { checkReason } from "../socket/disconnect-reason.js";
import { endWithParent } from "./end-with-parent.js";
import type { Engine } from "./engine/engine.js";
import { FleetKeys } from "./fleet/fleet-keys.js";
import { appOption } from "./fleet/names.js";
import type { Order } from "./fleet/operator.js";
import type { RoomHostMetrics } from "./host/host-metrics.js";
import { JoinDesk, noKind } from "./host/join-desk.js";
import { newId } from "./host/names.js";
import { partsOf, Room } from "./host/room.js";
import type { RoomFilter } from "./host/room-directory.js";
import { RoomHouse } from "./host/room-house.js";
import { checkKind, type RoomKind } from "./host/room-kind.js";
import { RoomLists } from "./host/room-lists.js";
import { checkLabels, checkName, type Labels } from "./labels.js";
import type { Arrivals } from "./member/arrivals.js";
import { Fleet } from "./member/fleet.js";
import { Membership } from "./member/membership.js";
import { checkedDoor } from "./member/own-door.js";
import { JoinMessage, LeaveMessage, MAX_NAME_BYTES, ROOM_MESSAGES, WatchMessage } from "./room-messages.js";

/** The options of a {@link RoomHost}: those of a `NetworkServer` without `tickRate` and `drive`, and its rooms. */
export interface RoomHostOptions extends Omit<NetworkServerOptions, "tickRate" | "drive" | "sessions"> {
  /** The kinds of rooms by their names, of 1 to 64 bytes of UTF-8 that can be seen. */
  rooms: Readonly<Record<string, RoomKind>>;
  /** How many rooms may be there, 1 to 10,000. @defaultValue 1000 */
  maxRooms?: number;
  /** What this host shares with the others of its fleet. It needs `app`, `fleetKey` and `door`. @defaultValue none */
  engine?: Engine;
  /** The name of the fleet: what distinguishes it from others on the same engine. 1 to 50 of `A-Z a-z 0-9 _ -` */
  app?: string;
  /** The secret of the fleet, the same at all hosts: 32 bytes or more. Two during a change of it: the first makes. */
  fleetKey?: readonly Uint8Array[];
  /** Where clients reach this host; a function gets the ports that the sockets are bound to. */
  door?: Door | ((boundPorts: readonly (number | null)[]) => Door);
  /** As of a `NetworkServer`. @defaultValue `{}`: who reconnects within 30 s has kept its seat */
  sessions?: Partial<SessionOptions> | null;
}

/** How `createRoom` makes a room. */
export interface CreateRoomOptions {
  /** 1 to 40 bytes of UTF-8 that can be seen. @defaultValue 12 letters and digits that nobody can guess */
  id?: string;
  /** What clients find the room by. @defaultValue none */
  labels?: Labels;
  /** Whether it is in no list and is entered by its code only. @defaultValue `false` */
  isPrivate?: boolean;
  /** What `room.data` is. @defaultValue undefined */
  data?: unknown;
}

/** How a host empties itself. */
export interface DrainOptions {
  /** When it stops in any case. @defaultValue 30,000 ms */
  deadlineMs?: number;
  /** What players get who are here then. @defaultValue `DisconnectCode.ServerStopped` */
  reason?: DisconnectReason;
  /** With an engine: whether rooms go to other hosts at once, or when the time is nearly up. @defaultValue `move` */
  mode?: "move" | "wait";
}

const { tickRate: _tickRate, drive: _drive, ...SHARED } = SERVER_OPTIONS;
const OPTIONS: OptionRules<RoomHostOptions> = {
  ...SHARED,
  rooms: required(objectOption()),
  maxRooms: integerOption(1, 10_000),
  engine: thingOption(
    "an engine, such as new MemoryEngine() or await NatsEngine.connect(…)",
    "bucket",
    "log",
    "publish",
  ),
  app: appOption,
  fleetKey: arrayOption,
  door: (name, value) => {
    if (typeof value !== "function") objectOption()(name, value);
  },
};
const CREATE: OptionRules<CreateRoomOptions> = {
  id: textOption,
  labels: objectOption(),
  isPrivate: booleanOption,
  data: () => {},
};
export const DRAIN_OPTIONS: OptionRules<DrainOptions> = {
  deadlineMs: durationOption(),
  reason: objectOption(),
  mode: oneOf("move", "wait"),
};
const MAX_ID_BYTES = 40;

/** The last `start`. */
interface StartAttempt {
  /** Not after a stop. */
  isWanted: boolean;
  isDone: boolean;
}

/** How much of the time of a drain that waits is for moving what is left. */
const MOVE_MS = 10_000;

/**
 * Many rooms in one process and behind one port: each has a `NetworkServer` of its own, and players come in, change
 * rooms and leave without a new connection. See docs/rooms.md.
 */
export class RoomHost {
  /** The server of the players who are in no room. */
  readonly server: NetworkServer;
  readonly #clock: Clock;
  readonly #house: RoomHouse;
  readonly #desk: JoinDesk;
  readonly #lists: RoomLists;
  /** The hosts that share an engine; null without one. */
  readonly fleet: Fleet | null;
  readonly #membership: Membership | null;
  /** By which it empties itself; null before the first drain. */
  #drained: Closing | null = null;
  /** Drains the host where an operator has ordered it. */
  #onOrder: (() => void) | null = null;
  /** The process does not end with its `Supervisor` any more. */
  #outliveParent = () => {};
  #hasRehearsed = false;
  #attempt: StartAttempt = { isWanted: false, isDone: false };
  #stopping: Promise<void> | null = null;
  /** Settles when all starts and stops have. */
  #settled: Promise<unknown> = Promise.resolve();

  /** @throws TypeError, RangeError for a wrong option */
  constructor(options: RoomHostOptions) {
    checkOptions("RoomHost", options, OPTIONS, (name) =>
      name === "tickRate" ? "a kind of rooms has it: rooms: { arena: { server: { tickRate: 30 }, … } }" : "",
    );
    const { rooms, maxRooms = 1000, sessions = {}, engine, app, fleetKey, door, ...serverOptions } = options;
    objectOption()("rooms", rooms);
    const kinds = new Map(Object.entries(rooms));
    for (const [name, kind] of kinds) {
      checkName("The name of a kind", name, MAX_NAME_BYTES);
      checkKind(name, kind);
    }
    const { clock = systemClock, randomBytes = secureRandomBytes } = options;
    this.#clock = clock;
    if (!engine) checkAlone({ app, fleetKey, door });
    this.#membership = engine ? newMembership(options, { clock, randomBytes }) : null;
    const membership = this.#membership;
    const ofFleet = membership && { doors: () => membership.doors() };
    const kept = membership && sessions ? { ...sessions, store: membership.sessions } : sessions;
    const lobby = new NetworkServer(
      { ...serverOptions, ...ofFleet, sessions: kept },
      { frontEnd: null, isLobby: true, stop: membership && ((reason) => this.stop(reason)) },
    );
    this.server = lobby;
    this.#house = new RoomHouse({
      ...{ clock, randomBytes, kinds, lobby, maxRooms, keeper: membership?.kept ?? null },
      serverOptions: forRooms(serverOptions),
      prepare: (server) => {
        this.#answer(server);
        membership?.watch(server);
      },
      changed: (room) => {
        if (!this.#house.directory.has(room)) this.#desk.closed(room);
        this.#lists.changed(room);
      },
    });
    const elsewhere = membership && {
      seek: (...wish: Parameters<Arrivals["seek"]>) => membership.arrivals.seek(...wish),
    };
    this.#desk = new JoinDesk({ clock, kinds, lobby, maxRooms, elsewhere }, this.#house);
    this.#lists = new RoomLists(clock, this.#house.directory, lobby);
    // Players of other hosts are newcomers: who has closed the server wants none, and no rooms that they are in.
    const isLeaving = () => this.#isLeaving || NetworkServer.frontEndOf(lobby).isClosed;
    membership?.attach({ lobby, house: this.#house, desk: this.#desk, kinds, isLeaving });
    membership?.watch(lobby);
    this.fleet = membership && new Fleet(membership);
    this.#answer(lobby);
    lobby.messageHandler.register(WatchMessage, ({ number, isWanted, kind, labels }, player) => {
      if (!isWanted) this.#lists.unwatch(player, number);
      else if (!kinds.has(kind)) this.#desk.refuse(player, number, "ROOM_NOT_FOUND", noKind(kind));
      else if (this.#lists.isAgain(player) || this.#desk.mayAsk(player))
        this.#lists.watch(player, number, kind, labels);
      else this.#desk.refuse(player, number, "TOO_MANY_REQUESTS", "Too many questions about rooms");
    });
    lobby.on("drained", (player) => this.#lists.drained(player));
    lobby.use({
      playerSuspended: (player) => this.#lists.forget(player),
      playerDisconnecting: (player) => this.#lists.forget(player),
      stopped: () => {
        this.#lists.stop();
        void this.#house.stop();
        // Without an engine somebody may have stopped the server itself.
        if (this.#attempt.isWanted && this.#attempt.isDone)
          void this.#end().catch((error) => NetworkServer.report(lobby, error, "a stop"));
      },
    });
  }

  /** All rooms. */
  get rooms(): Room[] {
    return this.#house.directory.rooms;
  }

  /** What the host has counted: a copy, made on each access. */
  get metrics(): RoomHostMetrics {
    const { joins, refusals } = this.#desk;
    return {
      rooms: this.#house.directory.size,
      players: NetworkServer.frontEndOf(this.server).admittedCount,
      isDraining: this.server.active && this.#drained?.isOver === false,
      ...{ joins, refusals: Object.values(refusals).reduce((sum, count) => sum + count, 0) },
      refusalsByCode: { ...refusals },
      ...this.#house.totals.counts,
    };
  }

  /**
   * Opens and closes one room of each kind, and listens.
   *
   * @param localClient as of `NetworkServer.start`: it joins rooms as every client does
   * @throws (rejects) what `open` of a kind throws, and NetworkError `ERR_TIMEOUT` when it is not done after 30 s; what
   *   `NetworkServer.start` throws, and the engine; TypeError, RangeError where the function `door` gives no door, or
   *   one that leads nowhere
   */
  async start(options: { localClient?: NetworkClient } = {}): Promise<void> {
    if (this.#attempt.isWanted) throw activeAlready();
    const attempt = { isWanted: true, isDone: false };
    this.#attempt = attempt;
    const starting = this.#start(attempt, this.#settled, options);
    this.#follows(starting);
    await starting;
  }

  /** @param earlier settles when earlier starts and stops have left nothing behind */
  async #start(
    attempt: StartAttempt,
    earlier: Promise<unknown>,
    options: { localClient?: NetworkClient },
  ): Promise<void> {
    const goOn = () => {
      if (!attempt.isWanted) throw new NetworkError("ERR_CLOSED", "The host was stopped");
    };
    await earlier;
    if (this.server.active) {
      attempt.isWanted = false;
      throw activeAlready();
    }
    try {
      goOn();
      if (!this.#hasRehearsed) await this.#house.rehearse();
      this.#hasRehearsed = true;
      goOn();
      await this.#membership?.open();
      goOn();
      await this.server.start(options);
      goOn();
      this.#membership?.start((order) => this.#obey(order));
      this.#outliveParent = endWithParent();
      attempt.isDone = true;
    } catch (error) {
      attempt.isWanted = false;
      await NetworkServer.stopNow(this.server);
      await this.#membership?.stop();
      throw error;
    }
  }

  /** Closes all rooms, disconnects all players, and stops. @param reason as of `NetworkServer.stop` */
  async stop(reason?: DisconnectReason): Promise<void> {
    if (reason) checkReason(reason);
    // Nobody comes in to be thrown out when the rooms are stored.
    if (this.server.active) this.server.close();
    await this.#end(reason);
  }

  /** Two stops at once are one. */
  async #end(reason?: DisconnectReason): Promise<void> {
    this.#attempt.isWanted = false;
    if (!this.#stopping) {
      this.#stopping = this.#stop(reason).finally(() => {
        this.#stopping = null;
      });
      this.#follows(this.#stopping);
    }
    await this.#stopping;
  }

  async #stop(reason: DisconnectReason | undefined): Promise<void> {
    await this.#membership?.store();
    await NetworkServer.stopNow(this.server, reason);
    await this.#membership?.stop();
    this.#outliveParent();
  }

  /** A later start waits for it. */
  #follows(done: Promise<void>): void {
    this.#settled = Promise.allSettled([this.#settled, done]);
  }

  /**
   * Takes no new players, makes no new rooms, and stops when nobody is here any more, at once if nobody is here.
   * Without an engine, or with the mode `wait`, rooms go on, and players who are here may go into them, until all have
   * left. With an engine and the mode `move`, and after the time of `wait`, rooms go to other hosts of the same
   * protocol, and their players with them.
   *
   * @returns how many players were disconnected at the deadline; null: `undrain` has taken it back
   * @throws as `NetworkServer.drain`
   */
  async drain(options: DrainOptions = {}): Promise<number | null> {
    checkOptions("drain", options, DRAIN_OPTIONS);
    const { deadlineMs = 30_000, reason, mode = "move" } = options;
    if (reason) checkReason(reason);
    const membership = this.#membership;
    this.#assertActive();
    const attempt = this.#attempt;
    const untilMs = this.#clock.now() + deadlineMs;
    const frontEnd = NetworkServer.frontEndOf(this.server);
    const closing = frontEnd.refuseNewcomers();
    this.#drained = closing;
    if (membership) {
      if (mode === "wait") await frontEnd.emptied(closing, Math.max(deadlineMs - MOVE_MS, deadlineMs / 2));
      await membership.moveAll(untilMs, closing);
    } else await frontEnd.emptied(closing, deadlineMs);
    const left = frontEnd.admittedCount;
    if (!attempt.isWanted) return left; // Somebody has stopped it meanwhile.
    if (closing.isOver) return null;
    await this.stop(reason);
    return left;
  }

  /** Takes players again, and makes rooms: a `drain` that is under way ends without a stop. */
  undrain(): void {
    this.#assertActive();
    this.server.open();
  }

  /**
   * Makes a room, which is disposed of after `emptyMs` if nobody comes.
   *
   * @throws (rejects) TypeError, RangeError for wrong options, or a kind that there is not; NetworkError `ERR_CONFLICT`
   *   for an id that there is, here or at another host; `ERR_TOO_MANY_ROOMS`; `ERR_ROOM_FAILED` when its `open` throws;
   *   `ERR_SERVER_BUSY` when the engine does not answer; `ERR_SERVER_CLOSED` while the host drains; `ERR_STATE` while
   *   it is not active
   */
  async createRoom(kind: string, options: CreateRoomOptions = {}): Promise<Room> {
    checkOptions("createRoom", options, CREATE);
    const { id, labels = {}, data, isPrivate = false } = options;
    if (id !== undefined) checkName("id", id, MAX_ID_BYTES);
    checkLabels("labels", labels);
    this.#assertActive();
    if (this.#isLeaving) throw new NetworkError("ERR_SERVER_CLOSED", "The host is draining, and makes no rooms");
    const room = this.#house.create({ kindName: kind, id, labels, data, isPrivate });
    await this.#house.opened(room);
    return room;
  }

  /** The rooms that a filter lets through, private ones too, in the order in which they were made. */
  findRooms(filter: RoomFilter = {}): Room[] {
    return this.#house.directory.find(filter);
  }

  /** The room with an id, null when there is none. */
  getRoom(id: string): Room | null {
    return this.#house.directory.byId(id);
  }

  /** The room of a player, null when it is in none. */
  roomOf(player: INetworkPlayer): Room | null {
    return this.#house.roomOf(player);
  }

  /**
   * Moves a player to another room, locked or not, or out of its room. Nothing is asked of `match` and `admit`. Its
   * connection, session and object stay; `player.id` and the time are those of the room.
   *
   * @param to null: in no room
   * @param text why it is in no room, at most 120 bytes of UTF-8
   * @throws TypeError, RangeError for wrong arguments; NetworkError `ERR_ROOM_FULL`; `ERR_STATE` for a player who is
   *   not connected, or is in that room; `ERR_CLOSED` for a room that is not open
   */
  move(player: INetworkPlayer, to: Room | null, options: { isSpectator?: boolean; text?: string } = {}): void {
    checkOptions("move", options, { isSpectator: booleanOption, text: textOption });
    const { isSpectator = false, text = "" } = options;
    thingOption("a player of this host", "send", "disconnect")("player", player);
    if (to !== null && !(to instanceof Room)) throw typeError("to", "a room, or null");
    if (!player.isAuthenticated || this.#house.roomOf(player) === to)
      throw new NetworkError("ERR_STATE", "The player is not connected, or is there already");
    if (to === null) {
      this.#house.moveOut(player, 0, text);
      return;
    }
    if (!this.#house.isOpen(to)) throw new NetworkError("ERR_CLOSED", `The room ${to.id} is not open`);
    if (!partsOf(to).seats.take(player, isSpectator))
      throw new NetworkError("ERR_ROOM_FULL", `The room ${to.id} is full`);
    this.#house.moveIn(player, to);
  }

  /** @internal What follows the order of an operator to drain a host; null: it stops, and its process goes on. */
  static onOrder(host: RoomHost, drain: (() => void) | null): void {
    host.#onOrder = drain;
  }

  /** An operator has told this host what to do (`valve-sockets rooms`). */
  #obey(order: Order): void {
    if (order === "undrain") this.undrain();
    else if (this.#isLeaving) return;
    else if (this.#onOrder) this.#onOrder();
    else this.drain().catch((error) => NetworkServer.report(this.server, error, "a drain that was ordered"));
  }

  /** Has a server answer the questions of its players about rooms. */
  #answer(server: NetworkServer): void {
    server.use({ messages: ROOM_MESSAGES });
    server.messageHandler.register(JoinMessage, (question, player) => void this.#desk.join(player, question));
    server.messageHandler.register(LeaveMessage, ({ number }, player) => this.#desk.leave(player, number));
  }

  /** Whether it empties itself, or stops. */
  get #isLeaving(): boolean {
    return !this.#attempt.isWanted || this.#drained?.isOver === false;
  }

  #assertActive(): void {
    if (!this.server.active || !this.#attempt.isWanted)
      throw new NetworkError("ERR_STATE", "The host is not active: await its start()");
  }
}

const activeAlready = () => new NetworkError("ERR_STATE", "The host is active already: await its stop() first");

/** @throws TypeError for what a host without an engine does not take */
function checkAlone(ofFleet: object): void {
  for (const [name, value] of Object.entries(ofFleet))
    if (value !== undefined)
      throw invalidType(`\`${name}\` is for hosts with an \`engine\`: give an engine, or leave out \`${name}\``);
}

/** @throws TypeError without what a fleet needs, and for what it has; as `FleetKeys` and `checkedDoor` */
function newMembership(
  { engine, app, fleetKey, door, doors, sessions, peer }: RoomHostOptions,
  common: Pick<Required<RoomHostOptions>, "clock" | "randomBytes">,
): Membership {
  if (!engine || app === undefined || !fleetKey || !door)
    throw invalidType("A RoomHost with an engine needs `app`, `fleetKey` and `door`");
  if (sessions === null) throw invalidType("A RoomHost with an engine needs sessions: leave out `sessions: null`");
  if (doors !== undefined || sessions?.store !== undefined)
    throw invalidType("A RoomHost with an engine finds doors and keeps sessions there: leave out `doors` and `store`");
  if (typeof door !== "function") checkedDoor(door);
  return new Membership({
    ...{ engine, app, ...common, id: newId(common.randomBytes) },
    keys: new FleetKeys(fleetKey, common.randomBytes),
    random: peer?.random ?? Math.random,
    resumeWindowMs: sessions?.resumeWindowMs ?? 30_000,
    capacity: peer?.maxConnections ?? 1000,
    door: typeof door === "function" ? door : () => door,
  });
}

/** Of the options of the host, those that the servers of its rooms have as well. */
function forRooms(options: Omit<NetworkServerOptions, "sessions">): NetworkServerOptions {
  const names = [...Object.keys(NETWORK_OPTIONS), "errorBudget", "onErrorLimit"];
  const shared = Object.entries(options).filter(([name]) => names.includes(name) && name !== "socketFactory");
  return Object.fromEntries(shared) as unknown as NetworkServerOptions;
}
