import { outOfRange } from "../arguments.js";
import { isUint8Array } from "../brands.js";
import { NetworkError } from "../network-error.js";
import { bitsAt, bitsFor, float32, float32Bits, float64, float64Bits, LOW_HALF } from "./bits.js";
import { badValue, endOfMessage, requireInteger, tooManyObjects, wrongInteger, wrongValue } from "./errors.js";
import { decodeText } from "./text.js";

const none = new Uint8Array(0);

/** The memory that the values of a message may take: so much, and so much more for each byte of it. */
const HEAP_BYTES = 2 ** 18;
const HEAP_BYTES_PER_BYTE = 128;

/** What {@link NetworkReader.readSegment} sets: a `ByteSegment` of the Peer, for one. */
export interface SegmentTarget {
  /** Points at `length` bytes of `buffer` from `offset` on. */
  set(buffer: Uint8Array, offset: number, length: number): unknown;
}

/**
 * Reads what a {@link NetworkWriter} wrote. Each read checks the bounds first and throws a `NetworkError`:
 * `ERR_END_OF_MESSAGE` if there are not enough bits, `ERR_BAD_VALUE` if they are bits that no writer writes.
 */
export class NetworkReader {
  #bytes: Uint8Array = none;
  #position = 0;
  #end = 0;
  /** The memory that values may still take. */
  #heapLeft = 0;

  /** @param bytes are not copied; see {@link reset} */
  constructor(bytes: Uint8Array = none) {
    this.reset(bytes);
  }

  /**
   * Starts to read `length` bytes of `bytes` from `offset` on. It makes no copy, so they must not change. Without
   * arguments it only releases the last message. `bitPosition` counts from the start of `bytes`.
   *
   * @throws TypeError, RangeError for a wrong argument, or bytes over 2^27
   */
  reset(bytes: Uint8Array = none, offset = 0, length: number = bytes.length - offset): void {
    if (!isUint8Array(bytes)) throw wrongValue(bytes, "Uint8Array", "a Uint8Array");
    if (bytes.length > 2 ** 27) throw outOfRange(`${bytes.length} bytes are over 2^27, the longest message`);
    requireInteger("offset", offset, 0, bytes.length);
    requireInteger("length", length, 0, bytes.length - offset);
    this.#bytes = bytes;
    this.#position = offset * 8;
    this.#end = (offset + length) * 8;
    this.#heapLeft = HEAP_BYTES + length * HEAP_BYTES_PER_BYTE;
  }

  /** The position of the next bit to read. */
  get bitPosition(): number {
    return this.#position;
  }

  /** How many bits can still be read; within a section, of the section. */
  get bitsLeft(): number {
    return this.#end - this.#position;
  }

  /** Moves behind the next `bits` bits and returns where they start. */
  #advance(bits: number): number {
    const start = this.#position;
    const end = start + bits;
    if (end > this.#end) throw endOfMessage();
    this.#position = end;
    return start;
  }

