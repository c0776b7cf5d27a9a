import { writeU16, writeU32 } from "../integers.js";

/** A ConnectRequest and an Accept with the longest Noise messages are shorter. */
const CAPACITY_BYTES = 512;
/** Serves all writers: a buffer for each packet is most of what a flood of requests costs. */
const shared = new Uint8Array(CAPACITY_BYTES);

/**
 * Writes what is sent rarely, one value after the other; `finish` gives a copy. A packet has to be finished before
 * another one begins.
 */
export class PacketWriter {
  /** How many bytes have been written. */
  length = 0;

  u8(value: number): this {
    shared[this.length++] = value;
    return this;
  }

  u16(value: number): this {
    this.length = writeU16(shared, this.length, value);
    return this;
  }

  u32(value: number): this {
    this.length = writeU32(shared, this.length, value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    shared.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** The bytes written so far, followed by zeros up to `minBytes`. */
  finish(minBytes = 0): Uint8Array {
    if (minBytes <= this.length) return shared.slice(0, this.length);
    const bytes = new Uint8Array(minBytes);
    bytes.set(shared.subarray(0, this.length));
    return bytes;
  }
}
