import { bitsFor } from "./bits.js";
import { type Codec, defineCodec } from "./codec.js";
import { requireInteger, wrongInteger } from "./errors.js";
import type { NetworkReader } from "./network-reader.js";
import type { NetworkWriter } from "./network-writer.js";

function scalar<T>(
  layout: string,
  bits: number | [min: number, max: number],
  write: (writer: NetworkWriter, value: T) => void,
  read: (reader: NetworkReader) => T,
  first: T,
): Codec<T> {
  const [minBits, maxBits] = typeof bits === "number" ? [bits, bits] : bits;
  return defineCodec<T>({
    layout,
    write,
    read,
    minBits,
    maxBits,
    equals: (a, b) => a === b,
    default: () => first,
  });
}

/** `true` or `false` in one bit. */
export const bool = scalar<boolean>(
  "bool",
  1,
  (writer, value) => writer.writeBoolean(value),
  (reader) => reader.readBoolean(),
  false,
);

/** A whole number from 0 to 255. */
export const u8 = scalar<number>(
  "u8",
  8,
  (writer, value) => writer.writeUint8(value),
  (reader) => reader.readUint8(),
  0,
);

/** A whole number from 0 to 65,535. */
export const u16 = scalar<number>(
  "u16",
  16,
  (writer, value) => writer.writeUint16(value),
  (reader) => reader.readUint16(),
  0,
);

/** A whole number from 0 to 2^32 - 1, in 32 bits; `packed` is shorter for small ones. */
export const u32 = scalar<number>(
  "u32",
  32,
  (writer, value) => writer.writeUint32(value),
  (reader) => reader.readUint32(),
  0,
);

/** A whole number from -128 to 127. */
export const i8 = scalar<number>(
  "i8",
  8,
  (writer, value) => writer.writeInt8(value),
  (reader) => reader.readInt8(),
  0,
);

/** A whole number from -32,768 to 32,767. */
export const i16 = scalar<number>(
  "i16",
  16,
  (writer, value) => writer.writeInt16(value),
  (reader) => reader.readInt16(),
  0,
);

/** A whole number from -2^31 to 2^31 - 1. */
export const i32 = scalar<number>(
  "i32",
  32,
  (writer, value) => writer.writeInt32(value),
  (reader) => reader.readInt32(),
  0,
);

/** A safe whole number from 0 to 2^53 - 1, in 53 bits. */
export const u53 = scalar<number>(
  "u53",
  53,
  (writer, value) => writer.writeUint53(value),
  (reader) => reader.readUint53(),
  0,
);

/** A safe whole number from -(2^53 - 1) to 2^53 - 1, in 54 bits. */
export const i54 = scalar<number>(
  "i54",
  54,
  (writer, value) => writer.writeInt54(value),
  (reader) => reader.readInt54(),
  0,
);

/** A bigint from 0 to 2^64 - 1. */
export const u64 = scalar<bigint>(
  "u64",
  64,
  (writer, value) => writer.writeUint64(value),
  (reader) => reader.readUint64(),
  0n,
);

/** A bigint from -2^63 to 2^63 - 1. */
export const i64 = scalar<bigint>(
  "i64",
  64,
  (writer, value) => writer.writeInt64(value),
  (reader) => reader.readInt64(),
  0n,
);

/** A whole number from 0 to 2^53 - 1 in 1 to 8 bytes: one up to 240, two up to 2287, three up to 67,823. */
export const packed = scalar<number>(
  "packed",
  [8, 64],
  (writer, value) => writer.writePacked(value),
  (reader) => reader.readPacked(),
  0,
);

/** A whole number from -2^52 to 2^52 - 1 in 1 to 8 bytes, the fewer the nearer to 0: one from -120 to 120. */
export const packedSigned = scalar<number>(
  "packedSigned",
  [8, 64],
  (writer, value) => writer.writePackedSigned(value),
  (reader) => reader.readPackedSigned(),
  0,
);

/** A bigint from 0 to 2^64 - 1 in 1 to 9 bytes, as `packed`. */
export const packed64 = scalar<bigint>(
  "packed64",
  [8, 72],
  (writer, value) => writer.writePackedBigInt(value),
  (reader) => reader.readPackedBigInt(),
  0n,
);

/** A whole number from 0 to 2^count - 1, in `count` (1 to 32) bits. */
export function bits(count: number): Codec<number> {
  requireInteger("count", count, 1, 32);
  const max = 2 ** count - 1;
  return scalar<number>(
    `bits(${count})`,
    count,
    (writer, value) => writer.writeRanged(value, 0, max),
    (reader) => reader.readBits(count),
    0,
  );
}

/** A whole number from `min` to `max`, which are less than 2^32 apart, in as few bits as that range needs. */
export function ranged(min: number, max: number): Codec<number> {
  requireInteger("min", min, -(2 ** 52), 2 ** 52);
  requireInteger("max", max, min, min + 2 ** 32 - 1);
  return scalar<number>(
    `ranged(${min},${max})`,
    bitsFor(max - min),
    (writer, value) => writer.writeRanged(value, min, max),
    (reader) => reader.readRanged(min, max),
    min <= 0 && max >= 0 ? 0 : min,
  );
}

/**
 * A whole number from -2^(count-1) to 2^(count-1) - 1 in `count` (1 to 32) bits; small ones of either sign leave high
 * bits 0.
 */
export function zigZag(count: number): Codec<number> {
  requireInteger("count", count, 1, 32);
  return scalar<number>(
    `zigZag(${count})`,
    count,
    (writer, value) => writer.writeZigZag(value, count),
    (reader) => reader.readZigZag(count),
    0,
  );
}

/**
 * A whole number from 0 to 2^32 - 1 in as many blocks of `blockBits` (1 to 32) bits as it needs, each at the cost of
 * one bit more: for numbers that are small most of the time.
 */
export function blocks(blockBits: number): Codec<number> {
  requireInteger("blockBits", blockBits, 1, 32);
  return scalar<number>(
    `blocks(${blockBits})`,
    [blockBits + 1, Math.ceil(32 / blockBits) * (blockBits + 1)],
    (writer, value) => writer.writeBlocks(value, blockBits),
    (reader) => reader.readBlocks(blockBits),
    0,
  );
}

/**
 * A whole number from 0 to 2^large - 1 in one of three sizes, behind a prefix of one or two bits: `small` < `medium` <
 * `large` (at most 32) bits.
 */
export function sized(small: number, medium: number, large = 32): Codec<number> {
  requireInteger("small", small, 1, 30);
  requireInteger("medium", medium, small + 1, 31);
  requireInteger("large", large, medium + 1, 32);
  return scalar<number>(
    `sized(${small},${medium},${large})`,
    [small + 1, large + 2],
    (writer, value) => {
      if (!(value >= 0 && value < 2 ** large && Number.isInteger(value))) throw wrongInteger(value, 0, 2 ** large - 1);
      const tier = value < 2 ** small ? 0 : value < 2 ** medium ? 1 : 3;
      writer.writeBits(tier, tier === 0 ? 1 : 2);
      writer.writeBits(value, tier === 0 ? small : tier === 1 ? medium : large);
    },
    (reader) => reader.readBits(!reader.readBoolean() ? small : !reader.readBoolean() ? medium : large),
    0,
  );
}