  /** Throws `ERR_END_OF_MESSAGE` unless `bits` bits are left. Call it before allocating memory for them. */
  require(bits: number): void {
    if (bits > this.#end - this.#position) throw endOfMessage();
  }

  /**
   * Charges the message for objects that stand for few bits. All of one message may take 256 KiB, and 128 bytes more
   * for each byte of it.
   * @throws NetworkError `ERR_LIMIT` when they take more. Call it before allocating them
   */
  charge(heapBytes: number): void {
    this.#heapLeft -= heapBytes;
    if (this.#heapLeft < 0) throw tooManyObjects();
  }

  /** Passes over the next `bits` bits. @throws RangeError for what is no whole number from 0 up */
  skip(bits: number): void {
    requireInteger("bits", bits, 0, Number.MAX_SAFE_INTEGER);
    this.#advance(bits);
  }

  /** Continues at a bit at which `bitPosition` was before. @throws RangeError outside 0 to the end of the message */
  seek(bitPosition: number): void {
    requireInteger("bitPosition", bitPosition, 0, this.#end);
    this.#position = bitPosition;
  }

  /** Skips to the start of the next byte, unless it is at one. */
  align(): void {
    this.#advance(-this.#position & 7);
  }

  /** Throws `ERR_TRAILING_BYTES` unless everything has been read, except zero bits that fill the last byte. */
  finish(): void {
    const left = this.bitsLeft;
    if (left > 7 || this.#signed(left) !== 0) {
      throw new NetworkError("ERR_TRAILING_BYTES", `${left} bits follow the message's last value`);
    }
  }

  /**
   * Enters a section of `bits` bits, which reads cannot leave. Pass the result to {@link leave} at its end.
   */
  enter(bits: number): number {
    this.require(bits);
    const outerEnd = this.#end;
    this.#end = this.#position + bits;
    return outerEnd;
  }

  /** Skips the rest of a section and leaves it. */
  leave(outerEnd: number): void {
    this.#position = this.#end;
    this.#end = outerEnd;
  }

  #signed(bits: number): number {
    return bits === 0 ? 0 : bitsAt(this.#bytes, this.#advance(bits), bits);
  }

  /** The next `bits` (0 to 32) bits as a number from 0 to 2^bits - 1. */
  readBits(bits: number): number {
    if (bits === 0) return 0;
    if (!(bits > 0 && bits <= 32)) throw wrongInteger(bits, 0, 32);
    return bitsAt(this.#bytes, this.#advance(bits), bits) >>> 0;
  }

  /** One bit. */
  readBoolean(): boolean {
    return bitsAt(this.#bytes, this.#advance(1), 1) === 1;
  }

  /** 0 to 255, in 8 bits. */
  readUint8(): number {
    return bitsAt(this.#bytes, this.#advance(8), 8);
  }

  /** 0 to 65,535, in 16 bits. */
  readUint16(): number {
    return bitsAt(this.#bytes, this.#advance(16), 16);
  }

  /** 0 to 2^32 - 1, in 32 bits. */
  readUint32(): number {
    return bitsAt(this.#bytes, this.#advance(32), 32) >>> 0;
  }

  /** -128 to 127, in 8 bits. */
  readInt8(): number {
    return (bitsAt(this.#bytes, this.#advance(8), 8) << 24) >> 24;
  }

  /** -32,768 to 32,767, in 16 bits. */
  readInt16(): number {
    return (bitsAt(this.#bytes, this.#advance(16), 16) << 16) >> 16;
  }

  /** -2^31 to 2^31 - 1, in 32 bits. */
  readInt32(): number {
    return bitsAt(this.#bytes, this.#advance(32), 32);
  }

  /** 0 to 2^53 - 1, in 53 bits. */
  readUint53(): number {
    this.require(53);
    const low = this.readBits(32);
    return this.readBits(21) * 2 ** 32 + low;
  }

  /** A safe whole number of either sign, in 54 bits. `ERR_BAD_VALUE` for -2^53. */
  readInt54(): number {
    this.require(54);
    const low = this.readBits(32);
    const value = ((this.readBits(22) << 10) >> 10) * 2 ** 32 + low;
    if (!Number.isSafeInteger(value)) throw badValue("-2^53 is not a safe whole number");
    return value;
  }

  /** 0 to 2^64 - 1, in 64 bits. */
  readUint64(): bigint {
    this.require(64);
    const low = BigInt(this.readBits(32));
    return (BigInt(this.readBits(32)) << 32n) | low;
  }

  /** -2^63 to 2^63 - 1, in 64 bits. */
  readInt64(): bigint {
    return BigInt.asIntN(64, this.readUint64());
  }

  /** What `writePacked` wrote: 0 to 2^53 - 1. `ERR_BAD_VALUE` above that. */
  readPacked(): number {
    const first = this.readUint8();
    if (first <= 251) return this.#readPacked32(first);
    this.require((first - 247) * 8);
    const low = this.readBits(32);
    const high = this.readBits((first - 251) * 8);
    if (high >= 2 ** 21) throw badValue("A packed number is over 2^53 - 1");
    return high * 2 ** 32 + low;
  }

  /** What `writePackedBigInt` wrote: 0 to 2^64 - 1. */
  readPackedBigInt(): bigint {
    const first = this.readUint8();
    if (first <= 251) return BigInt(this.#readPacked32(first));
    this.require((first - 247) * 8);
    const low = BigInt(this.readBits(32));
    return (BigInt(this.readBits((first - 251) * 8)) << 32n) | low;
  }

  /** The rest of a packed number of at most 32 bits. */
  #readPacked32(first: number): number {
    if (first <= 240) return first;
    if (first <= 248) return 240 + ((first - 241) << 8) + this.readUint8();
    if (first === 249) return 2288 + this.readUint16();
    return this.readBits((first - 247) * 8);
  }

  /** What `writePackedSigned` wrote: -2^52 to 2^52 - 1. */
  readPackedSigned(): number {
    const zigZag = this.readPacked();
    return zigZag % 2 === 0 ? zigZag / 2 : -(zigZag + 1) / 2;
  }

  /** What `writeZigZag` wrote with the same `bits`, 1 to 32. */
  readZigZag(bits: number): number {
    const zigZag = this.readBits(bits);
    return (zigZag >>> 1) ^ -(zigZag & 1);
  }

  /** What `writeRanged` wrote with the same range. `ERR_BAD_VALUE` above `max`. */
  readRanged(min: number, max: number): number {
    const value = this.readBits(bitsFor(max - min)) + min;
    if (value > max) throw badValue(`${value} is not from ${min} to ${max}`);
    return value;
  }

  /** What `writeBlocks` wrote with the same `blockBits`. `ERR_BAD_VALUE` above 2^32 - 1. */
  readBlocks(blockBits: number): number {
    let bits = blockBits;
    while (this.readBoolean()) {
      bits += blockBits;
      if (bits >= 32 + blockBits) throw badValue("A number in blocks is over 32 bits");
    }
    this.require(bits);
    const value = this.readBits(Math.min(bits, 32));
    if (bits > 32 && this.readBits(bits - 32) !== 0) throw badValue("A number in blocks is over 2^32 - 1");
    return value;
  }

  /** A number of 32 bits (IEEE 754), NaN and infinities too. */
  readFloat32(): number {
    float32Bits[0] = bitsAt(this.#bytes, this.#advance(32), 32);
    return float32[0] as number;
  }

  /** A number of 64 bits (IEEE 754), NaN and infinities too. */
  readFloat64(): number {
    const start = this.#advance(64);
    float64Bits[LOW_HALF] = bitsAt(this.#bytes, start, 32);
    float64Bits[1 - LOW_HALF] = bitsAt(this.#bytes, start + 32, 32);
    return float64[0] as number;
  }

  /** A copy of the next bytes. */
  readBytes(byteLength: number): Uint8Array {
    this.require(byteLength * 8);
    const start = this.#advance(byteLength * 8);
    const [first, shift] = [start >>> 3, start & 7];
    const bytes = new Uint8Array(byteLength);
    if (shift === 0) {
      bytes.set(this.#bytes.subarray(first, first + byteLength));
    } else {
      const source = this.#bytes;
      for (let index = 0; index < byteLength; index++) {
        const at = first + index;
        bytes[index] = ((source[at] as number) >>> shift) | ((source[at + 1] as number) << (8 - shift));
      }
    }
    return bytes;
  }

  /** The next bytes within the message, valid as long as it is. They have to start at a whole byte (`align`). */
  readBytesView(byteLength: number): Uint8Array {
    const start = this.#wholeBytes(byteLength);
    return new Uint8Array(this.#bytes.buffer as ArrayBuffer, this.#bytes.byteOffset + start, byteLength);
  }

  /** Sets `segment` to the next bytes within the message, as {@link readBytesView}, and makes no object. */
  readSegment<S extends SegmentTarget>(byteLength: number, segment: S): S {
    const start = this.#wholeBytes(byteLength);
    segment.set(this.#bytes, start, byteLength);
    return segment;
  }

  #wholeBytes(byteLength: number): number {
    if ((this.#position & 7) !== 0) throw outOfRange(`Bit ${this.#position} does not start a byte`);
    return this.#advance(byteLength * 8) >>> 3;
  }

  /** A text of `byteLength` bytes of UTF-8. @throws NetworkError `ERR_BAD_VALUE` if they are not UTF-8 */
  readText(byteLength: number): string {
    this.require(byteLength * 8);
    return decodeText(this, byteLength);
  }
}
