import { writeU16, writeVarint } from "../integers.js";
import { FrameKind, MAX_UNRELIABLE_MESSAGE_SIZE, SINGLE_PACKET_MESSAGE_SIZE } from "../packet-format.js";
import type { PacketReader } from "./packet-reader.js";

/** Number, index and count, which the length of the frame includes. */
const PLACE_BYTES = 4;
/** Kind, length, and these. */
export const MAX_FRAGMENT_HEAD_BYTES = 1 + 2 + PLACE_BYTES;
/** The bytes of a message in each of its fragments but the last, so that a frame is not larger than an uncut one. */
export const FRAGMENT_BYTES = SINGLE_PACKET_MESSAGE_SIZE - PLACE_BYTES;
export const MAX_FRAGMENTS = Math.ceil(MAX_UNRELIABLE_MESSAGE_SIZE / FRAGMENT_BYTES);

/**
 * Writes what stands before the bytes of a fragment; gives the place behind it.
 *
 * @param kind that of the message
 * @param number of the message among those that are cut
 */
export function writeFragmentHead(
  buffer: Uint8Array,
  at: number,
  kind: number,
  number: number,
  index: number,
  count: number,
  length: number,
): number {
  buffer[at] = FrameKind.Fragment + kind;
  const place = writeU16(buffer, writeVarint(buffer, at + 1, PLACE_BYTES + length), number);
  buffer[place] = index;
  buffer[place + 1] = count;
  return place + 2;
}

/**
 * Fragment: kind u8, length varint of what follows, the low bits of the message's number u16, index u8, count u8, part
 * of the message.
 */
export class FragmentFrame {
  numberBits = 0;
  index = 0;
  count = 0;
  /** Where the part begins in the reader's buffer. */
  start = 0;
  length = 0;

  /** Reads what follows the kind. @returns false: malformed */
  read(reader: PacketReader): boolean {
    this.length = reader.varint() - PLACE_BYTES;
    this.numberBits = reader.u16();
    this.index = reader.u8();
    this.count = reader.u8();
    if (this.length <= 0) return false;
    this.start = reader.skip(this.length);
    return !reader.failed && this.count >= 2 && this.count <= MAX_FRAGMENTS && this.index < this.count;
  }
}
