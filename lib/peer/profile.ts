import type { Delivery, DisconnectReason, ReceivedPacket } from "../socket/index.js";
import type { Channel, NotifyCallbacks } from "./channel.js";
import type { ProfileKind } from "./packet-format.js";

/**
 * Encrypts packets in place, for one connection. A packet is `headerBytes` that are authenticated only, and content
 * that is encrypted; sealing adds `TAG_BYTES` behind it.
 */
export interface PacketSeal {
  /** Seals content that ends at `end`; gives the new end. `number` must never come twice. */
  seal(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number;
  /**
   * Gives the end of the content, or -1 for a packet that is not from the other side. `buffer` holds it in clear then.
   */
  open(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number;
}

/** What a profile asks of its connection. */
export interface ProfileHost {
  /** Hands a message of a user's lane or channel upward. False: the connection has ended meanwhile, stop reading. */
  deliver(channel: Channel, lane: number, buffer: Uint8Array, offset: number, length: number): boolean;
  /** Sends the first `length` bytes of `packet`; false: the socket is full and has not taken it. */
  transmit(packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean;
  /** Something has come that only the other side can have sent. */
  onPacketAuthenticated(): void;
  /** A packet that proves nothing: counted, and nothing else. */
  stray(): void;
  /** The other side has closed. */
  remoteClosed(reason: DisconnectReason): void;
  /** The other side has broken the format: `InvalidPacket`. */
  malformed(text: string): void;
  /** What a reliable transport brought proves nothing, and so nothing behind it can: `Tampered`. */
  tampered(): void;
  /** A queue that refused a message has room again. */
  drained(): void;
}

/** What a connection can spend. */
export interface SendBudget {
  /** What the way to the other side carries, as far as it is known. */
  bytesPerSecond: number;
  /** What can leave at once. */
  bytesFree: number;
}

/** How messages travel over one kind of transport. Times are the Peer's clock in milliseconds, handed in. */
export interface Profile {
  readonly kind: ProfileKind;
  /** Smoothed, in milliseconds; 0 before the first measurement. */
  readonly roundTripTimeMs: number;
  /** Bytes that were taken and have not been acknowledged, or left where nobody acknowledges. */
  readonly bufferedBytes: number;
  /** When `flush` is to be called at the latest, as `updateDeadline` found. */
  readonly deadlineMs: number;
  /** Whether everything reliable has reached the other side. */
  readonly isDrained: boolean;
  /** The other side has our goodbye, or the transport sees to it. */
  readonly isCloseConfirmed: boolean;
  readonly sendBudget: SendBudget;
  /** Into a field, since a result would be a heap object for each packet. */
  updateDeadline(): void;
  /** Bytes of a lane that have not been sent a first time. */
  queuedBytes(lane: number): number;
  /**
   * Takes a message; it leaves with the next `flush`. `notify` with `Channel.Notify` only.
   * @returns false: the queue is full, nothing was taken, and `drained` follows
   */
  send(
    channel: Channel,
    lane: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    notify: NotifyCallbacks | null,
  ): boolean;
  /** Reads a packet of this connection. */
  receive(packet: ReceivedPacket, nowMs: number): void;
  /** Asks the other side for a sign of life. */
  ping(): void;
  /** Sends what an answer must not wait for: acknowledgements that are due, answers to pings. */
  respond(nowMs: number): void;
  /** Sends what is queued and what is due, as far as the way allows. */
  flush(nowMs: number): void;
  /** Says goodbye: the reason leaves now, and again where nothing below makes sure of it. */
  close(reason: DisconnectReason, nowMs: number): void;
  /** The connection has ended: every open notify is lost. */
  dispose(): void;
}
