import { cloneBytes } from "../../bytes.js";
import { readI32 } from "../integers.js";

/** What readers have before they start. */
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Reads received bytes from `position` to `end`. Reading beyond the end, or a malformed varint, sets `failed` and gives
 * 0, so that a parser can read on and look at `failed` once.
 */
export class PacketReader {
  buffer = NOTHING;
  position = 0;
  end = 0;
  failed = false;

  start(buffer: Uint8Array, position: number, end: number): void {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
    this.failed = false;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Skips `size` bytes; gives the place where they begin. */
  skip(size: number): number {
    const at = this.position;
    if (size > this.end - at) {
      this.failed = true;
      this.position = this.end;
      return at;
    }
    this.position = at + size;
    return at;
  }

  u8(): number {
    const at = this.skip(1);
    return this.failed ? 0 : (this.buffer[at] as number);
  }

  u16(): number {
    const at = this.skip(2);
    return this.failed ? 0 : (this.buffer[at] as number) | ((this.buffer[at + 1] as number) << 8);
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  /**
   * 32 bits as a signed number, for where only the bits count: half of the unsigned ones would be objects on the heap.
   */
  i32(): number {
    const at = this.skip(4);
    return this.failed ? 0 : readI32(this.buffer, at);
  }

  /** A copy of the next `size` bytes; empty when there are fewer. */
  bytes(size: number): Uint8Array {
    const at = this.skip(size);
    return this.failed ? new Uint8Array(0) : cloneBytes(this.buffer, at, at + size);
  }

  varint(): number {
    const first = this.u8();
    switch (first & 3) {
      case 0:
        return first >> 2;
      case 1:
        return (first >> 2) | (this.u8() << 6);
      case 2: {
        const at = this.skip(3);
        if (this.failed) return 0;
        const { buffer } = this;
        const middle = ((buffer[at] as number) << 6) | ((buffer[at + 1] as number) << 14);
        return (first >> 2) | middle | ((buffer[at + 2] as number) << 22);
      }
      default:
        this.failed = true;
        return 0;
    }
  }
}
