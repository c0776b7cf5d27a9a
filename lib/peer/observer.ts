import type { Channel } from "./channel.js";
import { LANES } from "./packet-format.js";

/** Why something that is ready to leave stays. */
export type SendBlock =
  /** The way has as much as it takes: what is on it has to be acknowledged first. */
  | "window"
  /** Packets are spread over time. */
  | "pacing"
  /** The socket or transport is full. */
  | "transport";

/** What a packet has, besides acknowledgements. */
export type PacketContent = "messages" | "acknowledgement" | "ping" | "path probe" | "close";

/** Bytes of one of the queues of a connection, counted since it began: from `start` to before `end`. */
export interface QueuePiece {
  /** The lane of reliable messages; `DATAGRAMS` is the queue of all others. */
  readonly queue: number;
  readonly start: number;
  readonly end: number;
}

/** The queue of unreliable, notify and sequenced messages. */
export const DATAGRAMS = LANES;

/** The queue that takes a message. */
export const queueOf = (channel: Channel, lane: number): number => (channel === 0 ? lane : DATAGRAMS);

/** Hears what becomes of the packets of one connection, while somebody looks. It neither throws nor sends. */
export interface PacketObserver {
  /** What was ready has left. @param block why the rest stays, null if nothing does */
  flushed(block: SendBlock | null): void;
  /**
   * @param number that of a packet over UDP, which is acknowledged or lost later; -1 where the transport sees to that
   * @param pieces which bytes of the queues it has
   */
  packetSent(number: number, bytes: number, content: PacketContent, pieces: readonly QueuePiece[]): void;
  packetAcknowledged(number: number): void;
  packetLost(number: number): void;
  packetReceived(number: number, bytes: number): void;
  roundTrip(ms: number): void;
}
