import type { Delivery, DisconnectReason, IConnectionHandle, ReceivedPacket } from "../socket/index.js";
import type { Channel, Notify } from "./channel.js";
import type { ConnectionMetrics } from "./metrics.js";
import type { PacketObserver } from "./observer.js";
import type { ProfileKind } from "./packet-format.js";
import type { ReassemblyBudget } from "./reassembly.js";

/**
 * Encrypts the packets of one connection in place. A packet is `headerBytes` that are only authenticated, and content
 * that is encrypted. Sealing adds `TAG_BYTES` behind it.
 */
export interface PacketSeal {
  /** Seals content that ends at `end`; gives the new end. The same `number` must never come twice. */
  seal(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number;
  /** Decrypts in place. Gives the end of the content, or -1 for a packet that is not from the other side. */
  open(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number;
}

/** What every profile is bound by, in bytes. */
export interface ProfileLimits {
  /** The largest packet, with its tag. */
  maxPacketSize: number;
  /** A longer message on a lane is malformed. */
  maxReliableMessageSize: number;
  /** Of each lane: bytes that have not left, or are not acknowledged. */
  maxQueuedBytes: number;
}

/** Unreliable, notify and sequenced messages that wait to be sent, in bytes at most. */
export const DATAGRAM_QUEUE_BYTES = 64 * 1024;

/** What a profile asks of its connection. */
export interface ProfileHost {
  readonly metrics: ConnectionMetrics;
  /** Null while nobody looks. */
  readonly observer: PacketObserver | null;
  /** Pays for what is kept of incomplete messages. */
  readonly reassembly: ReassemblyBudget;
  /** The time of the Peer's clock. */
  now(): number;
  /** That of the message that is being sent; `Infinity` on `Channel.Reliable`. */
  readonly maxAgeMs: number;
  /** Hands on a message. @returns false: the connection has ended, stop reading */
  deliver(channel: Channel, lane: number, buffer: Uint8Array, offset: number, length: number): boolean;
  /** Sends the first `length` bytes of `packet`. @returns false: the socket is full and has not taken it */
  transmit(packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean;
  /** A packet has come that only the other side can have sent. */
  onPacketAuthenticated(): void;
  /** The other side has closed. */
  remoteClosed(reason: DisconnectReason): void;
  /** The other side has broken the format: ends the connection with `InvalidPacket`. */
  malformed(text: string): void;
  /** A reliable transport has brought a packet that did not authenticate: ends the connection with `Tampered`. */
  tampered(text: string): void;
  /** Packets of full size do not arrive, over UDP not even the smallest. Ends the connection with `PathTooSmall`. */
  pathTooSmall(text: string): void;
  /** A queue that has refused a message has room again. */
  drained(): void;
}

/** What the search for another address asks of its connection. */
export interface PathHost {
  /** The address in use. */
  readonly handle: IConnectionHandle;
  /** A packet that only the other side can have sent has come from another address. */
  onPacketFromElsewhere(): void;
  /** Sends to another address. What the socket does not take is lost. */
  transmitTo(handle: IConnectionHandle, packet: Uint8Array): void;
  /** The other side has answered at another address, which is used from now on. */
  moveTo(handle: IConnectionHandle): void;
}

/** What a connection can send. */
export interface SendBudget {
  /** What the path to the other side carries, as far as is known. `Infinity` where the transport does not say. */
  bytesPerSecond: number;
  /** How many bytes can leave at once. 0 over a WebSocket that has acknowledged nothing for over a second. */
  bytesFree: number;
}

/** How messages travel over one kind of transport. Times are those of the Peer's clock, in milliseconds. */
export interface Profile {
  readonly kind: ProfileKind;
  /** Smoothed, in milliseconds; 0 before the first measurement. */
  readonly roundTripTimeMs: number;
  /** When that was measured last, `-Infinity` before the first time. */
  readonly measuredMs: number;
  /** Bytes that were sent and are not acknowledged; that have not left, where there are no acknowledgements. */
  readonly bufferedBytes: number;
  /** When `flush` has to be called at the latest, as `updateDeadline` found. */
  readonly deadlineMs: number;
  /** Whether everything reliable has reached the other side. */
  readonly isDrained: boolean;
  /** Whether the other side has acknowledged Close. */
  readonly isCloseConfirmed: boolean;
  readonly sendBudget: SendBudget;
  /** Sets `deadlineMs`. As a result it would be an object on the heap for each packet. */
  updateDeadline(): void;
  /** Bytes of a lane that have not been sent once. */
  queuedBytes(lane: number): number;
  /** Where the newest message of a queue ends, in bytes since the connection began. See `QueuePiece`. */
  queueEnd(queue: number): number;
  /**
   * Takes a message, which leaves with the next `flush`. `notify` is for `Channel.Notify` only.
   *
   * @returns false: the queue is full, nothing was taken, and `drained` follows
   */
  send(channel: Channel, lane: number, bytes: Uint8Array, offset: number, length: number, notify: Notify): boolean;
  /** Reads a packet of this connection. */
  receive(packet: ReceivedPacket, nowMs: number): void;
  /**
   * Datagrams: reads a packet of this connection that has come from another address than the one in use.
   *
   * @returns false: it has not authenticated, and nothing was read
   */
  receiveFromElsewhere?(packet: ReceivedPacket, nowMs: number): boolean;
  /** Asks the other side for a sign of life, with the next `flush`. */
  ping(): void;
  /** Sends answers that must not wait for the end of the turn: acknowledgements that are due, and Pongs. */
  respond(nowMs: number): void;
  /** Sends what is queued and what is due, as far as the path allows. */
  flush(nowMs: number): void;
  /** Sends Close with the reason now, and again until it is acknowledged. Does nothing where the transport closes. */
  close(reason: DisconnectReason, nowMs: number): void;
  /** The connection has ended: all open notify messages are lost. */
  dispose(): void;
}
