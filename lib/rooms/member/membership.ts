import { equalBytes } from "../../bytes.js";
import { type Clock, pause, unixTimeMs } from "../../clock.js";
import type { Closing } from "../../message/closing.js";
import { DisconnectCode, type Door, NetworkError, NetworkServer, RequestRefusedError } from "../../message/index.js";
import { MAX_DOORS } from "../../message/protocol/door.js";
import { settledWithin } from "../../message/time/deadline.js";
import type { Random, RandomBytes } from "../../random.js";
import type { Engine } from "../engine/engine.js";
import { doorOf, type HostState } from "../fleet/beats.js";
import type { RoomEntry, SessionEntry } from "../fleet/directory.js";
import type { FleetKeys } from "../fleet/fleet-keys.js";
import { followOrders, type Order } from "../fleet/operator.js";
import { RemoteMessages } from "../fleet/remote-messages.js";
import { TicketBook } from "../fleet/tickets.js";
import type { JoinDesk } from "../host/join-desk.js";
import { partsOf, type Room } from "../host/room.js";
import type { RoomHouse } from "../host/room-house.js";
import type { RoomKind } from "../host/room-kind.js";
import { Arrivals } from "./arrivals.js";
import { Departures, LEAVE_MS } from "./departures.js";
import { ExpectRequest, FindRequest, OwnRequest, ReserveRequest, TakeRequest } from "./fleet-requests.js";
import { FleetSessions } from "./fleet-sessions.js";
import { KeptRooms } from "./kept-rooms.js";
import { checkedDoor } from "./own-door.js";
import { RoomFinder } from "./room-finder.js";

/** How often what dead hosts have left is looked for, and how much of it is taken at a time. */
const SWEEP_MS = 5000;
const MAX_SWEPT = 50;
/** How many rooms are moved at a time, and the pause when nobody takes one. */
const MAX_MOVING = 16;
const PAUSE_MS = 100;
/** How long a host has to take a room. */
const TAKE_MS = 5000;
/**
 * How long a stop waits until all sessions are written, then until all rooms are, then for players who have changed
 * rooms meanwhile, and, when all have heard of it, for what is left.
 */
const STOP_MS = { sessions: 2000, rooms: 2500, moved: 500, rest: 5000 };

/** What a membership needs of its host before there is one. */
export interface MembershipOptions {
  readonly engine: Engine;
  readonly app: string;
  /** The id of this host. */
  readonly id: string;
  readonly keys: FleetKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes: RandomBytes;
  readonly resumeWindowMs: number;
  /** How many players the host takes. */
  readonly capacity: number;
  /** Where clients reach this host. */
  readonly door: (boundPorts: readonly (number | null)[]) => Door;
}

/** The host of a membership. */
export interface MembershipHost {
  readonly lobby: NetworkServer;
  readonly house: RoomHouse;
  readonly desk: JoinDesk;
  readonly kinds: ReadonlyMap<string, RoomKind>;
  /** Whether it empties itself, stops, or is closed: it takes no players and rooms. */
  isLeaving(): boolean;
}

