import { isUint8Array } from "../brands.js";
import { copyBytes } from "../bytes.js";
import { NetworkError } from "../network-error.js";
import {
  appendBits,
  bitsAt,
  bitsFor,
  float32,
  float32Bits,
  float64,
  float64Bits,
  LOW_HALF,
  replaceBits,
  SLACK_BYTES,
} from "./bits.js";
import { requireInteger, wrongInteger, wrongValue } from "./errors.js";
import { encodeText } from "./text.js";

/** Options of a {@link NetworkWriter}. */
export interface NetworkWriterOptions {
  /** How much memory it starts with; it doubles when that is full. @defaultValue 1300 bytes */
  sizeBytes?: number;
  /** A longer message is refused with `ERR_MESSAGE_SIZE`. @defaultValue 524,288 bytes */
  maxBytes?: number;
}

function requireUint64(value: bigint): void {
  if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) return;
  throw wrongValue(value, "bigint", "a bigint from 0 to 2^64 - 1");
}

/**
 * Writes values bit by bit, the lowest bit first, without padding. For wrong values it throws `TypeError` or
 * `RangeError`, and a `NetworkError` with `ERR_MESSAGE_SIZE` if the message would exceed `maxBytes`. Nothing of that
 * value is written then, but a codec may have written other parts of its value before; `truncate` removes them.
 */
export class NetworkWriter {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #capacityBits = 0;
  #position = 0;
  readonly #maxBytes: number;

  /** @throws TypeError, RangeError for a size that is no whole number from 1 to 2^27 */
  constructor({ sizeBytes = 1300, maxBytes = 524_288 }: NetworkWriterOptions = {}) {
    requireInteger("maxBytes", maxBytes, 1, 2 ** 27);
    requireInteger("sizeBytes", sizeBytes, 1, 2 ** 27);
    this.#maxBytes = maxBytes;
    this.#resize(Math.min(sizeBytes, maxBytes));
  }

