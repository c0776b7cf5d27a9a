/** The first byte of a packet. Layouts: docs/wire-format.md. */
export enum PacketKind {
  ConnectRequest = 1,
  Challenge = 2,
  Accept = 3,
  Reject = 4,
  Data = 16,
  Reliable = 17,
  Unreliable = 18,
  Stream = 19,
}

/** The first byte of a frame; a lane's number is added to `LaneBytes`, `Message` and `MessagePart`. */
export enum FrameKind {
  Padding = 0,
  Ping = 1,
  Pong = 2,
  Ack = 3,
  Close = 4,
  NotifyCount = 5,
  Unreliable = 8,
  Notify = 9,
  LaneBytes = 16,
  Message = 32,
  /** A piece of a message that is not the last one. */
  MessagePart = 48,
}

/** How Peer carries messages over a transport: all itself, by GNS's own reliability, or through one ordered stream. */
export enum ProfileKind {
  RawUdp = 0,
  ReliableLanes = 1,
  Stream = 2,
}

/** Lanes of the application: 0 (most urgent) to 3. */
export const USER_LANES = 4;
/** Carries the chunks of streams, behind everything else. */
export const STREAM_LANE = 4;
/** Carries the control of streams, before everything else. */
export const CONTROL_LANE = 5;
export const LANES = 6;

/** Bytes of a tag where packets are sealed. */
export const TAG_BYTES = 16;

/** Bytes that stand for what the two ends talk about. */
export const FINGERPRINT_BYTES = 8;

/** Kind, session and number of a Data packet. */
export const DATA_HEADER_BYTES = 9;

/**
 * Largest unreliable and notify message on every transport, in bytes: what fits the smallest packet, sealed (that of
 * GNS).
 */
export const MAX_UNRELIABLE_MESSAGE_SIZE = 1100;

/** Smallest packet that a transport must carry: a message of that size with the head of its frame, sealed. */
export const MIN_PACKET_SIZE = MAX_UNRELIABLE_MESSAGE_SIZE + DATA_HEADER_BYTES + 3 + TAG_BYTES;