/** A host as a member of its fleet: what it shares with the others, from its start to its stop. */
export class Membership {
  readonly id: string;
  readonly engine: Engine;
  readonly kept: KeptRooms;
  readonly sessions: FleetSessions;
  readonly counts = { claimed: 0, surrendered: 0 };
  readonly #options: MembershipOptions;
  #host: MembershipHost | null = null;
  #remote: RemoteMessages | null = null;
  #arrivals: Arrivals | null = null;
  #departures: Departures | null = null;
  #finder: RoomFinder | null = null;
  #door: Door | null = null;
  #stopOrders = () => {};
  #sweepTimer: unknown = null;
  /** Since when rooms, and sessions without a room or a player, have nobody. */
  #orphans = new Map<string, number>();
  /** Hosts that are alive, and have another key. */
  #strangers: ReadonlySet<string> = new Set();
  readonly #seatTimers = new Set<unknown>();
  /** Copies of rooms that players have not left yet. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { engine, app, id, keys, clock, random } = options;
    this.id = id;
    this.engine = engine;
    this.kept = new KeptRooms({
      ...{ engine, app, id, clock, random },
      report: (error, place) => NetworkServer.report(this.#hosting.lobby, error, place),
      state: () => this.#state(),
      kinship: () => this.#kinship,
      hostsChanged: () => this.#hostsChanged(),
      lost: (room, newer) =>
        this.#lost(room, newer).catch((error) =>
          NetworkServer.report(this.#hosting.lobby, error, `the room ${room.id}, which another host has`),
        ),
    });
    const { kept } = this;
    this.sessions = new FleetSessions({
      ...{ id, keys, clock },
      lobby: () => this.#hosting.lobby,
      directory: () => kept.directory,
      isConnected: () => engine.connected,
      arrive: (player, found) => this.arrivals.arrive(player, found),
    });
  }

  get remote(): RemoteMessages {
    return this.#remote as RemoteMessages;
  }

  get arrivals(): Arrivals {
    return this.#arrivals as Arrivals;
  }

  get departures(): Departures {
    return this.#departures as Departures;
  }

  get finder(): RoomFinder {
    return this.#finder as RoomFinder;
  }

  get #hosting(): MembershipHost {
    return this.#host as MembershipHost;
  }

  /** The host is made. */
  attach(host: MembershipHost): void {
    const { engine, app, id, keys, clock, randomBytes } = this.#options;
    const { kept, sessions } = this;
    this.#host = host;
    const remote = new RemoteMessages({
      ...{ engine, app, host: id },
      fingerprint: () => host.lobby.protocol.fingerprint,
      locate: (target) => this.#locate(target),
      onError: (error) => NetworkServer.report(host.lobby, error, "a message of another host"),
    });
    const barrier = (other: string) => this.#barrier(other);
    const finder = new RoomFinder({
      ...{ clock, id, house: host.house, kept, remote, barrier },
      isConnected: () => engine.connected,
      hasKind: (kind) => host.kinds.has(kind),
      mayTake: () => !host.isLeaving(),
      claimed: (room) => this.#claimed(room),
    });
    const tickets = new TicketBook(keys, id, unixTimeMs, randomBytes);
    this.#arrivals = new Arrivals({ ...host, id, clock, kept, remote, tickets, sessions, finder, barrier });
    this.#departures = new Departures({ clock, lobby: host.lobby, kept, sessions, arrivals: this.arrivals });
    this.#remote = remote;
    this.#finder = finder;
    this.#answer(remote, host);
  }

  /** Follows where the players of the lobby, or of a room, are. */
  watch(server: NetworkServer): void {
    server.use({
      playerAuthenticated: (player) => {
        const { house } = this.#hosting;
        const room = house.roomOf(player);
        this.sessions.place(player, room, house.questionOf(player));
        if (!room) this.arrivals.arrived(player);
      },
      playerDisconnecting: ({ transport }, { code }) => {
        if (code !== DisconnectCode.RedirectRefused) return;
        NetworkServer.complain(
          this.#hosting.lobby,
          `a client over ${transport} did not follow to another host, and is lost: the \`door\` of each host needs ` +
            `an address for ${transport} (for pages: websocket) that clients reach, and hosts need the same encryption`,
        );
      },
    });
  }

  /** Before the host listens. @throws (rejects) as an engine */
  open(): Promise<void> {
    return this.kept.open();
  }

  /**
   * The host listens: the others hear of it.
   *
   * @param follow does what an operator orders, until the host stops
   * @throws TypeError, RangeError for a door that leads nowhere; what the option `door` throws
   */
  start(follow: (order: Order) => void): void {
    const { engine, app, door, clock } = this.#options;
    this.#door = checkedDoor(door(this.#hosting.lobby.boundPorts));
    this.remote.start();
    this.kept.start();
    this.#stopOrders = followOrders(engine, app, this.id, follow);
    this.#sweepTimer = clock.setTimeout(() => void this.#sweep(), SWEEP_MS);
  }

