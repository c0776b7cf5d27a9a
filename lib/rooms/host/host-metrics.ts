import {
  type NetworkErrorCode,
  NetworkServer,
  type NetworkServerMetrics,
  type TickMetrics,
} from "../../message/index.js";

/** What a host has counted. */
export interface RoomHostMetrics {
  /** Rooms that are there. */
  rooms: number;
  /** Players who are connected or suspended, in rooms and in none, but for the host's client. */
  players: number;
  /** Whether it empties itself: `drain` was called, by the program or by an operator. */
  isDraining: boolean;
  /** How often a client has come into a room that it asked for. */
  joins: number;
  /** How often a client was refused a room, a leave or a list. */
  refusals: number;
  /** The same by the code that the client got, such as `{ ERR_ROOM_FULL: 3 }`. */
  refusalsByCode: Partial<Record<NetworkErrorCode, number>>;
  /** How long the ticks of `host.server` and of all rooms took, each room's by itself. Rooms that ended are in it. */
  ticks: Readonly<TickMetrics>;
  /** How often handlers, listeners and extensions have thrown, in rooms and outside of them. */
  failures: number;
  /** How many messages and requests came that had no handler, in rooms and outside of them. */
  unhandled: number;
}

type Counts = Pick<NetworkServerMetrics, "ticks" | "failures" | "unhandled">;

/** What the servers of a host count, each by itself, as one sum: those of rooms that are there no more are in it. */
export class HostTotals {
  readonly #running: Set<NetworkServer>;
  #ended: Counts = { ticks: { count: 0, lastMs: 0, longestMs: 0, totalMs: 0 }, failures: 0, unhandled: 0 };

  /** @param lobby counts from the start to the end of the host */
  constructor(lobby: NetworkServer) {
    this.#running = new Set([lobby]);
  }

  /** The server of a room has started. */
  add(server: NetworkServer): void {
    this.#running.add(server);
  }

  /** It has stopped for good. */
  end(server: NetworkServer): void {
    if (!this.#running.delete(server)) return;
    const { ticks, ...counts } = NetworkServer.countsOf(server);
    this.#ended = sumOf(this.#ended, { ticks: { ...ticks, lastMs: 0 }, ...counts });
  }

  /** The sum at this moment; `lastMs` is the longest of the last ticks of all that run. */
  get counts(): Counts {
    return [...this.#running].map((server) => NetworkServer.countsOf(server)).reduce(sumOf, this.#ended);
  }
}

const sumOf = (one: Counts, other: Counts): Counts => ({
  ticks: addTicks(one.ticks, other.ticks),
  failures: one.failures + other.failures,
  unhandled: one.unhandled + other.unhandled,
});

const addTicks = (one: TickMetrics, other: TickMetrics): TickMetrics => ({
  count: one.count + other.count,
  lastMs: Math.max(one.lastMs, other.lastMs),
  longestMs: Math.max(one.longestMs, other.longestMs),
  totalMs: one.totalMs + other.totalMs,
});
