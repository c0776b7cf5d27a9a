import type { DisconnectCode, DisconnectReason, IConnectionHandle, Security } from "../../socket/index.js";
import type { Channel, NotifyCallbacks } from "../channel.js";
import type { ConnectionMetrics } from "../metrics.js";
import type { SendBudget } from "../profile.js";
import type { OutgoingStream, StreamListener } from "../streams/stream.js";
import type { PeerConnectionState } from "./peer-connection-state.js";

/** One other end, as the layers above see it. */
export interface IConnection {
  /** The socket's idea of the other end. For logs and addresses. */
  readonly handle: IConnectionHandle;
  readonly state: PeerConnectionState;
  /** Why it has ended, null while it has not. */
  readonly reason: DisconnectReason | null;
  /**
   * Of the whole way: the transport's protection or our own, whichever is stronger. A server with Noise says
   * `authenticated` of a client that has pinned its key: nobody is between these two ends. Who the client is, that does
   * not say.
   */
  readonly security: Security;
  /** 32 bytes that only this connection has, the same at both ends; null without Noise. Proofs are bound to it. */
  readonly channelBinding: Uint8Array | null;
  /** Whether the other end has the same `fingerprint`. */
  readonly fingerprintMatches: boolean;
  /** Smoothed, in milliseconds; 0 before the first measurement. */
  readonly roundTripTimeMs: number;
  /** What was sent and has not been acknowledged (or, where nobody acknowledges, has not left). */
  readonly bufferedBytes: number;
  readonly sendBudget: SendBudget;
  readonly metrics: ConnectionMetrics;
  /** Resolves when it has ended, also for the other side or after `closeTimeoutMs`. */
  readonly closed: Promise<DisconnectReason>;
  /**
   * Sends `length` bytes of `bytes` from `offset` on. They leave at the end of the turn, or with `Peer.updateSent`.
   *
   * @param lane 0 (most urgent) to 3, for `Channel.Reliable`: order holds within a lane
   * @returns false: the queue is full and nothing was taken, `onDrain` follows; or the connection has ended
   * @throws NetworkError `ERR_MESSAGE_SIZE` over `maxReliableMessageSize`, or over
   *   {@link MAX_UNRELIABLE_MESSAGE_SIZE} on the other channels; RangeError for a lane or channel that is none
   */
  send(bytes: Uint8Array, channel?: Channel, lane?: number, offset?: number, length?: number): boolean;
  /** Sends on `Channel.Notify`; `callbacks` hear once what became of it. @returns and throws as `send` */
  sendNotify(bytes: Uint8Array, callbacks: NotifyCallbacks, offset?: number, length?: number): boolean;
  /** Lets what is queued leave now. */
  flush(): void;
  /**
   * Ends it: what was sent reliably still arrives, within `closeTimeoutMs`, and then the reason. Nothing is received or
   * sent from now on.
   * @throws RangeError for a code outside 0-999, or a text over 120 bytes of UTF-8
   */
  disconnect(reason?: DisconnectReason): void;
  /** `disconnect`, and waits for the end. */
  close(reason?: DisconnectReason): Promise<DisconnectReason>;
  /**
   * Opens a stream to the other side: bytes of any length, behind everything else, with backpressure.
   *
   * @param header what the other side decides by, at most 1024 bytes
   * @throws NetworkError `ERR_TOO_MANY_STREAMS`, `ERR_QUEUE_FULL`, `ERR_NOT_CONNECTED`; RangeError for a longer header
   */
  openStream(header?: Uint8Array): OutgoingStream;
  /** Hears of streams that the other side opens; without it they are refused. */
  onStream: StreamListener | null;
}

/** A connection as a {@link PeerCore} hands it to the layers of this library. */
export interface LibraryConnection extends IConnection {
  /** `disconnect` with a code of the library's own. A text over 120 bytes is cut. */
  refuse(code: DisconnectCode, text: string): void;
}
