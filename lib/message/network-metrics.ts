import type { GuardMetrics } from "../guard/connection-guard.js";
import type { PlacesMetrics } from "../guard/places.js";
import type { PeerMetrics } from "../peer/index.js";
import { ConnectionMetrics } from "../peer/metrics.js";
import type { SocketMetrics } from "../socket/index.js";
import type { TickMetrics } from "./time/server-time.js";

/** What a server or client, and the layers below it, have counted. Nothing is ever reset. */
export interface NetworkMetrics {
  /** All connections together, those that have ended too; times are those of the slowest that is there. */
  connections: ConnectionMetrics;
  /** Of the Peer; null while there is none, and in host mode. */
  peer: Readonly<PeerMetrics> | null;
  /** Of its socket; null while there is none, and in host mode. */
  socket: SocketMetrics | null;
  /** How long ticks take; on a client those of its extensions. */
  ticks: Readonly<TickMetrics>;
  /** How often handlers, listeners and extensions have thrown. */
  failures: number;
  /** How many messages and requests came that have no handler here; a warning names each kind. */
  unhandled: number;
}

/** What a `NetworkServer` has counted. */
export interface NetworkServerMetrics extends NetworkMetrics {
  /** Players who are connected or suspended. */
  players: number;
  /** Players who are authenticated and connected; a suspended one does not count. */
  authenticatedPlayers: number;
  /** The places of players who are not authenticated yet, and their shares. */
  unauthenticated: PlacesMetrics;
  /** The places of suspended players, and their shares; null without sessions. */
  suspended: PlacesMetrics | null;
  /** The counters of the `guard` of its Peer, and whether it is under attack; null without one. */
  guard: GuardMetrics | null;
}

/** What a `NetworkClient` has counted. */
export interface NetworkClientMetrics extends NetworkMetrics {
  /** How often the connection was lost, and the client has begun to come back. */
  suspensions: number;
  /** How often the client has come back to its place after that. */
  resumptions: number;
}

/** Of several connections together, those of the slowest that is there. */
const SLOWEST = ["roundTripTimeMs", "acknowledgeDelayMs"] as const;

/** Adds up the counters of connections, and finds the slowest of those that are there. */
export class ConnectionTotals {
  readonly #ended = new ConnectionMetrics();

  /** A connection has ended. */
  add(metrics: ConnectionMetrics): void {
    addTo(this.#ended, metrics);
    // What it held is given back, and what was measured of it is true no more.
    for (const name of ["reassemblyBytes", "maxPacketSize", ...SLOWEST] as const) this.#ended[name] = 0;
  }

  /** The sum of those that have ended and those that are there. */
  with(present: Iterable<ConnectionMetrics>): ConnectionMetrics {
    const sum = new ConnectionMetrics();
    addTo(sum, this.#ended);
    for (const metrics of present) addTo(sum, metrics);
    return sum;
  }
}

/** Counters are numbers, or lists of numbers by channel. */
function addTo(sum: ConnectionMetrics, metrics: ConnectionMetrics): void {
  const target = sum as unknown as Record<string, number | number[]>;
  for (const [name, value] of Object.entries(metrics)) {
    const before = target[name];
    // These are no counters.
    if (SLOWEST.some((one) => one === name)) target[name] = Math.max(before as number, value as number);
    else if (name === "maxPacketSize")
      target[name] = Math.min((before as number) || (value as number), value as number);
    else if (typeof value === "number") target[name] = ((before as number) ?? 0) + value;
    else if (Array.isArray(value)) {
      target[name] = value.map((count: number, index) => ((before as number[])?.[index] ?? 0) + count);
    }
  }
}
