import type { CommsSnapshot } from "../comms/index.js";

/** What the page of the inspector shows, at one moment: plain values. All counters run since the start. */
export interface InspectorSnapshot {
  /** Monotonic, in milliseconds. */
  readonly timeMs: number;
  /** Of the protocol. */
  readonly name: string;
  readonly version: number;
  /** Whether the page may change something. */
  readonly controls: boolean;
  /** The conditions of the network, where it is simulated. */
  readonly lag: LagValues | null;
  readonly connections: readonly ConnectionRow[];
  /** How many connections there are, were `connections` not asked for. */
  readonly connectionCount: number;
  readonly messages: readonly MessageRow[];
  readonly objects: ObjectsSnapshot | null;
  readonly comms: CommsSnapshot | null;
  /** `server.metrics`, by the path of each figure, such as `connections.packetsLost`. */
  readonly figures: Readonly<Record<string, number>>;
}

/** The parts of a snapshot that cost something. */
export type InspectorView = "connections" | "messages" | "objects" | "comms";

/** What a simulated network does to each packet. */
export interface LagValues {
  latencyMs: number;
  jitterMs: number;
  /** 0 to 1. */
  loss: number;
}

/** One player. */
export interface ConnectionRow {
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
  readonly messagesRefused: number;
  /** Messages that were dropped, by either side of the wire, for whatever reason. */
  readonly messagesDropped: number;
}

/** One kind of message, all players together who are there now. */
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
}

/** One object. */
export interface ObjectRow {
  readonly netId: number;
  readonly prefab: string;
  /** The id of the player; null for nobody. */
  readonly owner: number | null;
  readonly observers: number;
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
