import { bitsFor } from "./bits.js";
import { type Codec, defineCodec, type Kernel } from "./codec.js";
import { badValue, requireInteger, wrongInteger, wrongValue } from "./errors.js";

function scalar<T>(
  layout: string,
  bits: number | [min: number, max: number],
  first: T,
  functions: Pick<Codec<T>, "write" | "read">,
  kernel?: Omit<Kernel<T>, "bits">,
): Codec<T> {
  const [minBits, maxBits] = typeof bits === "number" ? [bits, bits] : bits;
  const whole = kernel && { kernel: { bits: minBits, ...kernel } };
  const definition = { layout, minBits, maxBits, ...functions, ...whole, equals: (a: T, b: T) => a === b };
  return defineCodec<T>({ ...definition, default: () => first });
}

/** The kernel of whole numbers from `min` on, of which all patterns of `bits` bits are one. */
function wholeKernel(min: number, bits: number, max = min + 2 ** bits - 1): Omit<Kernel<number>, "bits"> {
  return {
    toInteger: (value) => {
      if (!(value >= min && value <= max && Number.isInteger(value))) throw wrongInteger(value, min, max);
      return (value - min) | 0;
    },
    fromInteger: (integer) => {
      const value = (integer >>> 0) + min;
      if (value > max) throw badValue(`${value} is not from ${min} to ${max}`);
      return value;
    },
  };
}

/** The kernel of whole numbers in two's complement. */
function signedKernel(bits: number): Omit<Kernel<number>, "bits"> {
  const unusedBits = 32 - bits;
  const half = 2 ** (bits - 1);
  return {
    toInteger: (value) => {
      if ((value << unusedBits) >> unusedBits !== value) throw wrongInteger(value, -half, half - 1);
      return value & (-1 >>> unusedBits);
    },
    fromInteger: (integer) => (integer << unusedBits) >> unusedBits,
  };
}

/** `true` or `false` in one bit. */
export const bool = scalar(
  "bool",
  1,
  false,
  {
    write: (writer, value) => writer.writeBoolean(value),
    read: (reader) => reader.readBoolean(),
  },
  {
    toInteger: (value) => {
      if (typeof value !== "boolean") throw wrongValue(value, "boolean", "a boolean");
      return value ? 1 : 0;
    },
    fromInteger: (integer) => integer === 1,
  },
);

/** A whole number from 0 to 255. */
export const u8 = scalar(
  "u8",
  8,
  0,
  {
    write: (writer, value) => writer.writeUint8(value),
    read: (reader) => reader.readUint8(),
  },
  wholeKernel(0, 8),
);

/** A whole number from 0 to 65,535. */
export const u16 = scalar(
  "u16",
  16,
  0,
  {
    write: (writer, value) => writer.writeUint16(value),
    read: (reader) => reader.readUint16(),
  },
  wholeKernel(0, 16),
);

/** A whole number from 0 to 2^32 - 1, in 32 bits. `packed` is shorter for small numbers. */
export const u32 = scalar(
  "u32",
  32,
  0,
  {
    write: (writer, value) => writer.writeUint32(value),
    read: (reader) => reader.readUint32(),
  },
  wholeKernel(0, 32),
);

/** A whole number from -128 to 127. */
export const i8 = scalar(
  "i8",
  8,
  0,
  {
    write: (writer, value) => writer.writeInt8(value),
    read: (reader) => reader.readInt8(),
  },
  signedKernel(8),
);

/** A whole number from -32,768 to 32,767. */
export const i16 = scalar(
  "i16",
  16,
  0,
  {
    write: (writer, value) => writer.writeInt16(value),
    read: (reader) => reader.readInt16(),
  },
  signedKernel(16),
);

/** A whole number from -2^31 to 2^31 - 1. */
export const i32 = scalar(
  "i32",
  32,
  0,
  {
    write: (writer, value) => writer.writeInt32(value),
    read: (reader) => reader.readInt32(),
  },
  signedKernel(32),
);

/** A safe whole number from 0 to 2^53 - 1, in 53 bits. */
export const u53 = scalar("u53", 53, 0, {
  write: (writer, value) => writer.writeUint53(value),
  read: (reader) => reader.readUint53(),
});

/** A safe whole number from -(2^53 - 1) to 2^53 - 1, in 54 bits. */
export const i54 = scalar("i54", 54, 0, {
  write: (writer, value) => writer.writeInt54(value),
  read: (reader) => reader.readInt54(),
});

/** A bigint from 0 to 2^64 - 1. */
export const u64 = scalar("u64", 64, 0n, {
  write: (writer, value) => writer.writeUint64(value),
  read: (reader) => reader.readUint64(),
});

