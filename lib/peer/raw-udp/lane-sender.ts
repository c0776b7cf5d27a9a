import { ByteRing } from "../collections/byte-ring.js";
import { RangeSet } from "../collections/range-set.js";
import { LANE_BYTES_OVERHEAD, writeLaneBytesHead } from "../frames/lane-bytes-frame.js";
import { varintSize } from "../integers.js";

/** To fill a packet, no piece smaller than this is cut off. */
const MIN_PIECE_BYTES = 32;

/**
 * The sending end of a lane: a stream of bytes, messages with their lengths one behind the other, which are kept until
 * they are acknowledged. Lost bytes are sent before new ones.
 */
export class LaneSender {
  /** All bytes below it are acknowledged. */
  base = 0;
  /** Offset and length of the piece that `writeFrame` wrote. */
  pieceStart = 0;
  pieceLength = 0;
  /** The first byte that has not been sent. */
  #next = 0;
  #end = 0;
  readonly #ring = new ByteRing();
  readonly #acknowledged = new RangeSet();
  readonly #lost = new RangeSet();
  readonly #lane: number;
  readonly #windowBytes: number;
  readonly #maxQueuedBytes: number;

  constructor(lane: number, firstOffset: number, windowBytes: number, maxQueuedBytes: number) {
    this.#lane = lane;
    this.base = firstOffset;
    this.#next = firstOffset;
    this.#end = firstOffset;
    this.#windowBytes = windowBytes;
    this.#maxQueuedBytes = maxQueuedBytes;
  }

  /** Bytes that are not acknowledged, sent or not. */
  get queuedBytes(): number {
    return this.#end - this.base;
  }

  /** Where the newest message ends. */
  get end(): number {
    return this.#end;
  }

  /** Bytes that have not been sent. */
  get unsentBytes(): number {
    return this.#end - this.#next;
  }

  /** Whether something may be sent now. */
  get isReady(): boolean {
    return this.#lost.count > 0 || (this.#next < this.#end && this.#next - this.base < this.#windowBytes);
  }

  /** Whether nothing waits to be sent, the first time or again. */
  get isIdle(): boolean {
    return this.#lost.count === 0 && this.#next === this.#end;
  }

  /** @returns false: full */
  push(bytes: Uint8Array, offset: number, length: number): boolean {
    const size = varintSize(length) + length;
    if (this.queuedBytes + size > this.#maxQueuedBytes) return false;
    this.#ring.reserve(this.base, this.#end + size);
    this.#ring.writeVarint(this.#end, length);
    this.#ring.write(this.#end + size - length, bytes, offset, length);
    this.#end += size;
    return true;
  }

  /** Writes a frame with what has to be sent first, as much as fits; gives its end, or `at` if nothing fits. */
  writeFrame(buffer: Uint8Array, at: number, end: number): number {
    const isLost = this.#lost.count > 0;
    const start = isLost ? this.#lost.start(0) : this.#next;
    const limit = isLost ? this.#lost.end(0) : Math.min(this.#end, this.base + this.#windowBytes);
    const room = end - at - LANE_BYTES_OVERHEAD;
    if (room < limit - start && room < MIN_PIECE_BYTES) return at;
    const length = Math.min(limit - start, room);
    if (isLost) this.#lost.remove(start, start + length);
    else this.#next += length;
    const content = writeLaneBytesHead(buffer, at, this.#lane, start, length);
    this.#ring.read(start, buffer, content, length);
    this.pieceStart = start;
    this.pieceLength = length;
    return content + length;
  }

  onAcknowledged(start: number, end: number): void {
    if (end <= this.base) return;
    if (this.#lost.count > 0) this.#lost.remove(start, end);
    if (start > this.base) {
      this.#acknowledged.add(start, end);
      return;
    }
    this.base = end;
    // Bytes that were acknowledged earlier may follow now.
    while (this.#acknowledged.count > 0 && this.#acknowledged.start(0) <= this.base) {
      this.base = Math.max(this.base, this.#acknowledged.end(0));
      this.#acknowledged.removeFirst();
    }
  }

  /** The bytes have to be sent again, but those that another packet has brought. */
  onLost(start: number, end: number): void {
    if (end <= this.base) return;
    const acknowledged = this.#acknowledged;
    let from = Math.max(start, this.base);
    for (let index = 0; index < acknowledged.count && from < end; index++) {
      if (acknowledged.end(index) <= from) continue;
      if (acknowledged.start(index) > from) this.#lost.add(from, Math.min(end, acknowledged.start(index)));
      from = acknowledged.end(index);
    }
    if (from < end) this.#lost.add(from, end);
  }
}
