import { copyBytes } from "./copy-bytes.js";
import { varintSize, writeVarint } from "./varint.js";

const FIRST_BYTES = 1024;

/**
 * Messages that wait, as the frames that they will be: kind, length, bytes. Bounded in bytes; its memory grows as needed
 * and never shrinks.
 */
export class MessageQueue {
  readonly #limitBytes: number;
  #buffer = new Uint8Array(0);
  #head = 0;
  #tail = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get sizeBytes(): number {
    return this.#tail - this.#head;
  }

  /** @returns false when it does not fit. An empty queue takes any message. */
  push(kind: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const size = 1 + varintSize(length) + length;
    if (this.sizeBytes > 0 && this.sizeBytes + size > this.#limitBytes) return false;
    this.#reserve(size);
    this.#buffer[this.#tail] = kind;
    const at = writeVarint(this.#buffer, this.#tail + 1, length);
    copyBytes(bytes, offset, length, this.#buffer, at);
    this.#tail += size;
    return true;
  }

  /**
   * How many bytes of whole frames fit into `maxBytes`; a first frame that is larger counts too. They are copied to
   * `packet` at `at`, and stay in the queue until `drop`.
   */
  peek(packet: Uint8Array, at: number, maxBytes: number): number {
    let end = this.#head;
    while (end < this.#tail) {
      const next = this.#frameEnd(end);
      if (next - this.#head > maxBytes && end > this.#head) break;
      end = next;
    }
    packet.set(this.#buffer.subarray(this.#head, end), at);
    return end - this.#head;
  }

  drop(bytes: number): void {
    this.#head += bytes;
    if (this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
    }
  }

  #frameEnd(start: number): number {
    const buffer = this.#buffer;
    const first = buffer[start + 1] as number;
    const second = (buffer[start + 2] as number) << 6;
    switch (first & 3) {
      case 0:
        return start + 2 + (first >> 2);
      case 1:
        return start + 3 + ((first >> 2) | second);
      default: {
        const high = ((buffer[start + 3] as number) << 14) | ((buffer[start + 4] as number) << 22);
        return start + 5 + ((first >> 2) | second | high);
      }
    }
  }

  #reserve(size: number): void {
    if (this.#tail + size <= this.#buffer.length) return;
    const used = this.sizeBytes;
    let capacity = Math.max(FIRST_BYTES, this.#buffer.length);
    // Half full at most, so that what is queued is rarely moved.
    while (capacity < 2 * (used + size)) capacity *= 2;
    const target = capacity > this.#buffer.length ? new Uint8Array(capacity) : this.#buffer;
    target.set(this.#buffer.subarray(this.#head, this.#tail));
    this.#buffer = target;
    this.#head = 0;
    this.#tail = used;
  }
}
