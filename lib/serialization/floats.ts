import { outOfRange } from "../arguments.js";
import { type Codec, defineCodec } from "./codec.js";
import { inField, requireInteger, wrongValue } from "./errors.js";

// Of this file alone, not those of bits.ts: V8 looks up what is imported at each use.
const float32Value = new Float32Array(1);
const float32Bits = new Int32Array(float32Value.buffer);

/** A number in 32 bits, with about 7 digits. */
export const float32: Codec<number> = defineCodec<number>({
  layout: "float32",
  minBits: 32,
  maxBits: 32,
  write: (writer, value) => writer.writeFloat32(value),
  read: (reader) => reader.readFloat32(),
  kernel: {
    bits: 32,
    toInteger: (value) => {
      if (typeof value !== "number") throw wrongValue(value, "number", "a number");
      float32Value[0] = value;
      return float32Bits[0] as number;
    },
    fromInteger: (integer) => {
      float32Bits[0] = integer;
      return float32Value[0] as number;
    },
  },
  equals: (a, b) => Object.is(Math.fround(a), Math.fround(b)),
  default: () => 0,
});

/** A number in 64 bits, exactly. */
export const float64: Codec<number> = defineCodec<number>({
  layout: "float64",
  minBits: 64,
  maxBits: 64,
  write: (writer, value) => writer.writeFloat64(value),
  read: (reader) => reader.readFloat64(),
  equals: (a, b) => Object.is(a, b),
  default: () => 0,
});

/** How precise a number is: either the largest step between two values, or the bits that a value takes. */
export type Resolution = { precision: number; bits?: never } | { bits: number; precision?: never };

const MAX_QUANTIZED_BITS = 30;

function requireNumber(value: number): void {
  if (typeof value !== "number" || Number.isNaN(value)) throw wrongValue(value, "number", "a number");
}

function requirePositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw inField(wrongValue(value, "number", "a positive number"), name);
  }
}

function resolve(resolution: Resolution, bitsFor: (precision: number) => number, minBits: number): number {
  if (resolution.bits !== undefined) {
    requireInteger("bits", resolution.bits, minBits, MAX_QUANTIZED_BITS);
    return resolution.bits;
  }
  requirePositive("precision", resolution.precision);
  const bits = Math.max(bitsFor(resolution.precision), minBits);
  if (bits > MAX_QUANTIZED_BITS)
    throw outOfRange(`precision: ${bits} bits are over the limit of ${MAX_QUANTIZED_BITS}`);
  return bits;
}

/** Rounds to the nearest whole number and halves to the even one, so that they do not drift upwards. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** How a quantized number is written. */
export type QuantizedOptions = Resolution & {
  /** The largest magnitude. Numbers beyond it, infinite ones included, are written as the nearest one within. */
  max: number;
  /** Whether the range starts at `-max`; from 0 on, a number takes one bit less. @defaultValue true */
  signed?: boolean;
};

/**
 * A number within ±`max`, in steps of at most `precision`. 0 and ±`max` are exact.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function quantized(options: QuantizedOptions): Codec<number> {
  const { max, signed = true } = options;
  requirePositive("max", max);
  const bitsFor = (precision: number) => Math.floor(Math.log2(((signed ? 2 : 1) * max) / precision)) + 1;
  const bits = resolve(options, bitsFor, signed ? 2 : 1);
  const top = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const bottom = signed ? -top : 0;
  const unusedBits = signed ? 32 - bits : 0;
  const pack = (value: number) => {
    requireNumber(value);
    return value >= max ? top : value <= (bottom / top) * max ? bottom : roundHalfEven((value / max) * top);
  };
  // One bit pattern of a signed number lies below -max. No writer writes it.
  const unpack = (pattern: number) => (Math.max((pattern << unusedBits) >> unusedBits, bottom) / top) * max;
  const mask = -1 >>> (32 - bits);
  return defineCodec<number>({
    layout: `quantized(${max},${bits}${signed ? "" : ",unsigned"})`,
    minBits: bits,
    maxBits: bits,
    write: (writer, value) => writer.writeBits(pack(value), bits),
    read: (reader) => unpack(reader.readBits(bits)),
    kernel: { bits, toInteger: (value) => pack(value) & mask, fromInteger: unpack },
    equals: (a, b) => pack(a) === pack(b),
    default: () => 0,
  });
}

/** How an angle is written. */
export type AngleOptions = Resolution & {
  /** A whole turn in the unit of the angle, such as `2 * Math.PI` for radians. @defaultValue 360 degrees */
  turn?: number;
};

/**
 * An angle in equal steps around the circle. Any finite angle may be written; what is read is from `-turn / 2` to below
 * `turn / 2`.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function angle(options: AngleOptions): Codec<number> {
  const { turn = 360 } = options;
  requirePositive("turn", turn);
  const bits = resolve(options, (precision) => Math.ceil(Math.log2(turn / precision)), 1);
  const steps = 2 ** bits;
  const unusedBits = 32 - bits;
  const pack = (value: number) => {
    if (!Number.isFinite(value)) throw wrongValue(value, "number", "a finite number");
    // Whole turns are removed first: a large number has too few digits left for the rounding.
    return roundHalfEven(((value % turn) / turn) * steps) & (steps - 1);
  };
  const unpack = (pattern: number) => (((pattern << unusedBits) >> unusedBits) / steps) * turn;
  return defineCodec<number>({
    layout: `angle(${turn},${bits})`,
    minBits: bits,
    maxBits: bits,
    write: (writer, value) => writer.writeBits(pack(value), bits),
    read: (reader) => unpack(reader.readBits(bits)),
    kernel: { bits, toInteger: pack, fromInteger: unpack },
    equals: (a, b) => pack(a) === pack(b),
    default: () => 0,
  });
}