/** A bigint from -2^63 to 2^63 - 1. */
export const i64 = scalar("i64", 64, 0n, {
  write: (writer, value) => writer.writeInt64(value),
  read: (reader) => reader.readInt64(),
});

/** A whole number from 0 to 2^53 - 1 in 1 to 8 bytes: one byte up to 240, two up to 2287, three up to 67,823. */
export const packed = scalar("packed", [8, 64], 0, {
  write: (writer, value) => writer.writePacked(value),
  read: (reader) => reader.readPacked(),
});

/** A whole number from -2^52 to 2^52 - 1 in 1 to 8 bytes, fewer the nearer it is to 0: one byte from -120 to 120. */
export const packedSigned = scalar("packedSigned", [8, 64], 0, {
  write: (writer, value) => writer.writePackedSigned(value),
  read: (reader) => reader.readPackedSigned(),
});

/** A bigint from 0 to 2^64 - 1 in 1 to 9 bytes, like `packed`. */
export const packed64 = scalar("packed64", [8, 72], 0n, {
  write: (writer, value) => writer.writePackedBigInt(value),
  read: (reader) => reader.readPackedBigInt(),
});

/**
 * A whole number from 0 to 2^count - 1, in `count` (1 to 32) bits.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function bits(count: number): Codec<number> {
  requireInteger("count", count, 1, 32);
  const max = 2 ** count - 1;
  return scalar(
    `bits(${count})`,
    count,
    0,
    {
      write: (writer, value) => writer.writeRanged(value, 0, max),
      read: (reader) => reader.readBits(count),
    },
    wholeKernel(0, count),
  );
}

/**
 * A whole number from `min` to `max`, which are less than 2^32 apart, in as few bits as that range needs.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function ranged(min: number, max: number): Codec<number> {
  requireInteger("min", min, -(2 ** 52), 2 ** 52);
  requireInteger("max", max, min, min + 2 ** 32 - 1);
  const count = bitsFor(max - min);
  const first = min <= 0 && max >= 0 ? 0 : min;
  return scalar(
    `ranged(${min},${max})`,
    count,
    first,
    {
      write: (writer, value) => writer.writeRanged(value, min, max),
      read: (reader) => reader.readRanged(min, max),
    },
    count > 0 ? wholeKernel(min, count, max) : undefined,
  );
}

/**
 * A whole number from -2^(count-1) to 2^(count-1) - 1, in `count` (1 to 32) bits. Small numbers of either sign have
 * zeros in the high bits.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function zigZag(count: number): Codec<number> {
  requireInteger("count", count, 1, 32);
  const half = 2 ** (count - 1);
  return scalar(
    `zigZag(${count})`,
    count,
    0,
    {
      write: (writer, value) => writer.writeZigZag(value, count),
      read: (reader) => reader.readZigZag(count),
    },
    {
      toInteger: (value) => {
        if (!Number.isInteger(value) || value < -half || value >= half) throw wrongInteger(value, -half, half - 1);
        return ((value << 1) ^ (value >> 31)) & (-1 >>> (32 - count));
      },
      fromInteger: (integer) => (integer >>> 1) ^ -(integer & 1),
    },
  );
}

/**
 * A whole number from 0 to 2^32 - 1 in as many blocks of `blockBits` (1 to 32) bits as it needs. Each block takes one
 * bit more, so this is for numbers that are small most of the time.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function blocks(blockBits: number): Codec<number> {
  requireInteger("blockBits", blockBits, 1, 32);
  return scalar(`blocks(${blockBits})`, [blockBits + 1, Math.ceil(32 / blockBits) * (blockBits + 1)], 0, {
    write: (writer, value) => writer.writeBlocks(value, blockBits),
    read: (reader) => reader.readBlocks(blockBits),
  });
}

/**
 * A whole number from 0 to 2^large - 1 in one of three sizes, behind a prefix of one or two bits: `small` < `medium` <
 * `large` (at most 32) bits.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function sized(small: number, medium: number, large = 32): Codec<number> {
  requireInteger("small", small, 1, 30);
  requireInteger("medium", medium, small + 1, 31);
  requireInteger("large", large, medium + 1, 32);
  return scalar(`sized(${small},${medium},${large})`, [small + 1, large + 2], 0, {
    write: (writer, value) => {
      if (!(value >= 0 && value < 2 ** large && Number.isInteger(value))) throw wrongInteger(value, 0, 2 ** large - 1);
      const tier = value < 2 ** small ? 0 : value < 2 ** medium ? 1 : 3;
      writer.writeBits(tier, tier === 0 ? 1 : 2);
      writer.writeBits(value, tier === 0 ? small : tier === 1 ? medium : large);
    },
    read: (reader) => reader.readBits(!reader.readBoolean() ? small : !reader.readBoolean() ? medium : large),
  });
}
