import { checkFunction, rangeError, typeError } from "../../arguments.js";
import { type Door, type MessageDefinition, NetworkError, type RequestDefinition } from "../../message/index.js";
import { booleanOption, checkOptions, durationOption } from "../../options.js";
import { addressesOf, type HostState } from "../fleet/beats.js";
import type { RoomEntry } from "../fleet/directory.js";
import type { RemoteHandler, RemoteRequestHandler, RemoteTarget } from "../fleet/remote-messages.js";
import type { RoomFilter } from "../host/room-directory.js";
import { type Labels, labelMatcher } from "../labels.js";
import { ReserveRequest } from "./fleet-requests.js";
import type { Membership } from "./membership.js";

/** A host of a fleet, as it has said of itself. */
export interface FleetHost {
  /** Unique in the fleet. */
  readonly id: string;
  /** Where clients reach it, by the kind of socket. */
  readonly addresses: Door["addresses"];
  /** How many rooms it has. */
  readonly rooms: number;
  /** How many players it has, suspended ones and those in no room among them. */
  readonly players: number;
  /** How many players it takes: its option `peer.maxConnections`, 1000 without. */
  readonly capacity: number;
  /** Whether it empties itself, and takes no new players and rooms. */
  readonly isDraining: boolean;
}

/** A room of a fleet, wherever it is. */
export interface FleetRoom {
  /** Unique in the fleet. */
  readonly id: string;
  /** The name of its kind. */
  readonly kind: string;
  /** The id of the host that has it, or had it when it died. */
  readonly host: string;
  /** Of that host's claim. */
  readonly epoch: bigint;
  /** What clients find it by. */
  readonly labels: Labels;
  /** Whether players may come in; a locked room is not open. */
  readonly isOpen: boolean;
  /** Whether it is entered by its code only: tell no stranger of it. */
  readonly isPrivate: boolean;
  /**
   * Whether its host has another version of the protocol, or had it and others of that version are there: clients of
   * this host cannot enter it.
   */
  readonly isOtherVersion: boolean;
}

/** Where a player is. */
export interface Presence {
  /** The id of the host that has the player. */
  readonly host: string;
  /** The id of its room; null: it is in none. */
  readonly room: string | null;
  /** The player's `id` at that host. */
  readonly playerId: number;
}

/** What a fleet has counted on this host. */
export interface FleetMetrics {
  /** Hosts whose beats are heard, this one included. */
  readonly hosts: number;
  /** As of the fleet: whether the engine answers and the directory is current. */
  readonly isReady: boolean;
  /** Rooms that were taken over from hosts that are gone, and given up since another host has them. */
  readonly claimed: number;
  /** Rooms that this host gave up because another host has them. */
  readonly surrendered: number;
  /** Checkpoints: how many and how many bytes were stored, how many were late, how many failed. */
  readonly checkpoints: number;
  /** Bytes of the checkpoints that were stored. */
  readonly checkpointBytes: number;
  /** Checkpoints that were made later than `checkpointMs` asks, because others had used up the bytes. */
  readonly lateCheckpoints: number;
  /** Checkpoints that were not stored: `snapshot` threw, or the engine refused them. */
  readonly failedCheckpoints: number;
  /** Tickets that were forged, too old, used before, or another host's. */
  readonly badTickets: number;
}

/** Sends to another host, or to this one: to the host with an id, or to that of a room or a player. */
export interface Remote {
  /**
   * Sends a message, at most once.
   *
   * @returns whether it left: not if nobody knows where the target is, nor without the engine
   * @throws TypeError, RangeError for a value that the message does not have
   */
  send<T>(message: MessageDefinition<T>, value: T): boolean;
  /**
   * Asks.
   *
   * @throws (rejects) NetworkError `ERR_NO_RESPONDERS`: nobody knows where the target is, or its host has ended;
   *   `ERR_REQUEST_REFUSED`, `ERR_REQUEST_FAILED`, `ERR_TIMEOUT`, `ERR_NOT_CONNECTED`
   */
  request<Q, A>(definition: RequestDefinition<Q, A>, question: Q, options?: { timeoutMs?: number }): Promise<A>;
}

/** The hosts that share an engine and an `app`, as one of them sees them. It is `host.fleet`. */
export class Fleet {
  readonly #membership: Membership;

  /** @internal Made by a `RoomHost` with an engine. */
  constructor(parts: Membership) {
    this.#membership = parts;
  }

  /** The id of this host. */
  get id(): string {
    return this.#membership.id;
  }

  /** Whether the engine answers and the directory is current, as far as this host knows. */
  get isReady(): boolean {
    const { engine, kept } = this.#membership;
    return engine.connected && (kept.directory?.isCurrent ?? false);
  }

  /** The hosts that are alive. */
  get hosts(): FleetHost[] {
    return this.#membership.kept.beats.hosts().map(hostOf);
  }

