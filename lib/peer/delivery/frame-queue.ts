import { FrameKind } from "../packet-format.js";
import { varintSize } from "../varint.js";
import { ByteRing } from "./byte-ring.js";

/** Messages that wait to leave, one behind the other as the frames that they become: kind, length, bytes. */
export class FrameQueue {
  readonly #ring = new ByteRing();
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
    const size = 1 + varintSize(length) + length;
    if (this.bytes + size > this.#maxBytes) return false;
    this.#ring.reserve(this.#start, this.#end + size);
    this.#ring.writeVarint(this.#ring.writeByte(this.#end, kind), length);
    this.#ring.write(this.#end + size - length, bytes, offset, length);
    this.#end += size;
    return true;
  }

  /** Size of the oldest frame, 0: there is none. */
  get nextSize(): number {
    if (this.#start === this.#end) return 0;
    const length = this.#ring.readVarint(this.#start + 1);
    return 1 + varintSize(length) + length;
  }

  get nextIsNotify(): boolean {
    return this.#start < this.#end && this.#ring.at(this.#start) === FrameKind.Notify;
  }

  /** Moves the oldest frame, of `size` bytes, to `at`. */
  take(target: Uint8Array, at: number, size: number): void {
    this.#ring.read(this.#start, target, at, size);
    this.#start += size;
    // The same memory again, rather than all of the ring in turn.
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }
}
