import { native, RECORD, type ReceiveSource } from "../../addon/native.js";
import { checkInteger, typeError } from "../../arguments.js";
import type { Random } from "../../random.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { fakeMessageLoss, isRecordLost } from "./fake-message-loss.js";
import { MessageSlab, slabSizeFor } from "./message-slab.js";
import { SendFlags } from "./send-type.js";

/** Options of a {@link MessageBatch}. */
export interface MessageBatchOptions {
  /**
   * Bytes of memory, 4096 to 2^30-1. It grows when a message does not fit.
   *
   * @defaultValue 262,144
   */
  sizeBytes?: number;
  /**
   * The most messages taken at once, 1 to 2^31-1.
   *
   * @defaultValue 256
   */
  maxMessages?: number;
}

/**
 * Received messages in memory that is reused. They are read one after the other, without an object for each.
 *
 * ```ts
 * while (sockets.receiveBatch(ReceiveSource.PollGroup, group, batch) > 0) {
 *   while (batch.next()) handle(batch.connection, batch.data);
 * }
 * ```
 *
 * Its properties describe the current message and are valid until the next `receiveBatch`; {@link copy} keeps a
 * payload.
 */
export class MessageBatch {
  /** How many messages `receiveBatch` takes at most: the option of this name. */
  readonly maxMessages: number;
  /** Messages that `receiveBatch` took, including those that `FakeMessageLossRecv` throws away. */
  count = 0;
  #slab: MessageSlab;
  #record = 0;
  #end = 0;
  /** Where the next record starts. */
  #next = 0;
  #random: Random = Math.random;
  readonly #received = new Uint32Array(2);

  /** @throws RangeError `ERR_OUT_OF_RANGE`: a size under 4096, no message */
  constructor(options: MessageBatchOptions = {}) {
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { sizeBytes = 262_144, maxMessages = 256 } = options;
    checkInteger("sizeBytes", sizeBytes, 4096, 0x3fffffff);
    checkInteger("maxMessages", maxMessages, 1, 0x7fffffff);
    this.maxMessages = maxMessages;
    this.#slab = new MessageSlab((sizeBytes + 7) & ~7);
  }

  /** Moves on to the next message; call it before the first one too. False: there are no more. */
  next(): boolean {
    while (this.#next < this.#end) {
      this.#record = this.#next;
      this.#next = this.#slab.next(this.#record);
      if (fakeMessageLoss.receive === 0 || !isRecordLost(this.#slab, this.#record, this.#random)) return true;
    }
    return false;
  }

  /** The connection that the message came in by. */
  get connection(): number {
    return this.#slab.u32[(this.#record + RECORD.connection) >> 2] as number;
  }

  /** Bytes of payload. */
  get length(): number {
    return this.#slab.length(this.#record);
  }

  /** The payload in place. A new `Uint8Array` at each access: {@link bytes} and {@link offset} do without. */
  get data(): Uint8Array {
    const start = this.offset;
    return this.#slab.bytes.subarray(start, start + this.length);
  }

  /** The memory of the whole batch, which `receiveBatch` may replace. */
  get bytes(): Uint8Array {
    return this.#slab.bytes;
  }

  /** Where in {@link bytes} the payload starts. */
  get offset(): number {
    return this.#record + RECORD.payload;
  }

  /** The payload in memory of its own. */
  copy(): Uint8Array {
    return this.#slab.bytes.slice(this.offset, this.offset + this.length);
  }

  /** The sender's number, from 1 on in each lane. */
  get messageNumber(): number {
    return this.#slab.f64[(this.#record + RECORD.messageNumber) >> 3] as number;
  }

  /** When it was received, in microseconds of `Library.time`. */
  get timeReceived(): number {
    return this.#slab.f64[(this.#record + RECORD.timeReceived) >> 3] as number;
  }

  /** The connection's user data when the message was received. */
  get userData(): bigint {
    return this.#slab.i64[(this.#record + RECORD.userData) >> 3] as bigint;
  }

  /** Whether the message was sent reliably. */
  get isReliable(): boolean {
    return ((this.#slab.u32[(this.#record + RECORD.flags) >> 2] as number) & SendFlags.Reliable) !== 0;
  }

  /** -1 for messages of connections. */
  get channel(): number {
    return this.#slab.i32[(this.#record + RECORD.channel) >> 2] as number;
  }

  /** The sender's lane, from 0 on. */
  get lane(): number {
    return this.#slab.u32[(this.#record + RECORD.lane) >> 2] as number;
  }

  /** Who the sender says it is; a new object at each access. */
  get identity(): NetworkingIdentity {
    return NetworkingIdentity.decode(this.#slab.bytes, this.#slab.u32[(this.#record + RECORD.identity) >> 2]);
  }

  /** @internal See `NetworkingSockets.receiveBatch`. */
  receive(owner: number, source: ReceiveSource, handle: number, random: Random): number {
    const out = this.#received;
    this.#random = random;
    this.#next = this.#end = this.count = 0;
    let taken = native.receive(owner, source, handle, this.maxMessages, this.#slab.bytes, 0, out);
    if (taken === 0 && (out[1] as number) > 0) {
      this.#slab = new MessageSlab(slabSizeFor(out[1] as number));
      taken = native.receive(owner, source, handle, this.maxMessages, this.#slab.bytes, 0, out);
    }
    if (taken <= 0) return taken;
    this.#end = out[0] as number;
    this.count = taken;
    return taken;
  }
}
