import { writeU32, writeVarint } from "../integers.js";
import { FrameKind } from "../packet-format.js";
import type { PacketReader } from "./packet-reader.js";

/** Kind, offset, and a length of two bytes. */
export const LANE_BYTES_OVERHEAD = 7;

/** Writes what stands before the bytes; gives the place behind it. */
export function writeLaneBytesHead(
  buffer: Uint8Array,
  at: number,
  lane: number,
  offset: number,
  length: number,
): number {
  buffer[at] = FrameKind.LaneBytes + lane;
  return writeVarint(buffer, writeU32(buffer, at + 1, offset), length);
}

/** LaneBytes: kind u8, the low bits of the offset in the lane u32, length varint, bytes. */
export class LaneBytesFrame {
  offsetBits = 0;
  /** Where the bytes begin in the reader's buffer. */
  start = 0;
  length = 0;

  /** Reads what follows the kind. @returns false: malformed */
  read(reader: PacketReader): boolean {
    this.offsetBits = reader.i32();
    this.length = reader.varint();
    this.start = reader.skip(this.length);
    return !reader.failed && this.length > 0;
  }
}
