/**
 * Bytes of any length on their way to the other side, behind everything else. Made by {@link IConnection.openStream}.
 */
export interface OutgoingStream {
  /**
   * Takes `Uint8Array`s. A write resolves when its last byte has left, `close` when the other side has read the end.
   * `abort(code)` of its writer ends the stream with a code from 0 to 999.
   */
  readonly writable: WritableStream<Uint8Array>;
  /** Counts the streams that this side has opened on the connection, from 0. */
  readonly id: number;
  /** Whether the other side has accepted it. */
  readonly isAccepted: boolean;
  /** How many bytes have left. */
  readonly sentBytes: number;
  /** How many bytes the other side has read, as far as is known. */
  readonly readBytes: number;
}

/**
 * Decides about a stream that the other side opens, at once or later. What it throws, and what its promise rejects
 * with, ends the stream and goes to `onError`; a Peer without `onError` reports an uncaught error.
 *
 * @param header what the other side says about it, at most 1024 bytes
 * @param accept gives what it carries; of a stream that the other side has ended, what fails with `ERR_STREAM_ABORTED`
 *   or `ERR_CONNECTION_LOST`. Throws NetworkError `ERR_STATE` after a decision
 * @param reject tells the other side, if the stream is still there, a code from 0 to 999, 0 without one. Throws
 *   NetworkError `ERR_STATE` after a decision
 */
export type StreamListener = (
  header: Uint8Array,
  accept: () => ReadableStream<Uint8Array>,
  reject: (code?: number) => void,
) => unknown;
