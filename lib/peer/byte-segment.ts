import { cloneBytes } from "../bytes.js";

/** A part of a buffer that is reused: valid during the call that hands it out. */
export class ByteSegment {
  buffer: Uint8Array = new Uint8Array(0);
  offset = 0;
  length = 0;

  set(buffer: Uint8Array, offset: number, length: number): this {
    this.buffer = buffer;
    this.offset = offset;
    this.length = length;
    return this;
  }

  /** The bytes where they lie, valid as long as the segment. */
  view(): Uint8Array {
    return this.buffer.subarray(this.offset, this.offset + this.length);
  }

  /** A copy of the bytes. */
  copy(): Uint8Array {
    return cloneBytes(this.buffer, this.offset, this.offset + this.length);
  }
}
