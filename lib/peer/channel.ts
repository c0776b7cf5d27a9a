/** How a message travels. */
export enum Channel {
  /** Arrives once, after those sent before it on the same lane; or the connection ends. */
  Reliable = 0,
  /** Arrives once or not at all, in any order. */
  Unreliable = 1,
  /** Arrives once or not at all, never after a newer one, and the sender learns which. */
  Notify = 2,
  /**
   * Arrives once or not at all, never after a newer one of the same lane: for states that the next one replaces. Nobody
   * learns what became of it.
   */
  Sequenced = 3,
}

/** What becomes of a notify message. Exactly one of the two is called, once. */
export interface NotifyCallbacks {
  /** The far Peer has handed it to its handler. */
  onDelivered(): void;
  /** It was lost or came too late, or the connection has ended and nobody can know. */
  onLost(): void;
}

/** The names of both. */
export const NOTIFY_CALLBACKS = ["onDelivered", "onLost"] as const satisfies readonly (keyof NotifyCallbacks)[];

/** The callbacks of a notify message that has some; null for all other messages. */
export type Notify = NotifyCallbacks | null;
