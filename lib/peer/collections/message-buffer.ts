import { copyBytes } from "../../bytes.js";

/** The parts of a message that have come, one behind the other. It grows with what arrives, and never shrinks. */
export class MessageBuffer {
  bytes = new Uint8Array(4);
  size = 0;
  readonly #limit: number;

  /** @param limit the most that is ever appended, in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  append(source: Uint8Array, from: number, length: number): void {
    if (this.size + length > this.bytes.length) {
      const old = this.bytes;
      this.bytes = new Uint8Array(Math.min(2 * (this.size + length), Math.max(this.#limit, 4)));
      this.bytes.set(old);
    }
    copyBytes(source, from, this.bytes, this.size, length);
    this.size += length;
  }

  /** What has been appended: the buffer itself where it is full, else a copy. */
  take(): Uint8Array {
    return this.size === this.bytes.length ? this.bytes : this.bytes.slice(0, this.size);
  }
}
