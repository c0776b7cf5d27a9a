import { cloneBytes } from "../../bytes.js";

/** The bytes of the length before each message: u32, big-endian. */
const HEADER_SIZE = 4;

/** A message with its length before it, as it goes over TCP. */
export function frameMessage(data: Uint8Array): Uint8Array {
  const framed = new Uint8Array(HEADER_SIZE + data.length);
  new DataView(framed.buffer).setUint32(0, data.length);
  framed.set(data, HEADER_SIZE);
  return framed;
}

/** Cuts what comes over a TCP connection into messages. It holds at most twice the bytes that wait. */
export class MessageReader {
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** The memory that it holds. */
  get heldBytes(): number {
    return this.#buffer.length;
  }

  push(chunk: Uint8Array): void {
    const size = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(size + chunk.length, 2 * size));
      grown.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = grown;
      this.#start = 0;
      this.#end = size;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The size that the next message announces; null while less than that has arrived of it. */
  get nextSize(): number | null {
    if (this.#end - this.#start < HEADER_SIZE) return null;
    return new DataView(this.#buffer.buffer).getUint32(this.#start);
  }

  /** Whether the next message is complete. */
  get isReady(): boolean {
    const size = this.nextSize;
    return size !== null && this.#end - this.#start >= HEADER_SIZE + size;
  }

  /** Takes the next message, which is complete. */
  take(): Uint8Array {
    const from = this.#start + HEADER_SIZE;
    const to = from + (this.nextSize as number);
    const message = cloneBytes(this.#buffer, from, to);
    this.#start = to;
    if (this.#start === this.#end) {
      this.#buffer = new Uint8Array(0);
      this.#start = 0;
      this.#end = 0;
    }
    return message;
  }
}