  #resize(sizeBytes: number): void {
    const written = this.#bytes;
    this.#bytes = new Uint8Array(sizeBytes + SLACK_BYTES);
    this.#bytes.set(written);
    this.#view = new DataView(this.#bytes.buffer);
    this.#capacityBits = sizeBytes * 8;
  }

  /** How many bits have been written. */
  get bitLength(): number {
    return this.#position;
  }

  /** How many bytes these bits take. Unused bits of the last byte are zero. */
  get byteLength(): number {
    return (this.#position + 7) >>> 3;
  }

  /** What has been written, without a copy: valid until the next write or reset. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.byteLength);
  }

  /** The memory that it writes to, valid until the next write, for callers that take a buffer and a length. */
  get buffer(): Uint8Array {
    return this.#bytes;
  }

  /** A copy of what has been written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.byteLength);
  }

  /** Empties the writer, which keeps its memory. */
  reset(): void {
    this.#position = 0;
  }

  /** Removes everything behind bit `bitLength`. @throws RangeError for a bit behind the last one */
  truncate(bitLength: number): void {
    requireInteger("bitLength", bitLength, 0, this.#position);
    this.#position = bitLength;
    const shift = bitLength & 7;
    const index = bitLength >>> 3;
    if (shift !== 0) this.#bytes[index] = (this.#bytes[index] as number) & ((1 << shift) - 1);
  }

  /** Makes room for `bits` more bits and returns where they start. */
  #advance(bits: number): number {
    const start = this.#position;
    const end = start + bits;
    if (end > this.#capacityBits) this.#grow(end);
    this.#position = end;
    return start;
  }

  #grow(bits: number): void {
    const needed = Math.ceil(bits / 8);
    if (needed > this.#maxBytes) {
      throw new NetworkError("ERR_MESSAGE_SIZE", `The message is over the limit of ${this.#maxBytes} bytes`);
    }
    this.#resize(Math.min(Math.max(needed, this.#capacityBits / 4), this.#maxBytes));
  }

  /** @internal Makes room for so many bits, and gives the memory to straight code that ends with `setBitLength`. */
  reserve(bits: number): DataView {
    const end = this.#position + bits;
    if (end > this.#capacityBits) this.#grow(end);
    return this.#view;
  }

  /** @internal Straight code has written up to here, and zeros up to the next multiple of 32 bits. */
  setBitLength(bitLength: number): void {
    this.#position = bitLength;
  }

  /** Writes the low `bits` (0 to 32) bits of a whole number and ignores those above. */
  writeBits(value: number, bits: number): void {
    if (bits === 0) return;
    if (!(bits > 0 && bits <= 32)) throw wrongInteger(bits, 0, 32);
    // This comes first, because growing replaces the memory.
    const start = this.#advance(bits);
    appendBits(this.#bytes, this.#view, start, value, bits);
  }

  /** Replaces `bits` (0 to 32) bits written before, such as a count or a mask that is known only afterwards. */
  writeBitsAt(position: number, value: number, bits: number): void {
    requireInteger("bits", bits, 0, 32);
    requireInteger("position", position, 0, this.#position - bits);
    replaceBits(this.#bytes, position, value, bits);
  }

  /** Writes zero bits up to the next whole byte. */
  align(): void {
    this.writeBits(0, -this.#position & 7);
  }

  /** One bit. */
  writeBoolean(value: boolean): void {
    if (typeof value !== "boolean") throw wrongValue(value, "boolean", "a boolean");
    this.writeBits(value ? 1 : 0, 1);
  }

  /** A whole number from 0 to 255, in 8 bits. */
  writeUint8(value: number): void {
    if ((value & 0xff) !== value) throw wrongInteger(value, 0, 0xff);
    this.writeBits(value, 8);
  }

  /** A whole number from 0 to 65,535, in 16 bits. */
  writeUint16(value: number): void {
    if ((value & 0xffff) !== value) throw wrongInteger(value, 0, 0xffff);
    this.writeBits(value, 16);
  }

  /** A whole number from 0 to 2^32 - 1, in 32 bits. */
  writeUint32(value: number): void {
    if (value >>> 0 !== value) throw wrongInteger(value, 0, 2 ** 32 - 1);
    this.writeBits(value, 32);
  }

  /** A whole number from -128 to 127, in 8 bits. */
  writeInt8(value: number): void {
    if ((value << 24) >> 24 !== value) throw wrongInteger(value, -0x80, 0x7f);
    this.writeBits(value, 8);
  }

  /** A whole number from -32,768 to 32,767, in 16 bits. */
  writeInt16(value: number): void {
    if ((value << 16) >> 16 !== value) throw wrongInteger(value, -0x8000, 0x7fff);
    this.writeBits(value, 16);
  }

  /** A whole number from -2^31 to 2^31 - 1, in 32 bits. */
  writeInt32(value: number): void {
    if ((value | 0) !== value) throw wrongInteger(value, -(2 ** 31), 2 ** 31 - 1);
    this.writeBits(value, 32);
  }

  /** A safe whole number from 0 to 2^53 - 1, in 53 bits. */
  writeUint53(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw wrongInteger(value, 0, Number.MAX_SAFE_INTEGER);
    this.writeBits(value, 32);
    this.writeBits(value / 2 ** 32, 21);
  }

  /** A safe whole number of either sign, in 54 bits. */
  writeInt54(value: number): void {
    if (!Number.isSafeInteger(value)) throw wrongInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    this.writeBits(value, 32);
    this.writeBits(Math.floor(value / 2 ** 32), 22);
  }

  /** A bigint from 0 to 2^64 - 1, in 64 bits. */
  writeUint64(value: bigint): void {
    requireUint64(value);
    this.#writeBigInt(value);
  }

  /** A bigint from -2^63 to 2^63 - 1, in 64 bits. */
  writeInt64(value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) {
      throw wrongValue(value, "bigint", "a bigint from -2^63 to 2^63 - 1");
    }
    this.#writeBigInt(value);
  }

  #writeBigInt(value: bigint): void {
    this.writeBits(Number(BigInt.asIntN(32, value)), 32);
    this.writeBits(Number(BigInt.asIntN(32, value >> 32n)), 32);
  }

  /** A safe whole number from 0 up, in 1 to 8 bytes: one byte up to 240, two up to 2287, three up to 67,823. */
  writePacked(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw wrongInteger(value, 0, Number.MAX_SAFE_INTEGER);
    this.#writePackedHalves(value % 2 ** 32, Math.floor(value / 2 ** 32));
  }

  /** The same for a bigint from 0 to 2^64 - 1, in at most 9 bytes. */
  writePackedBigInt(value: bigint): void {
    requireUint64(value);
    this.#writePackedHalves(Number(BigInt.asUintN(32, value)), Number(value >> 32n));
  }

  #writePackedHalves(low: number, high: number): void {
    if (high !== 0) {
      const highBytes = (bitsFor(high) + 7) >>> 3;
      this.writeBits(251 + highBytes, 8);
      this.writeBits(low, 32);
      this.writeBits(high, highBytes * 8);
    } else if (low <= 240) {
      this.writeBits(low, 8);
    } else if (low <= 2287) {
      this.writeBits(241 + ((low - 240) >>> 8) + (((low - 240) & 0xff) << 8), 16);
    } else if (low <= 67_823) {
      this.writeBits(249 | ((low - 2288) << 8), 24);
    } else if (low < 2 ** 24) {
      this.writeBits(250 | (low << 8), 32);
    } else {
      this.writeBits(251, 8);
      this.writeBits(low, 32);
    }
  }

  /** A whole number from -2^52 to 2^52 - 1, as `writePacked` of its zig-zag form (0, -1, 1, -2 as 0, 1, 2, 3). */
  writePackedSigned(value: number): void {
    if (!Number.isInteger(value) || value < -(2 ** 52) || value >= 2 ** 52) {
      throw wrongInteger(value, -(2 ** 52), 2 ** 52 - 1);
    }
    this.writePacked(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** A whole number of either sign in `bits` (1 to 32) bits, in zig-zag form: 0, -1, 1, -2 as 0, 1, 2, 3. */
  writeZigZag(value: number, bits: number): void {
    const half = 2 ** (bits - 1);
    if (!Number.isInteger(value) || value < -half || value >= half) throw wrongInteger(value, -half, half - 1);
    this.writeBits((value << 1) ^ (value >> 31), bits);
  }

  /** A whole number from `min` to `max`, which are less than 2^32 apart, in as few bits as that range needs. */
  writeRanged(value: number, min: number, max: number): void {
    if (!(value >= min && value <= max && Number.isInteger(value))) throw wrongInteger(value, min, max);
    this.writeBits(value - min, bitsFor(max - min));
  }

  /** A number from 0 to 2^32 - 1 in blocks of `blockBits` (1 to 32) bits: their count in unary, then the blocks. */
  writeBlocks(value: number, blockBits: number): void {
    if (value >>> 0 !== value) throw wrongInteger(value, 0, 2 ** 32 - 1);
    const blocks = Math.max(1, Math.ceil(bitsFor(value) / blockBits));
    this.writeBits(-1, blocks - 1);
    this.writeBits(0, 1);
    this.writeBits(value, Math.min(blocks * blockBits, 32));
    this.writeBits(0, Math.max(blocks * blockBits - 32, 0));
  }

  /** A number in 32 bits (IEEE 754), rounded to what they hold. */
  writeFloat32(value: number): void {
    if (typeof value !== "number") throw wrongValue(value, "number", "a number");
    float32[0] = value;
    this.writeBits(float32Bits[0] as number, 32);
  }

  /** A number in 64 bits (IEEE 754), exactly. */
  writeFloat64(value: number): void {
    if (typeof value !== "number") throw wrongValue(value, "number", "a number");
    float64[0] = value;
    this.writeBits(float64Bits[LOW_HALF] as number, 32);
    this.writeBits(float64Bits[1 - LOW_HALF] as number, 32);
  }

  /** Bytes without their length. They may start at any bit. */
  writeBytes(bytes: Uint8Array): void {
    if (!isUint8Array(bytes)) throw wrongValue(bytes, "Uint8Array", "a Uint8Array");
    this.#copy(bytes, 0, bytes.length * 8);
  }

  /** `length` bytes of `bytes` from `offset` on. Up to 127 of them make no object, where both start at a whole byte. */
  writeSegment(bytes: Uint8Array, offset: number, length: number): void {
    if (!isUint8Array(bytes)) throw wrongValue(bytes, "Uint8Array", "a Uint8Array");
    requireInteger("offset", offset, 0, bytes.length);
    requireInteger("length", length, 0, bytes.length - offset);
    this.#copy(bytes, offset * 8, length * 8);
  }

  /** A text as UTF-8, without its length. @returns that length in bytes; halves of surrogate pairs become U+FFFD */
  writeText(text: string): number {
    if (typeof text !== "string") throw wrongValue(text, "string", "a string");
    return encodeText(this, text);
  }

  /** Copies `bits` bits of another writer from its bit `fromBit` on. Neither side has to be at a whole byte. */
  copyFrom(writer: NetworkWriter, fromBit: number, bits: number): void {
    requireInteger("fromBit", fromBit, 0, writer.#position);
    requireInteger("bits", bits, 0, writer.#position - fromBit);
    const isAligned = ((fromBit | this.#position) & 7) === 0;
    if (isAligned || fromBit < 7 || bits === 0) this.#copy(writer.#bytes, fromBit, bits);
    else this.#copyWords(writer.#view, fromBit, bits);
  }

  /**
   * As `#copy`, four bytes at a time from the first byte of the target on: with the bits before those that are copied,
   * which there have to be, and which do not count. The bytes behind the end are there, as in each writer's memory.
   */
  #copyWords(source: DataView, fromBit: number, bits: number): void {
    const start = this.#advance(bits);
    const target = this.#view;
    const written = start & 7;
    let to = start >>> 3;
    let at = (fromBit - written) >>> 3;
    const shift = (fromBit - written) & 7;
    let before = written === 0 ? 0 : target.getUint8(to);
    let copied = -1 << written;
    let left = written + bits;
    for (; left >= 32; left -= 32, at += 4, to += 4) {
      const word = (source.getInt32(at, true) >>> shift) | ((source.getUint8(at + 4) << (31 - shift)) << 1);
      target.setInt32(to, before | (word & copied), true);
      before = 0;
      copied = -1;
    }
    if (left === 0) return;
    const word = (source.getInt32(at, true) >>> shift) | ((source.getUint8(at + 4) << (31 - shift)) << 1);
    target.setInt32(to, before | (word & copied & (-1 >>> (32 - left))), true);
  }

  #copy(source: Uint8Array, fromBit: number, bits: number): void {
    const wholeBytes = ((fromBit | this.#position) & 7) === 0 ? bits >>> 3 : 0;
    let done = wholeBytes * 8;
    // `source` was taken before, since the writer may copy from itself and replaces its memory when it grows.
    const start = this.#advance(bits);
    if (wholeBytes > 0) copyBytes(source, fromBit >>> 3, this.#bytes, start >>> 3, wholeBytes);
    for (; done < bits; done += 32) {
      const count = Math.min(bits - done, 32);
      appendBits(this.#bytes, this.#view, start + done, bitsAt(source, fromBit + done, count), count);
    }
  }
}
