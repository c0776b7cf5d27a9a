import { ByteRing } from "../collections/byte-ring.js";
import { MAX_MESSAGE_HEAD_BYTES, messageFrameSize, writeMessageHead } from "../frames/message-frame.js";
import { FrameKind } from "../packet-format.js";

/** Messages that wait to be sent, already as the frames that they become. */
export class FrameQueue {
  /** How many notify messages have been taken out: the place in `NotifyTokens` of the next one. */
  notifiesTaken = 0;
  readonly #ring = new ByteRing();
  readonly #head = new Uint8Array(MAX_MESSAGE_HEAD_BYTES);
  readonly #maxBytes: number;
  #start = 0;
  #end = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#end - this.#start;
  }

  /** @returns false: full */
  push(kind: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const size = messageFrameSize(length);
    if (this.bytes + size > this.#maxBytes) return false;
    this.#ring.reserve(this.#start, this.#end + size);
    this.#ring.write(this.#end, this.#head, 0, writeMessageHead(this.#head, 0, kind, length));
    this.#ring.write(this.#end + size - length, bytes, offset, length);
    this.#end += size;
    return true;
  }

  /** The size of the oldest frame, 0 when there is none. */
  get #nextSize(): number {
    if (this.#start === this.#end) return 0;
    return messageFrameSize(this.#ring.readVarint(this.#start + 1));
  }

  /** Moves the oldest frames to `target`, from `start` on, while they fit before `end`; gives the place behind them. */
  take(target: Uint8Array, start: number, end: number): number {
    let at = start;
    for (let size = this.#nextSize; size > 0 && at + size <= end; size = this.#nextSize) {
      if (this.#ring.at(this.#start) === FrameKind.Notify) this.notifiesTaken++;
      this.#ring.read(this.#start, target, at, size);
      this.#start += size;
      at += size;
    }
    // The same memory is used again, in place of the whole ring in turn.
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return at;
  }
}
