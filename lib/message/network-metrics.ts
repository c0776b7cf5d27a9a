import type { PlacesMetrics } from "../guard/places.js";
import type { PeerMetrics } from "../peer/index.js";
import { ConnectionMetrics } from "../peer/metrics.js";
import type { SocketMetrics } from "../socket/index.js";
import type { TickMetrics } from "./time/server-time.js";

/** What a server or client, and the layers below it, have counted. Nothing is ever reset. */
export interface NetworkMetrics {
  /** All connections together, those that have ended too. */
  connections: ConnectionMetrics;
  /** Of the Peer; null while there is none, and in host mode. */
  peer: Readonly<PeerMetrics> | null;
  /** Of its socket; null while there is none, and in host mode. */
  socket: SocketMetrics | null;
  /** How long ticks take; on a client those of its extensions. */
  ticks: Readonly<TickMetrics>;
  /** How often handlers, listeners and extensions have thrown. */
  failures: number;
}

/** What a `NetworkServer` has counted. */
export interface NetworkServerMetrics extends NetworkMetrics {
  /** Players who are connected or suspended. */
  players: number;
  authenticatedPlayers: number;
  /** The places of players who are not authenticated yet, and their shares. */
  unauthenticated: PlacesMetrics;
  /** The places of suspended players, and their shares; null without sessions. */
  suspended: PlacesMetrics | null;
}

/** What a `NetworkClient` has counted. */
export interface NetworkClientMetrics extends NetworkMetrics {
  /** How often the connection was lost, and how often the client has come back. */
  suspensions: number;
  resumptions: number;
}

/** Adds up the counters of connections. */
export class ConnectionTotals {
  readonly #ended = new ConnectionMetrics();

  /** A connection has ended. */
  add(metrics: ConnectionMetrics): void {
    addTo(this.#ended, metrics);
    this.#ended.reassemblyBytes = 0; // What it held is given back.
    this.#ended.maxPacketSize = 0; // It sends nothing any more.
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
    // No counter, but the size of what is sent now.
    if (name === "maxPacketSize") target[name] = Math.min((before as number) || (value as number), value as number);
    else if (typeof value === "number") target[name] = ((before as number) ?? 0) + value;
    else if (Array.isArray(value)) {
      target[name] = value.map((count: number, index) => ((before as number[])?.[index] ?? 0) + count);
    }
  }
}
