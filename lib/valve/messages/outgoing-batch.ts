import { native, SEND_RECORD } from "../../addon/native.js";
import { checkBytes, checkInteger } from "../../arguments.js";
import type { Random } from "../../random.js";
import { fakeMessageLoss, isLost } from "./fake-message-loss.js";
import { checkSendFlags, type SendFlags } from "./send-type.js";

const MAX_SIZE_BYTES = 0x3fffffff;

/**
 * Messages to be sent together with `sendBatch`, in memory that is reused and grows as needed: the fastest way to send
 * many.
 */
export class OutgoingBatch {
  /** Messages in the batch. */
  count = 0;
  /**
   * What became of the messages of the last `sendBatch`, in their order: the message number; or minus a `Result` (-25
   * `LimitExceeded`: the send buffer is full); or 0: not tried, because one before it on the same connection failed, or
   * thrown away by the emulated `FakeMessageLossSend`. The next `sendBatch` overwrites it.
   */
  results: Float64Array = new Float64Array(256);
  #bytes: Uint8Array;
  #u32: Uint32Array;
  #end = 0;

  /** @param sizeBytes initial memory, 4096 to 2^30-1 bytes; a message takes 16 to 23 bytes more than its payload */
  constructor(sizeBytes = 65_536) {
    checkInteger("sizeBytes", sizeBytes, 4096, MAX_SIZE_BYTES);
    this.#bytes = new Uint8Array((sizeBytes + 7) & ~7);
    this.#u32 = new Uint32Array(this.#bytes.buffer);
  }

  /** The memory that {@link reserve} points into. The next `reserve` or `add` may replace it. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Bytes in use. */
  get sizeBytes(): number {
    return this.#end;
  }

  /**
   * Adds a message; the payload is copied. A message that is too large (see `sendMessageToConnection`), or for an
   * unknown connection, fails when it is sent.
   *
   * @param flags GNS's flags, also or-ed
   * @param lane 0 unless lanes were configured
   */
  add(connection: number, data: Uint8Array, flags: SendFlags, lane = 0): void {
    checkBytes("data", data);
    const offset = this.reserve(connection, data.length, flags, lane);
    if (data.length > 0) this.#bytes.set(data, offset);
  }

  /**
   * Adds a message of `length` bytes and returns the offset in {@link bytes} where its payload is to be written. Until
   * then it contains old bytes.
   */
  reserve(connection: number, length: number, flags: SendFlags, lane = 0): number {
    checkInteger("connection", connection, 0, 0xffffffff);
    checkInteger("length", length, 0, MAX_SIZE_BYTES);
    checkSendFlags(flags);
    checkInteger("lane", lane, 0, 0xffff);
    const record = this.#end;
    const end = (record + SEND_RECORD.payload + length + 7) & ~7;
    if (end > this.#bytes.length) this.#grow(end);
    const u32 = this.#u32;
    u32[(record + SEND_RECORD.connection) >> 2] = connection;
    u32[(record + SEND_RECORD.length) >> 2] = length;
    u32[(record + SEND_RECORD.flags) >> 2] = flags;
    u32[(record + SEND_RECORD.lane) >> 2] = lane;
    this.#end = end;
    this.count++;
    return record + SEND_RECORD.payload;
  }

  /** Removes all messages. */
  clear(): void {
    this.count = 0;
    this.#end = 0;
  }

  /** @internal See `NetworkingSockets.sendBatch`. */
  send(owner: number, random: Random): void {
    const { count } = this;
    if (this.results.length < count) this.results = new Float64Array(Math.max(count, this.results.length * 2));
    if (fakeMessageLoss.send > 0) this.#sendWithLoss(owner, random);
    else native.sendBatch(owner, this.#bytes, count, this.results);
    this.clear();
  }

  /** Removes the messages that are thrown away before the rest is sent. */
  #sendWithLoss(owner: number, random: Random): void {
    const sent: number[] = [];
    let end = 0;
    let record = 0;
    for (let index = 0; index < this.count; index++) {
      const length = this.#u32[(record + SEND_RECORD.length) >> 2] as number;
      const flags = this.#u32[(record + SEND_RECORD.flags) >> 2] as number;
      const next = (record + SEND_RECORD.payload + length + 7) & ~7;
      if (!isLost(fakeMessageLoss.send, flags, random)) {
        this.#bytes.copyWithin(end, record, next);
        end += next - record;
        sent.push(index);
      }
      record = next;
    }
    const results = new Float64Array(sent.length);
    native.sendBatch(owner, this.#bytes, sent.length, results);
    this.results.fill(0, 0, this.count);
    for (const [position, index] of sent.entries()) this.results[index] = results[position] as number;
  }

  #grow(neededBytes: number): void {
    checkInteger("the size of the batch", neededBytes, 0, MAX_SIZE_BYTES);
    const bytes = new Uint8Array(Math.min(Math.max(neededBytes, this.#bytes.length * 2), MAX_SIZE_BYTES & ~7));
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bytes;
    this.#u32 = new Uint32Array(bytes.buffer);
  }
}
