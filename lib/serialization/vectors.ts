import { outOfRange } from "../arguments.js";
import { type Codec, defineCodec } from "./codec.js";
import { requireInteger, wrongValue } from "./errors.js";
import { float32, roundHalfEven } from "./floats.js";
import type { NetworkReader } from "./network-reader.js";
import { struct } from "./struct.js";

/** A point or direction in the plane. */
export interface Vector2 {
  x: number;
  y: number;
}

/** A point or direction in space. */
export interface Vector3 extends Vector2 {
  z: number;
}

/** A rotation. */
export interface Quaternion extends Vector3 {
  w: number;
}

/** `{ x, y }`. By default each axis has the codec of the axis before it. */
export function vec2(x: Codec<number> = float32, y = x): Codec<Vector2> {
  return struct({ x, y });
}

/** `{ x, y, z }`. By default each axis has the codec of the axis before it. */
export function vec3(x: Codec<number> = float32, y = x, z = y): Codec<Vector3> {
  return struct({ x, y, z });
}

/** Only the largest component can be above this. */
const LARGEST_OF_REST = Math.SQRT1_2;

/**
 * A rotation `{ x, y, z, w }`: the three smallest components in `bits` bits each, and two bits that say which one is
 * left out. It takes 29 bits with the default of 9 (steps of 0.0028), 32 bits with 10. What is read has length 1.
 * Quaternions of another length are normalised; (0, 0, 0, 0) is written as no rotation.
 *
 * @throws RangeError for other `bits`
 */
export function quaternion(bits: 9 | 10 = 9): Codec<Quaternion> {
  requireInteger("bits", bits, 9, 10);
  const totalBits = 2 + 3 * bits;
  const top = 2 ** (bits - 1) - 1;
  const mask = 2 ** bits - 1;
  const unusedBits = 32 - bits;

  const steps = (component: number, scale: number) => roundHalfEven(component * scale * top) & mask;
  const pack = (value: Quaternion) => {
    if (typeof value !== "object" || value === null) throw wrongValue(value, "object", "a quaternion");
    const { x, y, z, w } = value;
    const length = Math.sqrt(x * x + y * y + z * z + w * w);
    if (!Number.isFinite(length)) throw outOfRange("a quaternion of finite numbers is needed");
    if (length === 0) return 0;
    let [largest, size] = [0, Math.abs(x)];
    if (Math.abs(y) > size) [largest, size] = [1, Math.abs(y)];
    if (Math.abs(z) > size) [largest, size] = [2, Math.abs(z)];
    if (Math.abs(w) > size) largest = 3;
    const left = largest === 0 ? x : largest === 1 ? y : largest === 2 ? z : w;
    // A quaternion and its negative are the same rotation. The one with a positive largest component is written.
    const scale = (left < 0 ? -1 : 1) / (length * LARGEST_OF_REST);
    const a = steps(largest === 0 ? y : x, scale);
    const b = steps(largest <= 1 ? z : y, scale);
    const c = steps(largest <= 2 ? w : z, scale);
    return ((((3 - largest) * 2 ** bits + a) * 2 ** bits + b) * 2 ** bits + c) >>> 0;
  };

  const component = (pattern: number) =>
    (Math.max((pattern << unusedBits) >> unusedBits, -top) / top) * LARGEST_OF_REST;
  const readInto = (reader: NetworkReader, target: Quaternion) => {
    const pattern = reader.readBits(totalBits);
    const largest = 3 - (pattern >>> (3 * bits));
    const a = component(pattern >>> (2 * bits));
    const b = component(pattern >>> bits);
    const c = component(pattern);
    const square = a * a + b * b + c * c;
    // Only a hostile sender writes three components longer than 1. The fourth is 0 then.
    const scale = square > 1 ? 1 / Math.sqrt(square) : 1;
    const left = square > 1 ? 0 : Math.sqrt(1 - square);
    target.x = largest === 0 ? left : a * scale;
    target.y = largest === 0 ? a * scale : largest === 1 ? left : b * scale;
    target.z = largest <= 1 ? b * scale : largest === 2 ? left : c * scale;
    target.w = largest === 3 ? left : c * scale;
    return target;
  };

  return defineCodec<Quaternion>({
    layout: `quaternion(${bits})`,
    minBits: totalBits,
    maxBits: totalBits,
    write: (writer, value) => writer.writeBits(pack(value), totalBits),
    read: (reader) => readInto(reader, { x: 0, y: 0, z: 0, w: 1 }),
    readInto,
    equals: (a, b) => pack(a) === pack(b),
    default: () => ({ x: 0, y: 0, z: 0, w: 1 }),
  });
}
