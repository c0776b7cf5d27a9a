/** The first byte of a packet. Layouts: docs/wire-format.md. */
export enum PacketKind {
  ConnectRequest = 1,
  Challenge = 2,
  Accept = 3,
  Reject = 4,
  Reset = 5,
  InfoRequest = 6,
  InfoAnswer = 7,
  Data = 16,
  Reliable = 17,
  Unreliable = 18,
  Stream = 19,
}

/**
 * The first byte of a frame. The number of a lane is added to `Sequenced`, `LaneBytes`, `Message` and `MessagePart`,
 * and `Fragment` to the kind of an unreliable, notify or sequenced message that is cut.
 */
export enum FrameKind {
  Padding = 0,
  Ping = 1,
  Pong = 2,
  Ack = 3,
  Close = 4,
  NotifyCount = 5,
  PathChallenge = 6,
  PathResponse = 7,
  Unreliable = 8,
  Notify = 9,
  Sequenced = 12,
  LaneBytes = 16,
  Message = 32,
  /** A part of a message, but the last one. */
  MessagePart = 48,
  Fragment = 64,
}

/** How the Peer carries messages over a transport. */
export enum ProfileKind {
  /** Datagrams (UDP): everything is the Peer's own work. */
  RawUdp = 0,
  /** A transport with reliable lanes and unreliable messages (GNS). */
  ReliableLanes = 1,
  /** One ordered, reliable stream of packets (WebSocket). */
  Stream = 2,
}

/** The lanes of the application: 0 (the most urgent) to 3. */
export const USER_LANES = 4;
/** Carries the chunks of streams, after everything else. */
export const STREAM_LANE = 4;
/** Carries the control messages of streams, before everything else. */
export const CONTROL_LANE = 5;
export const LANES = 6;

/** The authentication tag at the end of a sealed packet. */
export const TAG_BYTES = 16;

/** Proves that a Reset is from the server that has accepted the connection. */
export const RESET_TOKEN_BYTES = 16;

/** What a PathChallenge carries, and a PathResponse gives back. */
export const PATH_CHALLENGE_BYTES = 8;

/** Size of the fingerprint of a protocol. */
export const FINGERPRINT_BYTES = 8;

/** Kind, session and number of a Data packet. */
export const DATA_HEADER_BYTES = 9;

/** The largest unreliable, notify and sequenced message on every transport, in bytes. */
export const MAX_UNRELIABLE_MESSAGE_SIZE = 16 * 1024;

/**
 * The largest of them that travels in one packet on every transport, in bytes: what fits the smallest packet (GNS's),
 * sealed. A larger one is cut into fragments, and is lost when one of them is.
 */
export const SINGLE_PACKET_MESSAGE_SIZE = 1100;

/** The smallest packet that a transport must carry: a message of that size with the head of its frame, sealed. */
export const MIN_PACKET_SIZE = SINGLE_PACKET_MESSAGE_SIZE + DATA_HEADER_BYTES + 3 + TAG_BYTES;
