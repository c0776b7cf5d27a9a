import { ByteRing } from "../collections/byte-ring.js";
import { RangeSet } from "../collections/range-set.js";
import { nearestNumber } from "../frames/packet-number.js";
import type { ProfileHost } from "../profile.js";
import { LANE_WINDOW_BYTES } from "./lanes.js";
import { LaneResult, MessageAssembler } from "./message-assembler.js";

/** How many pieces with holes between them are kept. A window of full packets has fewer. */
export const MAX_PIECES = 512;

/** The receiving end of a lane: hands messages on in order, and keeps bytes that came too early. */
export class LaneReceiver {
  /** All bytes below it have come. */
  next = 0;
  readonly #early = new ByteRing();
  readonly #earlyRanges = new RangeSet();
  readonly #assembler: MessageAssembler;
  readonly #windowBytes: number;

  constructor(lane: number, firstOffset: number, maxMessageSize: number, host: ProfileHost) {
    this.next = firstOffset;
    this.#windowBytes = LANE_WINDOW_BYTES[lane] as number;
    this.#assembler = new MessageAssembler(lane, maxMessageSize, host);
  }

  /** Reads `length` bytes at `at` of `buffer`. `offsetBits` are the low bits of their offset in the lane. */
  receive(offsetBits: number, buffer: Uint8Array, at: number, length: number): LaneResult {
    const offset = nearestNumber(offsetBits, this.next);
    const end = offset + length;
    if (offset < 0 || end > this.next + this.#windowBytes) return LaneResult.Malformed;
    if (end <= this.next) return LaneResult.Taken;
    if (offset > this.next) return this.#keep(offset, buffer, at, length);
    const known = this.next - offset;
    this.next = end;
    const result = this.#assembler.feed(buffer, at + known, at + length);
    return result === LaneResult.Taken && this.#earlyRanges.count > 0 ? this.#readEarly() : result;
  }

  #keep(offset: number, buffer: Uint8Array, at: number, length: number): LaneResult {
    if (this.#earlyRanges.count >= MAX_PIECES) return LaneResult.Refused;
    this.#early.reserve(this.next, offset + length);
    this.#early.write(offset, buffer, at, length);
    this.#earlyRanges.add(offset, offset + length);
    return LaneResult.Taken;
  }

  #readEarly(): LaneResult {
    const ranges = this.#earlyRanges;
    while (ranges.count > 0 && ranges.start(0) <= this.next) {
      const end = ranges.end(0);
      ranges.removeFirst();
      while (this.next < end) {
        const at = this.#early.index(this.next);
        const length = this.#early.contiguous(this.next, end - this.next);
        this.next += length;
        const result = this.#assembler.feed(this.#early.bytes, at, at + length);
        if (result !== LaneResult.Taken) return result;
      }
    }
    return LaneResult.Taken;
  }
}
