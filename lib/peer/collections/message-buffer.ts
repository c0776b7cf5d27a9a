import { copyBytes } from "../../bytes.js";

/**
 * What stays for the next message. Most that come in parts are cut by the end of a packet and have less. Memory anew
 * for each message of 1200 bytes was half of what its receiver did.
 */
const IDLE_BYTES = 2048;
const EMPTY_BYTES = 4;

/**
 * The parts of a message that have come, one behind the other. It grows with what arrives; the memory of a long message
 * goes with it.
 */
export class MessageBuffer {
  bytes = new Uint8Array(EMPTY_BYTES);
  size = 0;
  /** What the message has been charged for. */
  #chargedBytes = 0;

  /**
   * @param limit how long the message can be, in bytes
   * @returns how many bytes of memory more the message takes now
   */
  append(source: Uint8Array, from: number, length: number, limit: number): number {
    if (this.size + length > this.bytes.length) {
      const old = this.bytes;
      this.bytes = new Uint8Array(Math.min(2 * (this.size + length), Math.max(limit, EMPTY_BYTES)));
      this.bytes.set(old);
    }
    copyBytes(source, from, this.bytes, this.size, length);
    this.size += length;
    const more = this.bytes.length - this.#chargedBytes;
    this.#chargedBytes += more;
    return more;
  }

  /**
   * The message is complete: `bytes` are no longer needed, or somebody has them.
   *
   * @param isKept whether memory may stay for the next one, which nobody is charged for: not that of a stranger
   * @returns what it was charged for
   */
  clear(isKept: boolean): number {
    const charged = this.#chargedBytes;
    this.#chargedBytes = 0;
    this.size = 0;
    if (!isKept || this.bytes.length > IDLE_BYTES) this.bytes = new Uint8Array(EMPTY_BYTES);
    return charged;
  }

  /** What has been appended: the buffer itself where it is full, else a copy. */
  take(): Uint8Array {
    return this.size === this.bytes.length ? this.bytes : this.bytes.slice(0, this.size);
  }
}
