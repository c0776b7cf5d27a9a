import type { CommsSnapshot } from "../comms/index.js";

/** What the page of the inspector shows, at one moment: plain values. All counters run since the start. */
export interface InspectorSnapshot {
  /** Monotonic, in milliseconds. */
  readonly timeMs: number;
  readonly kind: "server" | "client" | "rooms" | "sockets";
  /** Of the protocol. */
  readonly name: string;
  readonly version: number;
  /** Whether the page may change something. */
  readonly controls: boolean;
  /** Whether the page sees values of objects. */
  readonly payloads: boolean;
  /** The conditions of the network, where it is simulated. */
  readonly lag: LagValues | null;
  readonly connections: readonly ConnectionRow[];
  /** How many connections there are, were `connections` not asked for. */
  readonly connectionCount: number;
  readonly messages: readonly MessageRow[];
  /** Of which player `messages` are; null: of all together. */
  readonly messagesOf: number | null;
  /** Those who left last, the last one first. */
  readonly departures: readonly DepartureRow[];
  readonly rooms: readonly RoomRow[];
  readonly objects: ObjectsSnapshot | null;
  readonly comms: CommsSnapshot | null;
  /** `server.metrics`, by the path of each figure, such as `connections.packetsLost`. */
  readonly figures: Readonly<Record<string, number>>;
}

/** The parts of a snapshot that cost something. */
export type InspectorView = "connections" | "messages" | "departures" | "rooms" | "objects" | "comms";

/** What a simulated network does to each packet. */
export interface LagValues {
  latencyMs: number;
  jitterMs: number;
  /** 0 to 1. */
  loss: number;
}

/** A player, or a connection of GNS. */
export interface ConnectionRow {
  /** Of the player, or GNS's handle. Of a `RoomHost`, whose rooms number players themselves: a number for the page. */
  readonly id: number;
  readonly address: string;
  /** `udp`, `gns`, `websocket`, … */
  readonly transport: string;
  readonly state: string;
  readonly security: string;
  /** 0 before the first measurement. */
  readonly roundTripTimeMs: number;
  readonly acknowledgeDelayMs: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly bytesRetransmitted: number;
  /** What waits to be sent or acknowledged. */
  readonly bufferedBytes: number;
  /** What may be sent a second, in bytes; null: the transport sets no limit, or says none. */
  readonly bytesPerSecond: number | null;
  readonly messagesRefused: number;
  /** Messages that were dropped, by either side of the wire, for whatever reason. */
  readonly messagesDropped: number;
  /** What a simulated network does to what is sent there. */
  readonly lag: LagValues | null;
  /** What the client tells of itself: how often its predictions were wrong, and how late it shows the world. */
  readonly client: ClientRow | null;
  /** Where the connection itself measures them; null: they follow from two snapshots. */
  readonly rates: Rates | null;
}

/** A player who has left, with the figures of its connection at its end. */
export interface DepartureRow {
  /** Counts those who have left. */
  readonly number: number;
  /** 0: it left before it was let in. */
  readonly id: number;
  readonly address: string;
  readonly transport: string;
  /** When, as `timeMs`. */
  readonly timeMs: number;
  /** A name of `DisconnectCode`, or `code 7` of the application. */
  readonly reason: string;
  /** The reason in words, which the other side may have written. */
  readonly text: string;
  readonly roundTripTimeMs: number;
  readonly packetsLost: number;
  readonly packetsSent: number;
  readonly bufferedBytes: number;
}

/** What a client tells of its world. */
export interface ClientRow {
  readonly corrections: number;
  readonly shownDelayMs: number;
}

/** What a connection does, a second. */
export interface Rates {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Share of the packets of the last seconds that were lost, 0 to 1. */
  readonly loss: number;
  /** Mean difference between two round trips that follow each other, in milliseconds. */
  readonly jitterMs: number;
}

/** One room of a `RoomHost`. */
export interface RoomRow {
  readonly id: string;
  readonly kind: string;
  /** The ids of their connections. */
  readonly players: readonly number[];
  readonly spectators: number;
  readonly freeSeats: number;
  readonly isLocked: boolean;
  readonly isPrivate: boolean;
  /** As JSON. */
  readonly labels: string;
}

/** One kind of message, of one player, or of all together who are there now. */
export interface MessageRow {
  readonly name: string;
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly bytesReceived: number;
}

/** The objects of a world. */
export interface ObjectsSnapshot {
  readonly count: number;
  /** The first of them. */
  readonly objects: readonly ObjectRow[];
  /** Of a client: how often the server had other values than those predicted, and how late the world is shown. */
  readonly client: ClientRow | null;
}

/** One object. */
export interface ObjectRow {
  readonly netId: number;
  readonly prefab: string;
  /** The id of the player; null for nobody. */
  readonly owner: number | null;
  /** The ids of the players who see it. */
  readonly observers: readonly number[];
  /** When its values were seen to change last, as `timeMs`; null: not since the page looks at it. */
  readonly changedMs: number | null;
  /**
   * What its changed members have taken since the page looks at it, in bytes, to all who see it; null of a client. Not
   * in it are spawns, calls, and the heads of packets.
   */
  readonly sentBytes: number | null;
  /** Where it is, of x and y, if a behaviour has a `position`. Null without `payloads`. */
  readonly position: readonly [number, number] | null;
  /** By behaviour: the names and values of its members, as text. Empty without `payloads`. */
  readonly members: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** When (monotonic, in milliseconds), which event, and its plain values. */
export type RecordedEvent = readonly [timeMs: number, name: string, data: object];

/** What has happened to one connection while somebody looked. */
export interface TimelineChunk {
  readonly player: number;
  readonly address: string;
  readonly transport: string;
  /** The number of the first of `events`: more than was asked for where some were left out. */
  readonly first: number;
  /** What to ask for next. */
  readonly next: number;
  readonly events: readonly RecordedEvent[];
}
