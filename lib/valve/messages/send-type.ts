import { checkInteger, rangeError } from "../../arguments.js";

/**
 * Flags of `sendMessageToConnection` only, with the numbers of the ValveSockets README. Members may be or-ed. All other
 * methods take {@link SendFlags}, where `NoDelay` has another number.
 */
export enum SendType {
  /** Delivered at most once, in any order. Above 16,500 bytes GNS makes the message reliable. */
  Unreliable = 0,
  /** Does not wait for more messages to share a packet with (Nagle's algorithm). */
  NoNagle = 1,
  /** Dropped if it cannot be sent at once, for example while still connecting. For unreliable messages. */
  NoDelay = 2,
  /** Delivered once and in order with the other reliable messages, or the connection ends. */
  Reliable = 8,
}

/**
 * Flags of all send methods but `sendMessageToConnection`, with the numbers of GNS. Members may be or-ed.
 * `sendMessageToConnection` takes {@link SendType}.
 */
export enum SendFlags {
  /** As `SendType.Unreliable`. */
  Unreliable = 0,
  /** As `SendType.NoNagle`. */
  NoNagle = 1,
  /** Both of these. */
  UnreliableNoNagle = Unreliable | NoNagle,
  /** As `SendType.NoDelay`, which has the number 2. */
  NoDelay = 4,
  /** `NoDelay` and `NoNagle`: sent at once, or dropped. */
  UnreliableNoDelay = 5,
  /** As `SendType.Reliable`. */
  Reliable = 8,
  /** `Reliable` and `NoNagle`. */
  ReliableNoNagle = 9,
  /** Meant to send within this call. GNS 1.6 takes the flag and sends at its next poll all the same. */
  UseCurrentThread = 16,
  /** Restarts a broken session of `NetworkingMessages`. */
  AutoRestartBrokenSession = 32,
}

/** The largest message that GNS sends over a network, in bytes. */
export const MAX_MESSAGE_BYTES = 524_288;

const SEND_TYPE_BITS = SendType.NoNagle | SendType.NoDelay | SendType.Reliable;
const SEND_FLAGS_BITS = 0x3d;

/** GNS's flags for the seed's. A bit that the seed does not have, such as GNS's 4, is a `RangeError`. */
export function flagsOfSendType(type: SendType): SendFlags {
  checkInteger("flags", type, 0, 0x7fffffff);
  if ((type & ~SEND_TYPE_BITS) !== 0) throw rangeError("flags", "made of SendType members");
  return (type & SendType.NoDelay) === 0 ? (type as number) : (type & ~SendType.NoDelay) | SendFlags.NoDelay;
}

/** Throws unless `flags` has only bits of {@link SendFlags}: the seed's `NoDelay` (2) is refused. */
export function checkSendFlags(flags: SendFlags): void {
  checkInteger("flags", flags, 0, 0x7fffffff);
  if ((flags & ~SEND_FLAGS_BITS) !== 0) throw rangeError("flags", "made of SendFlags members");
}
