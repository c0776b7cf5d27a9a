import { MessageBuffer } from "../peer/collections/message-buffer.js";
import { ByteSegment, Channel } from "../peer/index.js";

/**
 * More ends the connection. A server may fill the queues of all four lanes, 1 MiB each by default, right behind the
 * welcome, and again as they drain, while the client still has the server prove who it is.
 */
const MAX_BYTES = 16 * 1024 * 1024;
/** What is kept of a message besides its bytes. */
const ENTRY_BYTES = 8;

/**
 * The reliable messages that belong behind a welcome, or a move, that has not been followed yet: they have overtaken it
 * on other lanes, or the client is still checking the server's proof. They share an array: an object for each would
 * cost 100 times what it takes to send an empty one.
 */
export class HeldMessages {
  #parts = new MessageBuffer();
  /** Where each message ends in `#parts`. */
  #ends: number[] = [];

  /** Holds a reliable message; any other may be lost, and is. @returns false: too many bytes */
  add(bytes: ByteSegment, channel: Channel): boolean {
    if (channel !== Channel.Reliable) return true;
    const { buffer, offset, length } = bytes;
    if (this.#parts.size + length + ENTRY_BYTES * (this.#ends.length + 1) > MAX_BYTES) return false;
    this.#parts.append(buffer, offset, length, MAX_BYTES);
    this.#ends.push(this.#parts.size);
    return true;
  }

  release(receive: (bytes: ByteSegment, channel: Channel) => void): void {
    const { bytes } = this.#parts;
    const ends = this.#ends;
    this.clear();
    let start = 0;
    for (const end of ends) {
      receive(new ByteSegment().set(bytes, start, end - start), Channel.Reliable);
      start = end;
    }
  }

  clear(): void {
    this.#parts = new MessageBuffer();
    this.#ends = [];
  }
}
