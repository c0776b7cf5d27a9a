import { RECORD } from "../../addon/native.js";
import { checkBytes, rangeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { type MessageSlab, slabPool } from "./message-slab.js";
import { SendFlags } from "./send-type.js";

/**
 * A received message (ValveSockets README), made by the `receiveMessages…` methods. It owns its bytes until
 * {@link destroy}. After that every property throws `NetworkError` `ERR_MESSAGE_DESTROYED`, and the bytes of a `data`
 * array that was kept belong to other messages (or are 0xdd, with `Library.poisonDestroyedMessages`).
 */
export class NetworkingMessage {
  #slab: MessageSlab | null;
  readonly #record: number;

  /** @internal `record` is the offset of a record in `slab`. */
  constructor(slab: MessageSlab, record: number) {
    this.#slab = slab;
    this.#record = record;
  }

  /** Who the sender says it is; a new object at each access. */
  get identity(): NetworkingIdentity {
    const slab = this.#open();
    return NetworkingIdentity.decode(slab.bytes, slab.u32[(this.#record + RECORD.identity) >> 2]);
  }

  /** The connection's user data when the message was received; -1n if none was set. */
  get userData(): bigint {
    return this.#open().i64[(this.#record + RECORD.userData) >> 3] as bigint;
  }

  /** When it was received, in microseconds of `Library.time`. */
  get timeReceived(): number {
    return this.#open().f64[(this.#record + RECORD.timeReceived) >> 3] as number;
  }

  /** The sender's number, from 1 on in each lane. Unreliable messages that were lost leave gaps. */
  get messageNumber(): number {
    return this.#open().f64[(this.#record + RECORD.messageNumber) >> 3] as number;
  }

  /** The payload, in place: valid until {@link destroy}. */
  get data(): Uint8Array {
    const slab = this.#open();
    const start = this.#record + RECORD.payload;
    return slab.bytes.subarray(start, start + slab.length(this.#record));
  }

  /** Bytes of payload. */
  get length(): number {
    return this.#open().length(this.#record);
  }

  /** The connection that it came in by. */
  get connection(): number {
    return this.#open().u32[(this.#record + RECORD.connection) >> 2] as number;
  }

  /** The channel of `NetworkingMessages`; -1 for messages of connections. It is not the lane. */
  get channel(): number {
    return this.#open().i32[(this.#record + RECORD.channel) >> 2] as number;
  }

  /** The lane that it was sent in (GNS); 0 unless lanes are used. */
  get lane(): number {
    return this.#open().u32[(this.#record + RECORD.lane) >> 2] as number;
  }

  /** Whether it was sent reliably (GNS). Unreliable messages over 16,500 bytes are too. */
  get isReliable(): boolean {
    const flags = this.#open().u32[(this.#record + RECORD.flags) >> 2] as number;
    return (flags & SendFlags.Reliable) !== 0;
  }

  /**
   * Copies the payload to the start of `destination`.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE`: `destination` is shorter than the payload
   */
  copyTo(destination: Uint8Array): void {
    checkBytes("destination", destination);
    const data = this.data;
    if (destination.length < data.length) throw rangeError("destination", `at least ${data.length} bytes long`);
    destination.set(data);
  }

  /** Gives the memory back. A second call does nothing. */
  destroy(): void {
    const slab = this.#slab;
    if (slab === null) return;
    this.#slab = null;
    slabPool.release(slab, this.#record);
  }

  /** The same as {@link destroy}, for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  #open(): MessageSlab {
    if (this.#slab === null) throw new NetworkError("ERR_MESSAGE_DESTROYED", "The message has been destroyed");
    return this.#slab;
  }
}
