import { inField } from "../../serialization/errors.js";
import { NetworkWriter } from "../../serialization/index.js";
import type { MessageDefinition } from "./message.js";

/** The largest `maxReliableMessageSize` of a Peer; the limit of a connection can be lower, and is checked there. */
const MAX_BYTES = 1_000_000;

/** Writes messages, each into the same memory. */
export class MessageEncoder {
  readonly #writer = new NetworkWriter({ maxBytes: MAX_BYTES });
  readonly #number = new NetworkWriter({ maxBytes: 9 });
  #numberBytes = 0;

  /** The message is in the first `length` bytes, until the next `encode`. */
  get buffer(): Uint8Array {
    return this.#writer.buffer;
  }

  get length(): number {
    return this.#writer.byteLength;
  }

  /** @throws TypeError, RangeError for a wrong value; NetworkError `ERR_MESSAGE_SIZE` */
  encode<T>(wireNumber: number, message: MessageDefinition<T>, value: T): void {
    this.#writer.reset();
    this.#writer.writePacked(wireNumber);
    this.#numberBytes = this.#writer.byteLength;
    try {
      message.codec.write(this.#writer, value);
    } catch (error) {
      throw inField(error, message.name);
    }
  }

  /** The message that it holds gets another number. */
  renumber<T>(wireNumber: number, message: MessageDefinition<T>, value: T): void {
    this.#number.reset();
    this.#number.writePacked(wireNumber);
    const { buffer, byteLength } = this.#number;
    if (byteLength !== this.#numberBytes) this.encode(wireNumber, message, value);
    else for (let at = 0; at < byteLength; at++) this.#writer.buffer[at] = buffer[at] as number;
  }
}