  /**
   * The host stops: its rooms are stored once more, and stay in the directory. So is where its players are: they look
   * for their rooms as soon as they hear of the end. They play on until then, so what may take longest comes first: the
   * rooms are stored as they are at the end, and then whoever has gone from one to another meanwhile.
   */
  async store(): Promise<void> {
    if (!this.#door) return;
    const { clock } = this.#options;
    const { writer } = this.sessions;
    await settledWithin(clock, writer.flushed(), STOP_MS.sessions);
    await settledWithin(clock, this.kept.storeAll(), STOP_MS.rooms);
    await settledWithin(clock, writer.flushed(), STOP_MS.moved);
  }

  /** The host has stopped. */
  async stop(): Promise<void> {
    if (!this.#door) return this.kept.stop(); // It may have been opened.
    const { clock } = this.#options;
    clock.clearTimeout(this.#sweepTimer);
    this.#sweepTimer = null;
    for (const timer of this.#seatTimers) clock.clearTimeout(timer);
    this.#seatTimers.clear();
    this.#orphans.clear();
    this.#stopOrders();
    this.arrivals.stop();
    this.departures.stop();
    const { writer } = this.sessions;
    const rest = writer.flushed().then(() => this.kept.ended());
    await settledWithin(clock, rest, STOP_MS.rest);
    writer.stop();
    this.kept.stop();
    this.remote.stop();
    this.#door = null;
  }

  /** Other hosts that clients may dial: those that beat, and are not about to go. */
  doors(): Door[] {
    const isDoor = (host: HostState) =>
      host.id !== this.id && !host.isDraining && this.#options.keys.isReadBy(host.keyTags);
    const others = this.kept.beats.hosts().filter(isDoor);
    const from = Math.floor(this.#options.random() * others.length);
    const turned = [...others.slice(from), ...others.slice(0, from)];
    // During an update those of the other version may refuse this one's clients.
    turned.sort((one, other) => Number(this.isOtherVersion(one.id)) - Number(this.isOtherVersion(other.id)));
    return turned.slice(0, MAX_DOORS).map(doorOf);
  }

  /**
   * Moves all rooms and players to other hosts, as soon as one takes them. A room without players that nobody takes
   * stays in the directory, where whoever looks for it finds it when this host has ended.
   *
   * @param untilMs by the clock: what is still here then stays
   * @param closing when it is over, this is
   */
  async moveAll(untilMs: number, closing: Closing): Promise<void> {
    const { clock } = this.#options;
    let isInTime = true;
    const moving = this.#moveAll(() => isInTime && !closing.isOver && clock.now() < untilMs);
    // While the engine is away a room waits for its checkpoint, however long that takes.
    isInTime = await settledWithin(clock, Promise.race([moving, closing.over]), untilMs - clock.now());
    if (isInTime && !closing.isOver) await moving; // It may have failed.
    if (closing.isOver) this.departures.end(this.#hosting.lobby.players);
  }

  /** @param mayGoOn whether this goes on */
  async #moveAll(mayGoOn: () => boolean): Promise<void> {
    const { lobby, house } = this.#hosting;
    const { clock } = this.#options;
    while (mayGoOn()) {
      const hasMoved = await this.#handOverAll(mayGoOn);
      if (!mayGoOn()) return;
      const [emptiest] = this.#takers();
      for (const player of lobby.authenticatedPlayers) this.departures.send(player, "", emptiest);
      if (house.directory.size === 0) await Promise.all(this.#leaving);
      if (!hasMoved && NetworkServer.frontEndOf(lobby).admittedCount === 0) return;
      if (!hasMoved) await pause(clock, PAUSE_MS);
    }
  }

  /** Tries to give each room to another host once, some at a time, while it may. @returns whether any was taken */
  async #handOverAll(mayGoOn: () => boolean): Promise<boolean> {
    const rooms = [...this.#hosting.house.directory.rooms];
    let turn = 0;
    let hasMoved = false;
    const work = async () => {
      while (turn < rooms.length && mayGoOn()) {
        const at = turn++;
        if (await this.#handOver(rooms[at] as Room, at, mayGoOn)) hasMoved = true;
      }
    };
    await Promise.all(Array.from({ length: MAX_MOVING }, work));
    return hasMoved;
  }

  /** Hosts that take rooms of this one, the emptiest first. */
  #takers(): string[] {
    const isTaker = ({ id, isDraining }: HostState) => id !== this.id && !isDraining && !this.#barrier(id);
    const takers = this.kept.beats.hosts().filter(isTaker);
    return takers.sort((one, other) => one.load - other.load).map(({ id }) => id);
  }

  /** Whether a host, as far as it is alive, has another protocol than this one. */
  isOtherVersion(host: string): boolean {
    const state = this.kept.beats.find(host);
    return state !== undefined && !equalBytes(state.fingerprint, this.#hosting.lobby.protocol.fingerprint);
  }

  /** Why players of this host cannot go to a host that is alive; null: they can, or it is not alive. */
  #barrier(host: string): NetworkError | null {
    const state = this.kept.beats.find(host);
    if (state && !this.#options.keys.isReadBy(state.keyTags)) return otherKey(state);
    if (!this.isOtherVersion(host)) return null;
    const text = `The host ${host} has another version of the protocol`;
    return new NetworkError("ERR_PROTOCOL_MISMATCH", text);
  }

  /** A host has come or gone. One with another key is told once, here and there. */
  #hostsChanged(): void {
    const { lobby } = this.#hosting;
    NetworkServer.doorsChanged(lobby);
    const strangers = this.kept.beats.hosts().filter(({ keyTags }) => !this.#options.keys.agreeWith(keyTags));
    for (const host of strangers)
      if (!this.#strangers.has(host.id)) NetworkServer.report(lobby, otherKey(host), "the fleet");
    this.#strangers = new Set(strangers.map(({ id }) => id));
  }

  /**
   * Gives a room to another host, and sends its players there.
   *
   * @param mayGoOn whether it is still to be given when its state is stored
   * @returns false: nobody took it
   */
  async #handOver(room: Room, turn: number, mayGoOn: () => boolean): Promise<boolean> {
    const takers = this.#takers();
    const host = takers[turn % takers.length];
    if (host === undefined) return false;
    try {
      return await this.kept.give(room, async () => {
        if (!mayGoOn()) return false;
        const wish = { room: room.id };
        const { isDone } = await this.remote.request({ host }, TakeRequest, wish, { timeoutMs: TAKE_MS });
        if (isDone) await this.#lost(room, null);
        return isDone;
      });
    } catch {
      return false; // It is tried again, with another host.
    }
  }

  #answer(remote: RemoteMessages, { house, desk, isLeaving }: MembershipHost): void {
    remote.registerRequest(OwnRequest, ({ room }) => {
      const found = house.directory.byId(room);
      return { isDone: found !== null && house.isOpen(found) };
    });
    remote.registerRequest(ExpectRequest, ({ session, question }) => ({
      isDone: this.arrivals.expect(session, question),
    }));
    remote.registerRequest(FindRequest, ({ kind, labels, isSpectator }) => {
      const free = house.directory.find({ kind, labels }).find((room) => desk.isFree(room, isSpectator));
      return { room: isLeaving() ? undefined : free?.id };
    });
    remote.registerRequest(ReserveRequest, ({ room: id, isSpectator }) => {
      const room = house.directory.byId(id);
      if (!room || !house.isOpen(room)) throw new RequestRefusedError(`There is no room ${id}`);
      return { ticket: partsOf(room).seats.isFree(isSpectator) ? room.reserve({ isSpectator }) : "" };
    });
    remote.registerRequest(TakeRequest, async ({ room }) => ({ isDone: await this.finder.take(room) }));
  }

  get #kinship() {
    return { fingerprint: this.#hosting.lobby.protocol.fingerprint, keyTags: this.#options.keys.tags };
  }

  #state(): HostState {
    const { house, lobby, isLeaving } = this.#hosting;
    const { addresses, serverKey = "" } = this.#door as Door;
    const players = NetworkServer.frontEndOf(lobby).admittedCount;
    const { capacity } = this.#options;
    return {
      ...{ id: this.id, ...this.#kinship, serverKey, players, capacity },
      addresses: Object.entries(addresses).map(([kind, address]) => ({ kind, address })),
      ...{ rooms: house.directory.size, load: Math.min(players / capacity, 1), isDraining: isLeaving() },
    };
  }

  #locate(target: { readonly room: string } | { readonly player: string }): string | undefined {
    const { directory } = this.kept;
    if ("room" in target) return directory?.findRoom(target.room)?.owner;
    return directory?.sessionsOf(target.player)[0]?.host;
  }

  /** A room was taken over: its players may come back to their seats; who does not come in time has left. */
  #claimed(room: Room): void {
    this.counts.claimed++;
    const { clock, resumeWindowMs } = this.#options;
    const { seats } = partsOf(room);
    const awaited = this.kept.directory?.sessionsIn(room.id) ?? [];
    for (const { id, isSpectator } of awaited) if (!this.sessions.has(id)) seats.keep(id, isSpectator, resumeWindowMs);
    const timer = clock.setTimeout(() => {
      this.#seatTimers.delete(timer);
      const { directory } = this.kept;
      for (const { id, host, moves } of awaited) {
        const session = directory?.findSession(id);
        const isAsItWas = session?.host === host && session.moves === moves;
        if (isAsItWas && !this.sessions.has(id)) this.sessions.writer.remove(session);
      }
    }, resumeWindowMs);
    this.#seatTimers.add(timer);
  }

  /** Another host has a room that this one still has: this copy ends, and its players go there. */
  async #lost(room: Room, newer: RoomEntry | null): Promise<void> {
    const { house } = this.#hosting;
    const { clock } = this.#options;
    const { kept } = this;
    if (!house.directory.has(room)) return;
    const now = newer ?? (await kept.directory?.readRoom(room.id).catch(() => null));
    if (now && now.epoch === room.epoch) return; // The other host says that it has it, and has not.
    const surrendered = house.surrender(room, {
      sendAway: (player) => this.departures.send(player, room.id, now?.owner),
      wait: async (emptied) => void (await settledWithin(clock, emptied, LEAVE_MS)),
    });
    if (!surrendered) return;
    this.counts.surrendered++;
    this.#leaving.add(surrendered);
    void surrendered.finally(() => this.#leaving.delete(surrendered));
  }

  /** Takes what hosts have left that are dead for longer than anybody may come back, and removes what nobody has. */
  async #sweep(): Promise<void> {
    const { clock, resumeWindowMs } = this.#options;
    const { house } = this.#hosting;
    const nowMs = clock.now();
    const timer = this.#sweepTimer;
    const { directory, beats } = this.kept;
    const orphans = new Map<string, number>();
    const isOld = (key: string) => {
      const sinceMs = this.#orphans.get(key) ?? nowMs;
      orphans.set(key, sinceMs);
      return nowMs - sinceMs >= resumeWindowMs;
    };
    const rooms: RoomEntry[] = [];
    const sessions: SessionEntry[] = [];
    for (const room of directory?.rooms() ?? []) {
      // Of this host: the answer to a claim was lost.
      const isGone = room.owner === this.id ? !house.directory.byId(room.id) : this.kept.mayClaim(room);
      if (isGone && isOld(`room ${room.id}`)) rooms.push(room);
    }
    // What cannot be taken, such as a room of a kind that no host has, holds up no other: it is tried again last.
    const sinceMs = ({ id }: RoomEntry) => orphans.get(`room ${id}`) as number;
    const swept = rooms.sort((one, other) => sinceMs(one) - sinceMs(other)).slice(0, MAX_SWEPT);
    for (const { id } of swept) orphans.set(`room ${id}`, nowMs);
    for (const session of directory?.sessions() ?? []) {
      const { id, host, room } = session;
      // Those who are in a room are awaited by whoever claims it.
      const isLeft = () => beats.isDead(host) && !directory?.findRoom(room);
      if ((host === this.id ? !this.sessions.has(id) : isLeft()) && isOld(`session ${id}`)) sessions.push(session);
    }
    this.#orphans = orphans;
    for (const session of sessions) this.sessions.writer.remove(session);
    if (directory?.isCurrent) this.sessions.repair(directory);
    // Side by side: one whose `open` takes long holds up no other. A host that drains takes none.
    await Promise.all(swept.map(({ id }) => this.finder.find(id).catch(() => {})));
    // The host may have stopped meanwhile, and started again.
    if (this.#sweepTimer === timer) this.#sweepTimer = clock.setTimeout(() => void this.#sweep(), SWEEP_MS);
  }
}

const otherKey = ({ id }: HostState) =>
  new NetworkError("ERR_FLEET_KEY", `The host ${id} has another fleetKey: players cannot go from host to host`);
