import type { RangeSet } from "../collections/range-set.js";
import { writeU32, writeVarint } from "../integers.js";
import { FrameKind } from "../packet-format.js";
import { nearestNumber } from "./packet-number.js";
import type { PacketReader } from "./packet-reader.js";

/** An Ack frame has at most this many ranges besides the first one. */
export const MAX_FURTHER_RANGES = 31;
/** The largest Ack frame: kind, largest, delay, count, and ranges of two varints each. */
export const MAX_ACK_BYTES = 10 + 8 * (MAX_FURTHER_RANGES + 1);
/** The delay of an Ack travels in eighths of a millisecond. */
export const ACK_DELAY_UNITS_PER_MS = 8;
export const MAX_ACK_DELAY_UNITS = 0xffff;
/** Kind, largest, delay, count and the first range, each at its largest. */
const HEAD_BYTES = 18;
const MAX_RANGE_BYTES = 8;
/** Room for two ranges. */
export const MIN_GAPS_ACK_BYTES = HEAD_BYTES + MAX_RANGE_BYTES;

/**
 * Writes an Ack frame that names the newest of `ranges`, of which there is at least one: as many as fit before `end`.
 * The delay is a whole number: a fraction that goes from function to function is an object on the heap.
 *
 * @returns the place behind it
 */
export function writeAckFrame(
  buffer: Uint8Array,
  start: number,
  end: number,
  ranges: RangeSet,
  delayUnits: number,
): number {
  const newest = ranges.count - 1;
  const furtherRanges = Math.min(newest, Math.floor((end - start - HEAD_BYTES) / MAX_RANGE_BYTES));
  buffer[start] = FrameKind.Ack;
  let at = writeU32(buffer, start + 1, ranges.end(newest) - 1);
  at = writeVarint(buffer, at, delayUnits);
  at = writeVarint(buffer, at, furtherRanges);
  at = writeVarint(buffer, at, ranges.end(newest) - ranges.start(newest) - 1);
  for (let index = newest - 1; index >= newest - furtherRanges; index--) {
    at = writeVarint(buffer, at, ranges.start(index + 1) - ranges.end(index) - 1);
    at = writeVarint(buffer, at, ranges.end(index) - ranges.start(index) - 1);
  }
  return at;
}

/** An Ack frame as it was read: which packets the other side has. One object serves for all. */
export class AckFrame {
  largest = 0;
  /** How long the other side waited before it acknowledged `largest`. */
  delayMs = 0;
  rangeCount = 0;
  /** First and last number of each range, the newest range first. */
  readonly first = new Float64Array(MAX_FURTHER_RANGES + 1);
  readonly last = new Float64Array(MAX_FURTHER_RANGES + 1);

  /**
   * Reads what follows the kind.
   *
   * @returns false: malformed, or it names a number that was never sent, below `firstNumber` or from `next` on
   */
  read(reader: PacketReader, firstNumber: number, next: number): boolean {
    this.largest = nearestNumber(reader.i32(), next - 1);
    this.delayMs = reader.varint() / ACK_DELAY_UNITS_PER_MS;
    const furtherRanges = reader.varint();
    if (furtherRanges > MAX_FURTHER_RANGES) return false;
    this.rangeCount = furtherRanges + 1;
    let last = this.largest;
    for (let index = 0; index <= furtherRanges; index++) {
      if (index > 0) last = (this.first[index - 1] as number) - reader.varint() - 2;
      this.last[index] = last;
      this.first[index] = last - reader.varint();
    }
    return !reader.failed && this.largest < next && (this.first[furtherRanges] as number) >= firstNumber;
  }

  /** Whether it acknowledges `number`. */
  has(number: number): boolean {
    let range = 0;
    while (range < this.rangeCount && number < (this.first[range] as number)) range++;
    return range < this.rangeCount && number <= (this.last[range] as number);
  }
}
