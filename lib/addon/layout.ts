/**
 * The memory that JavaScript and the addon share, and the numbers of a few arguments: one table for JavaScript, as
 * `native/layout.h` is for C++. `test/architecture/bindings.test.ts` compares the two. This file does not load the
 * addon.
 */

/** What a receive call reads from: values of its `source` argument. */
export enum ReceiveSource {
  /** One connection. */
  Connection = 0,
  /** All connections that came in by a listen socket. */
  ListenSocket = 1,
  /** All connections of a poll group. */
  PollGroup = 2,
}

/** Values of the `driver` argument of `initialize`. */
export enum NativeDriver {
  Auto = 0,
  Hybrid = 1,
  Thread = 2,
}

/** Byte offsets of an identity. */
export const IDENTITY = {
  type: 0, // i32
  size: 4, // i32, bytes of payload
  payload: 8,
} as const;

/**
 * Byte offsets of a received record in a slab. Records start at multiples of 8; `next` is the slab's offset of the next
 * record. `identity` is the slab's offset of an identity; records of one connection may share it.
 */
export const RECORD = {
  connection: 0, // u32
  length: 4, // u32, bytes of payload
  messageNumber: 8, // f64
  timeReceived: 16, // f64, microseconds
  userData: 24, // i64, of the connection
  flags: 32, // u32
  channel: 36, // i32
  lane: 40, // u32
  identity: 44, // u32
  next: 48, // u32
  payload: 56,
} as const;

/** Byte offsets of an outgoing record; the next one is at `(offset + SEND_RECORD.payload + length + 7) & ~7`. */
export const SEND_RECORD = {
  connection: 0, // u32
  length: 4, // u32
  flags: 8, // u32, GNS send flags
  lane: 12, // u32
  payload: 16,
} as const;

/**
 * Byte offsets of a datagram's slot in a slab of UDP; all slots of a slab have one size. A slot of length 0 holds
 * nothing. An address is 16 bytes, and `scope` the interface of a link-local one.
 */
export const UDP_SLOT = {
  ip: 0, // 16 bytes
  scope: 16, // u32
  port: 20, // u32
  localIp: 24, // 16 bytes: where it came to on this machine, and where an answer leaves from; 0 for any
  length: 40, // u32, bytes of payload
  payload: 48,
} as const;

/** Indices into the `out` array of `getRealTimeStatus`. */
export const STATUS = {
  state: 0,
  ping: 1,
  connectionQualityLocal: 2,
  connectionQualityRemote: 3,
  outPacketsPerSecond: 4,
  outBytesPerSecond: 5,
  inPacketsPerSecond: 6,
  inBytesPerSecond: 7,
  sendRateBytesPerSecond: 8,
  pendingUnreliable: 9,
  pendingReliable: 10,
  sentUnackedReliable: 11,
  queueTime: 12,
  maxJitter: 13,
  size: 14,
} as const;

/** Indices into the part of a lane, `size` numbers, in the `out` array of `getLaneStatus`. */
export const LANE_STATUS = {
  pendingUnreliable: 0,
  pendingReliable: 1,
  sentUnackedReliable: 2,
  queueTime: 3,
  size: 4,
} as const;
