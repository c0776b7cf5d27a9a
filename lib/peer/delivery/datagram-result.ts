/** What became of a frame with an unreliable, notify or sequenced message, or with a fragment of one. */
export enum DatagramResult {
  /** A message is complete, and was handed on. */
  Complete = 0,
  /** It is a fragment of a message that is not complete. */
  Kept = 1,
  /** It came too late, or twice, or there is no room for it. */
  Dropped = 2,
  /** The connection has ended meanwhile. */
  Stopped = 3,
  /** No sender that keeps to the format sends it. */
  Malformed = 4,
}
