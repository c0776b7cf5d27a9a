import { MessageBuffer } from "../collections/message-buffer.js";
import { nearestNumber } from "../frames/packet-number.js";
import type { ProfileHost } from "../profile.js";
import { OBJECT_BYTES } from "../reassembly.js";
import { LANE_WINDOW_BYTES } from "./lanes.js";
import { LaneResult, MessageAssembler } from "./message-assembler.js";

/** How many pieces with holes between them are kept. A window of full packets has fewer. */
export const MAX_PIECES = 512;

/** Bytes that came too early. Those that follow are appended. */
interface Piece {
  readonly start: number;
  readonly buffer: MessageBuffer;
}

const endOf = ({ start, buffer }: Piece) => start + buffer.size;

/** The receiving end of a lane: hands messages on in order, and keeps bytes that came too early. */
export class LaneReceiver {
  /** All bytes below it have come. */
  next = 0;
  /** In order, with holes between them. They cost what has arrived, wherever in the lane that belongs. */
  readonly #pieces: Piece[] = [];
  readonly #assembler: MessageAssembler;
  readonly #windowBytes: number;
  readonly #host: ProfileHost;

  constructor(lane: number, firstOffset: number, maxMessageSize: number, host: ProfileHost) {
    this.next = firstOffset;
    this.#windowBytes = LANE_WINDOW_BYTES[lane] as number;
    this.#assembler = new MessageAssembler(lane, maxMessageSize, host);
    this.#host = host;
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
    return result === LaneResult.Taken && this.#pieces.length > 0 ? this.#readEarly() : result;
  }

  /** Keeps what fills holes between the pieces. */
  #keep(offset: number, buffer: Uint8Array, at: number, length: number): LaneResult {
    const pieces = this.#pieces;
    const end = offset + length;
    let index = this.#firstThatEndsFrom(offset);
    for (let from = offset; from < end; index++) {
      const piece = pieces[index];
      const gapEnd = piece ? Math.min(piece.start, end) : end;
      if (from < gapEnd) {
        if (!this.#insert(index, from, buffer, at + from - offset, gapEnd - from)) return LaneResult.Refused;
        if (pieces[index] !== piece) index++;
      }
      from = piece ? Math.max(from, endOf(piece)) : end;
    }
    return LaneResult.Taken;
  }

  /** Keeps bytes before the piece at `index`. @returns false: there is no room */
  #insert(index: number, start: number, buffer: Uint8Array, at: number, length: number): boolean {
    const { reassembly } = this.#host;
    const before = this.#pieces[index - 1];
    if (before && endOf(before) === start) {
      if (!reassembly.tryTake(length)) return false;
      before.buffer.append(buffer, at, length);
      return true;
    }
    if (this.#pieces.length >= MAX_PIECES || !reassembly.tryTake(length + OBJECT_BYTES)) return false;
    const piece = { start, buffer: new MessageBuffer(this.#windowBytes) };
    piece.buffer.append(buffer, at, length);
    this.#pieces.splice(index, 0, piece);
    return true;
  }

  /** The index of the first piece that ends at `offset` or later. */
  #firstThatEndsFrom(offset: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (endOf(this.#pieces[middle] as Piece) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #readEarly(): LaneResult {
    for (let [piece] = this.#pieces; piece && piece.start <= this.next; [piece] = this.#pieces) {
      this.#pieces.shift();
      const { bytes, size } = piece.buffer;
      this.#host.reassembly.giveBack(size + OBJECT_BYTES);
      const known = this.next - piece.start;
      if (known >= size) continue;
      this.next = piece.start + size;
      const result = this.#assembler.feed(bytes, known, size);
      if (result !== LaneResult.Taken) return result;
    }
    return LaneResult.Taken;
  }
}
