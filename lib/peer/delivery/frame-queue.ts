import { ByteRing } from "../collections/byte-ring.js";
import { MAX_MESSAGE_HEAD_BYTES, messageFrameSize, writeMessageHead } from "../frames/message-frame.js";
import { FrameKind } from "../packet-format.js";

/** Messages that wait to be sent, already as the frames that they become. */
export class FrameQueue {
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
  get nextSize(): number {
    if (this.#start === this.#end) return 0;
    return messageFrameSize(this.#ring.readVarint(this.#start + 1));
  }

  get nextIsNotify(): boolean {
    return this.#start < this.#end && this.#ring.at(this.#start) === FrameKind.Notify;
  }

  /** Moves the oldest frame, which has `size` bytes, to `at`. */
  take(target: Uint8Array, at: number, size: number): void {
    this.#ring.read(this.#start, target, at, size);
    this.#start += size;
    // The same memory is used again, in place of the whole ring in turn.
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }
}
