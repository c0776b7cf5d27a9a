/** How a message travels. */
export enum Channel {
  /** It arrives, once, behind those sent before it on the same lane; or the connection ends. */
  Reliable = 0,
  /** It arrives once or not at all, in any order. */
  Unreliable = 1,
  /** It arrives once or not at all, never behind a newer one, and the sender hears which. */
  Notify = 2,
}

/** What becomes of a notify message; exactly one of the two is called, once. */
export interface NotifyCallbacks {
  /** The far Peer has handed it to its handler. */
  onDelivered(): void;
  /** It has not been handed over, or nobody can know: lost, too late, or the connection has ended. */
  onLost(): void;
}
