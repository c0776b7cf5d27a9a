import { ByteRing } from "../collections/byte-ring.js";
import { MAX_MESSAGE_HEAD_BYTES, messageFrameSize, writeMessageHead } from "../frames/message-frame.js";

/** The head of a frame on its way into a queue. */
const messageHead = new Uint8Array(MAX_MESSAGE_HEAD_BYTES);

/** Messages that wait to be sent, already as the frames that they become: each a kind, a varint and as many bytes. */
export class FrameQueue {
  protected readonly ring = new ByteRing();
  /** Where the oldest frame begins, and the newest ends. */
  protected start = 0;
  protected end = 0;
  protected readonly maxBytes: number;
  /** How many bytes have left before `start` was 0 the last time. */
  #passedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.end - this.start;
  }

  /** How many bytes have left, ever. */
  get takenBytes(): number {
    return this.#passedBytes + this.start;
  }

  /** @returns false: full */
  push(kind: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const size = messageFrameSize(length);
    if (this.bytes + size > this.maxBytes) return false;
    this.append(messageHead, writeMessageHead(messageHead, 0, kind, length), bytes, offset, length);
    return true;
  }

  /** Moves the oldest frames to `target`, from `start` on, while they fit before `end`; gives the place behind them. */
  take(target: Uint8Array, start: number, end: number): number {
    let at = start;
    for (let size = this.nextSize; size > 0 && at + size <= end; size = this.nextSize) {
      this.ring.read(this.start, target, at, size);
      this.start += size;
      at += size;
    }
    this.restart();
    return at;
  }

  protected append(head: Uint8Array, headBytes: number, bytes: Uint8Array, offset: number, length: number): void {
    const size = headBytes + length;
    this.ring.reserve(this.start, this.end + size);
    this.ring.write(this.end, head, 0, headBytes);
    this.ring.write(this.end + headBytes, bytes, offset, length);
    this.end += size;
  }

  /** The size of the oldest frame, 0 when there is none. */
  protected get nextSize(): number {
    if (this.start === this.end) return 0;
    return messageFrameSize(this.ring.readVarint(this.start + 1));
  }

  /** The same memory is used again when the queue is empty, in place of the whole ring in turn. */
  protected restart(): void {
    if (this.start !== this.end) return;
    this.#passedBytes += this.start;
    this.start = this.end = 0;
  }
}
