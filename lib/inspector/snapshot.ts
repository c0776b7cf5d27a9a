import type { CommsSnapshot } from "../comms/index.js";
import type { InterestGrid } from "../object/index.js";

/** What the page of the inspector shows, at one moment: plain values. All counters run since the start. */
export interface InspectorSnapshot {
  /** Monotonic, in milliseconds. */
  readonly timeMs: number;
  /** What is inspected: a `NetworkServer`, a `NetworkClient`, a `RoomHost`, or sockets of GNS. */
  readonly kind: "server" | "client" | "rooms" | "sockets";
  /** Of the protocol. */
  readonly name: string;
  /** Of the protocol; 1 for sockets of GNS. */
  readonly version: number;
  /** Whether the page may change something. */
  readonly controls: boolean;
  /** Whether the page sees values of objects. */
  readonly payloads: boolean;
  /** The conditions of the network, where it is simulated. */
  readonly lag: LagValues | null;
  /** One row for each player or connection; empty where nobody asked for them. */
  readonly connections: readonly ConnectionRow[];
  /** How many connections there are, were `connections` not asked for. */
  readonly connectionCount: number;
  /** One row for each kind of message of which any was sent or has come. */
  readonly messages: readonly MessageRow[];
  /** Of which player `messages` are; null: of all together. */
  readonly messagesOf: number | null;
  /** Those who left last, the last one first. */
  readonly departures: readonly DepartureRow[];
  /** One row for each room of a `RoomHost`; empty for others. */
  readonly rooms: readonly RoomRow[];
  /** The objects; null without the option `objects`. */
  readonly objects: ObjectsSnapshot | null;
  /** The voice; null without the option `comms`. */
  readonly comms: CommsSnapshot | null;
  /** `server.metrics`, by the path of each figure, such as `connections.packetsLost`. */
  readonly figures: Readonly<Record<string, number>>;
}

/** The parts of a snapshot that cost something. */
export type InspectorView = "connections" | "messages" | "departures" | "rooms" | "objects" | "comms";

/** What a simulated network does to each packet. */
export interface LagValues {
  /** How long each packet is delayed. */
  latencyMs: number;
  /** How much more it is delayed at most, at random. */
  jitterMs: number;
  /** 0 to 1. */
  loss: number;
}

/** A player, or a connection of GNS. */
export interface ConnectionRow {
  /** Of the player, or GNS's handle. Of a `RoomHost`, whose rooms number players themselves: a number for the page. */
  readonly id: number;
  /** The remote address as text. */
  readonly address: string;
  /** `udp`, `gns`, `websocket`, … */
  readonly transport: string;
  /** The name of its `PlayerState`, or of GNS's `ConnectionState`. */
  readonly state: string;
  /** `none`, `encrypted` or `authenticated`. */
  readonly security: string;
  /** 0 before the first measurement. */
  readonly roundTripTimeMs: number;
  /** How long the other side kept its last acknowledgement back, as it says; 0 for GNS's own connections. */
  readonly acknowledgeDelayMs: number;
  /** Packets that were sent. GNS's own connections give `rates`, and 0 for this and the next four. */
  readonly packetsSent: number;
  /** Packets that were declared lost. */
  readonly packetsLost: number;
  /** Bytes of packets that were sent. */
  readonly bytesSent: number;
  /** Bytes of packets that have come. */
  readonly bytesReceived: number;
  /** Bytes that were queued again. */
  readonly bytesRetransmitted: number;
  /** What waits to be sent or acknowledged. */
  readonly bufferedBytes: number;
  /** What may be sent a second, in bytes; null: the transport sets no limit, or says none. */
  readonly bytesPerSecond: number | null;
  /** Messages that `send` refused because a queue was full. */
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
  /** Where it came from, as the transport says it. */
  readonly address: string;
  /** Such as `udp`. */
  readonly transport: string;
  /** When, as `timeMs`. */
  readonly timeMs: number;
  /** A name of `DisconnectCode`, or `code 7` of the application. */
  readonly reason: string;
  /** The reason in words, which the other side may have written. */
  readonly text: string;
  /** Its last round trip; 0: none was measured. */
  readonly roundTripTimeMs: number;
  /** Packets to it that were lost. */
  readonly packetsLost: number;
  /** Packets that were sent to it. */
  readonly packetsSent: number;
  /** What still waited to be sent or acknowledged. */
  readonly bufferedBytes: number;
}

/** What a client tells of its world. */
export interface ClientRow {
  /** How often the server had other values than those predicted. */
  readonly corrections: number;
  /** How far what is shown is behind the server. */
  readonly shownDelayMs: number;
}

/** What a connection does, a second. */
export interface Rates {
  /** Bytes that leave, a second. */
  readonly sentBytes: number;
  /** Bytes that come, a second. */
  readonly receivedBytes: number;
  /** Share of the packets of the last seconds that were lost, 0 to 1. */
  readonly loss: number;
  /** Mean difference between two round trips that follow each other, in milliseconds. */
  readonly jitterMs: number;
}

/** One room of a `RoomHost`. */
export interface RoomRow {
  /** Unique at the host. */
  readonly id: string;
  /** The name of its kind. */
  readonly kind: string;
  /** The ids of their connections. */
  readonly players: readonly number[];
  /** How many watch. */
  readonly spectators: number;
  /** How many more may play. */
  readonly freeSeats: number;
  /** Whether nobody comes in any more but by a ticket. */
  readonly isLocked: boolean;
  /** Whether it is entered by its code only. */
  readonly isPrivate: boolean;
  /** As JSON. */
  readonly labels: string;
}

/** One kind of message, of one player, or of all together who are there now. */
export interface MessageRow {
  /** Unique within the protocol. */
  readonly name: string;
  /** Messages of this kind that were sent to these players. */
  readonly messagesSent: number;
  /** Bytes of these messages. */
  readonly bytesSent: number;
  /** Messages of this kind that have come from these players. */
  readonly messagesReceived: number;
  /** Bytes of these messages. */
  readonly bytesReceived: number;
}

/** The objects of a world. */
export interface ObjectsSnapshot {
  /** How many objects there are. */
  readonly count: number;
  /** The first of them. */
  readonly objects: readonly ObjectRow[];
  /** Of a client: how often the server had other values than those predicted, and how late the world is shown. */
  readonly client: ClientRow | null;
  /** Of a server, the squares of its rules `grid`: the 400 of each with the most objects. Empty without `payloads`. */
  readonly grids: readonly InterestGrid[];
}

/** One object. */
export interface ObjectRow {
  /** Its number in the world. */
  readonly netId: number;
  /** The name of its prefab. */
  readonly prefab: string;
  /** The id of the player; null for nobody. */
  readonly owner: number | null;
  /** How many players see it. */
  readonly observerCount: number;
  /** The ids of the first 50 of them. */
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
