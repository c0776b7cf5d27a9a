import { writeU16, writeU32 } from "../integers.js";

/** A ConnectRequest and an Accept with the longest Noise messages are shorter. */
const CAPACITY_BYTES = 512;

/** Writes what is sent rarely, one value after the other; `finish` gives a copy. */
export class PacketWriter {
  readonly #bytes = new Uint8Array(CAPACITY_BYTES);
  /** How many bytes have been written. */
  length = 0;

  u8(value: number): this {
    this.#bytes[this.length++] = value;
    return this;
  }

  u16(value: number): this {
    this.length = writeU16(this.#bytes, this.length, value);
    return this;
  }

  u32(value: number): this {
    this.length = writeU32(this.#bytes, this.length, value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** The bytes written so far, followed by zeros up to `minBytes`. */
  finish(minBytes = 0): Uint8Array {
    return this.#bytes.slice(0, Math.max(this.length, minBytes));
  }
}