  /** What the fleet has counted on this host: a copy, made on each access. */
  get metrics(): FleetMetrics {
    const { kept, arrivals, counts } = this.#membership;
    const { stored, storedBytes, late, failed } = kept.checkpoints.metrics;
    return {
      hosts: kept.beats.hosts().length,
      isReady: this.isReady,
      ...counts,
      ...{ checkpoints: stored, checkpointBytes: storedBytes, lateCheckpoints: late, failedCheckpoints: failed },
      badTickets: arrivals.badTickets,
    };
  }

  /** The rooms of all hosts that a filter lets through, private ones too, as the directory's copy has them. */
  findRooms({ kind, labels = {} }: RoomFilter = {}): FleetRoom[] {
    const rooms = [...(this.#membership.kept.directory?.rooms() ?? [])];
    const isMatch = labelMatcher(labels);
    return rooms
      .filter((room) => (kind === undefined || room.kind === kind) && isMatch(room.labels))
      .map((room) => this.#roomOf(room));
  }

  #roomOf(entry: RoomEntry): FleetRoom {
    const { id, kind, owner, epoch, labels, isOpen, code } = entry;
    const { kept } = this.#membership;
    const isOtherVersion = this.#membership.isOtherVersion(owner) || kept.isLeftToOthers(entry);
    return { id, kind, host: owner, epoch, labels, isOpen, isPrivate: code !== "", isOtherVersion };
  }

  /** Where the player is who has proven this identity: what its authenticator found out, or its `subject`. */
  whereIs(identity: string): Presence | null {
    const [session] = this.#membership.kept.directory?.sessionsOf(identity) ?? [];
    return session ? { host: session.host, room: session.room || null, playerId: session.playerId } : null;
  }

  /**
   * Keeps a seat of a room for 15 s, wherever the room is.
   *
   * @returns a ticket for one player, which `RoomsClient.joinByTicket` takes at any host
   * @throws (rejects) NetworkError `ERR_ROOM_NOT_FOUND`, `ERR_ROOM_FULL`; `ERR_SERVER_BUSY`: nobody can say now where
   *   it is; `ERR_PROTOCOL_MISMATCH`, `ERR_FLEET_KEY`: its host has another protocol or key; as `Remote.request`
   */
  async reserve(room: string, options: { isSpectator?: boolean } = {}): Promise<string> {
    checkOptions("reserve", options, { isSpectator: booleanOption });
    const { isSpectator = false } = options;
    const where = await this.#membership.finder.find(room);
    if (!where) throw new NetworkError("ERR_ROOM_NOT_FOUND", `There is no room ${room}`);
    if ("room" in where) return where.room.reserve({ isSpectator });
    const { ticket } = await this.#membership.remote.request({ host: where.host }, ReserveRequest, {
      room,
      isSpectator,
    });
    if (ticket === "") throw new NetworkError("ERR_ROOM_FULL", `The room ${room} is full`);
    return ticket;
  }

  /**
   * Where messages and requests to a host, or to that of a room or a player, are sent from.
   *
   * @throws TypeError, RangeError for no target
   */
  to(target: RemoteTarget): Remote {
    checkTarget(target);
    const { remote } = this.#membership;
    return {
      send: (message, value) => remote.send(target, message, value),
      request: (definition, question, options = {}) => {
        checkOptions("request", options, { timeoutMs: durationOption(1) });
        return remote.request(target, definition, question, options);
      },
    };
  }

  /** Sends a message to all hosts, this one included. @returns, @throws as `Remote.send` */
  publish<T>(message: MessageDefinition<T>, value: T): boolean {
    return this.#membership.remote.publish(message, value);
  }

  /** Sets the handler of a message from hosts, in place of the one before. @throws TypeError for what is no function */
  register<T>(message: MessageDefinition<T>, handler: RemoteHandler<T>): void {
    checkFunction("handler", handler);
    this.#membership.remote.register(message, handler);
  }

  /**
   * Sets the handler that answers a request of hosts, in place of the one before.
   *
   * @throws TypeError for what is no function
   */
  registerRequest<Q, A>(definition: RequestDefinition<Q, A>, handler: RemoteRequestHandler<Q, A>): void {
    checkFunction("handler", handler);
    this.#membership.remote.registerRequest(definition, handler);
  }
}

function checkTarget(target: RemoteTarget): void {
  if (typeof target !== "object" || target === null) throw typeError("target", "{ host }, { room } or { player }");
  const [[kind, id] = ["", ""], ...more] = Object.entries(target) as [string, unknown][];
  if (more.length > 0 || !["host", "room", "player"].includes(kind) || typeof id !== "string" || id === "")
    throw rangeError("target", "{ host }, { room } or { player }, with an id");
}

function hostOf(state: HostState): FleetHost {
  const { id, rooms, players, capacity, isDraining } = state;
  return { id, addresses: addressesOf(state), rooms, players, capacity, isDraining };
}
