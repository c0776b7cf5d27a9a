import type { DisconnectCode, DisconnectReason, IConnectionHandle, Security } from "../../socket/index.js";
import type { Channel, NotifyCallbacks } from "../channel.js";
import type { ConnectionMetrics } from "../metrics.js";
import type { PacketObserver } from "../observer.js";
import type { SendBudget } from "../profile.js";
import type { OutgoingStream, StreamListener } from "../streams/stream.js";
import type { PeerConnectionState } from "./peer-connection-state.js";

/** A connection of a {@link Peer}. */
export interface IConnection {
  /** The socket's view of the other end: for addresses and logs. */
  readonly handle: IConnectionHandle;
  /** Where it is in its life: `Connected` from `onConnected` to `disconnect` or its loss. */
  readonly state: PeerConnectionState;
  /** Why it has ended, null before. */
  readonly reason: DisconnectReason | null;
  /**
   * The protection of the transport or of Noise, whichever is stronger. A server with Noise says `authenticated` of a
   * client that has pinned its key: there is no man in the middle. It does not say who the client is.
   */
  readonly security: Security;
  /**
   * 32 bytes that are the same at both ends and that no other connection has, to bind proofs to; null without Noise.
   */
  readonly channelBinding: Uint8Array | null;
  /** Whether the other end has the same `fingerprint`. */
  readonly fingerprintMatches: boolean;
  /** Smoothed, in milliseconds; 0 before the first measurement. */
  readonly roundTripTimeMs: number;
  /** Bytes that were sent and are not acknowledged; that have not left, where there are no acknowledgements. */
  readonly bufferedBytes: number;
  /** How fast and how much can be sent now. */
  readonly sendBudget: SendBudget;
  /** What this connection has counted: the same object always, which goes on counting. */
  readonly metrics: ConnectionMetrics;
  /** Resolves with the reason when the connection has ended and the other side knows, or after `closeTimeoutMs`. */
  readonly closed: Promise<DisconnectReason>;
  /**
   * Sends `length` bytes of `bytes` from `offset` on. They leave at the end of the turn, or with `Peer.updateSent`.
   *
   * @param channel `Reliable` without one; `Notify` has `sendNotify`
   * @param lane 0 to 3. On `Channel.Reliable` 0 is the most urgent, and messages of a lane arrive in order; on
   *   `Channel.Sequenced` a message is dropped after a newer one of its lane. The other channels have no lanes
   * @param maxAgeMs a message that could not leave within this time is dropped and counted in
   *   `metrics.messagesExpired`; not on `Channel.Reliable`
   *   @defaultValue Infinity
   * @returns false: the queue is full and nothing was taken, `onDrain` follows; or the connection has ended
   * @throws NetworkError `ERR_MESSAGE_SIZE` over `maxReliableMessageSize`, or over {@link MAX_UNRELIABLE_MESSAGE_SIZE}
   *   on the other channels; TypeError `ERR_INVALID_ARG_TYPE` for what is no `Uint8Array`; RangeError
   *   `ERR_OUT_OF_RANGE` for a lane or channel that does not exist, or a `maxAgeMs` that is negative, or is finite on
   *   `Channel.Reliable`
   */
  send(
    bytes: Uint8Array,
    channel?: Channel,
    lane?: number,
    offset?: number,
    length?: number,
    maxAgeMs?: number,
  ): boolean;
  /**
   * Sends on `Channel.Notify`; one of `callbacks` is called once: `onLost` also for a message that was dropped as too
   * old. Returns and throws as `send` does.
   */
  sendNotify(
    bytes: Uint8Array,
    callbacks: NotifyCallbacks,
    offset?: number,
    length?: number,
    maxAgeMs?: number,
  ): boolean;
  /**
   * Bytes of reliable messages on a lane that wait to be sent the first time. Streams, other channels, and what the
   * transport has taken (GNS, WebSocket) are in `bufferedBytes` only.
   *
   * @param lane 0 to 3
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` for another lane
   */
  queuedBytes(lane: number): number;
  /** Sends now what is queued. */
  flush(): void;
  /**
   * Ends the connection. What was sent reliably still arrives, within `closeTimeoutMs`, and then the reason. Nothing
   * else is sent, and nothing is received. Does nothing on a connection that has ended.
   *
   * @param reason `{ code: 0, text: "" }` without one
   * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a code outside 0 to 999, or a text over
   *   120 bytes of UTF-8
   */
  disconnect(reason?: DisconnectReason): void;
  /** `disconnect`, and gives `closed`. */
  close(reason?: DisconnectReason): Promise<DisconnectReason>;
  /**
   * Opens a stream to the other side: bytes of any length, after everything else, with backpressure.
   *
   * @param header what the other side decides by, at most 1024 bytes
   * @throws NetworkError `ERR_TOO_MANY_STREAMS`, `ERR_QUEUE_FULL`, `ERR_NOT_CONNECTED`; TypeError
   *   `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a longer header
   */
  openStream(header?: Uint8Array): OutgoingStream;
  /** Decides about the streams that the other side opens. Without a listener they are rejected. */
  onStream: StreamListener | null;
}

/** A connection as a {@link PeerCore} hands it to the layers of this library. */
export interface LibraryConnection extends IConnection {
  /**
   * Whether the other side is authenticated: true at first, as there is nobody to ask about it. A layer that
   * authenticates sets it to false in `onConnected`, and to true later. Until then incomplete messages may hold 16 KiB,
   * and a message may have no more.
   */
  isTrusted: boolean;
  /** Hears of its packets; null, as it is at first, while nobody looks. */
  observer: PacketObserver | null;
  /** Where the newest message of a queue ends, in bytes since the connection began. See `QueuePiece`. */
  queueEnd(queue: number): number;
  /** `disconnect` with a code of the library. A text over 120 bytes is cut. */
  refuse(code: DisconnectCode, text: string): void;
}
