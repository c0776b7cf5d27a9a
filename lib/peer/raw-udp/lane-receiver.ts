import { EarlyBytes } from "../collections/early-bytes.js";
import { nearestNumber } from "../frames/packet-number.js";
import type { ProfileHost } from "../profile.js";
import { LANE_WINDOW_BYTES } from "./lanes.js";
import { LaneResult, MessageAssembler } from "./message-assembler.js";

/** The receiving end of a lane: hands messages on in order, and keeps bytes that came too early. */
export class LaneReceiver {
  /** All bytes below it have come. */
  next = 0;
  readonly #early: EarlyBytes;
  readonly #assembler: MessageAssembler;
  readonly #windowBytes: number;

  constructor(lane: number, firstOffset: number, maxMessageSize: number, host: ProfileHost) {
    this.next = firstOffset;
    this.#windowBytes = LANE_WINDOW_BYTES[lane] as number;
    this.#assembler = new MessageAssembler(lane, maxMessageSize, host);
    this.#early = new EarlyBytes(host.reassembly);
  }

  /** Reads `length` bytes at `at` of `buffer`. `offsetBits` are the low bits of their offset in the lane. */
  receive(offsetBits: number, buffer: Uint8Array, at: number, length: number): LaneResult {
    const offset = nearestNumber(offsetBits, this.next);
    const end = offset + length;
    if (offset < 0 || end > this.next + this.#windowBytes) return LaneResult.Malformed;
    if (end <= this.next) return LaneResult.Taken;
    if (offset > this.next) {
      const isKept = this.#early.keep(this.next, offset - this.next, buffer, at, length);
      return isKept ? LaneResult.Taken : LaneResult.Refused;
    }
    const known = this.next - offset;
    this.next = end;
    const result = this.#assembler.feed(buffer, at + known, at + length);
    return result === LaneResult.Taken && this.#early.count > 0 ? this.#readEarly() : result;
  }

  #readEarly(): LaneResult {
    const early = this.#early;
    while (early.takeFirst(this.next)) {
      this.next += early.takenLength;
      const result = this.#assembler.feed(early.bytes, early.takenAt, early.takenAt + early.takenLength);
      if (result !== LaneResult.Taken) return result;
    }
    early.trim();
    return LaneResult.Taken;
  }
}
