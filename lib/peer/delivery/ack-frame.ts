import type { PacketReader } from "../packet-reader.js";
import { nearestNumber } from "./packet-number.js";
import { MAX_FURTHER_RANGES } from "./received-packets.js";

/** An Ack frame that was read: which packets the other side has. */
export class AckFrame {
  largest = 0;
  /** How long the other side held it back. */
  delayMs = 0;
  rangeCount = 0;
  /** First and last number of each range, the newest range first. */
  readonly first = new Float64Array(MAX_FURTHER_RANGES + 1);
  readonly last = new Float64Array(MAX_FURTHER_RANGES + 1);

  /**
   * Reads what follows the frame's kind. @returns false: malformed, or about numbers that were never sent, below
   * `firstNumber` or from `next` on
   */
  read(reader: PacketReader, firstNumber: number, next: number): boolean {
    this.largest = nearestNumber(reader.i32(), next - 1);
    this.delayMs = reader.varint() / 8;
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
  /** Whether it acknowledges this number. */
  names(number: number): boolean {
    let range = 0;
    while (range < this.rangeCount && number < (this.first[range] as number)) range++;
    return range < this.rangeCount && number <= (this.last[range] as number);
  }
}
