import type { Codec } from "../../serialization/index.js";
import type { Interpolation } from "./interpolation.js";

type Between = Interpolation<unknown>["between"];

/** What a member's options say of the values between two. */
interface BetweenOptions {
  readonly interpolate?: { readonly between: Between };
  readonly snap?: number;
}

/** What a number, a vector, a quaternion or a struct of numbers is as numbers. */
export interface NumberShape {
  /** How many numbers it is. */
  readonly columns: number;
  /** The names of its components; null for a number. */
  readonly names: readonly string[] | null;
  /** For each number a whole turn, if it is an angle, or 0. */
  readonly periods: readonly number[];
  readonly isQuaternion: boolean;
  /** Two values that are farther from each other than this have none between them. */
  readonly snap: number;
  /** What the application says is between two values. */
  readonly between: Between;
  /** Whether what is between two values is found number by number, without any of the above. */
  readonly isPlain: boolean;
}

/** A whole turn in the unit of an angle's codec; 0 for any other codec. */
function periodOf(codec: Codec<unknown> | undefined): number {
  return Number(/^angle\(([^,]+),/.exec(codec?.layout ?? "")?.[1] ?? 0);
}

/** The shape of a codec's values, null if they are not numbers, or vectors, quaternions or structs of them. */
export function numberShape(codec: Codec<unknown>, options: BetweenOptions): NumberShape | null {
  const value = codec.default();
  const isObject = typeof value === "object" && value !== null;
  const names = isObject ? Object.keys(value) : null;
  const numbers = isObject ? Object.values(value) : [value];
  if (numbers.length === 0 || !numbers.every((number) => typeof number === "number")) return null;
  const periods = names ? names.map((name) => periodOf(codec.fields?.[name])) : [periodOf(codec)];
  const isQuaternion = codec.layout.startsWith("quaternion(");
  const { snap = Number.POSITIVE_INFINITY, interpolate } = options;
  const between = interpolate?.between ?? null;
  const isPlain = !isQuaternion && !between && snap === Number.POSITIVE_INFINITY && periods.every((turn) => turn === 0);
  return { columns: numbers.length, names, periods, isQuaternion, snap, between, isPlain };
}

/** The short way from one number to another. */
export function shortWay(difference: number, period: number): number {
  return period === 0 ? difference : difference - period * Math.round(difference / period);
}

function fromNumbers({ names }: NumberShape, numbers: Float64Array, at: number): unknown {
  return names ? Object.fromEntries(names.map((name, column) => [name, numbers[at + column]])) : numbers[at];
}

/** Whether two values are farther from each other than may be shown as a way. */
export function isSnap(shape: NumberShape, from: Float64Array, fromAt: number, to: Float64Array, toAt: number) {
  const { columns, periods, snap } = shape;
  if (snap === Number.POSITIVE_INFINITY) return false;
  let squared = 0;
  for (let column = 0; column < columns; column++) {
    const difference = (to[toAt + column] as number) - (from[fromAt + column] as number);
    squared += shortWay(difference, periods[column] as number) ** 2;
  }
  return squared > snap * snap;
}

/**
 * Writes to `target` the value a part of the way from one to another; beyond 1 it is extrapolated. Angles go the short
 * way, and stay in the range that their codecs read.
 */
export function blend(
  shape: NumberShape,
  from: Float64Array,
  fromAt: number,
  to: Float64Array,
  toAt: number,
  part: number,
  target: Float64Array,
  at: number,
): void {
  const { columns, periods, isQuaternion, between, names } = shape;
  if (part === 0 || isSnap(shape, from, fromAt, to, toAt)) {
    for (let column = 0; column < columns; column++) target[at + column] = from[fromAt + column] as number;
    return;
  }
  if (between) {
    const value = between(fromNumbers(shape, from, fromAt), fromNumbers(shape, to, toAt), part);
    for (let column = 0; column < columns; column++) {
      target[at + column] = names
        ? ((value as Record<string, number>)[names[column] as string] as number)
        : (value as number);
    }
    return;
  }
  if (isQuaternion) {
    turn(from, fromAt, to, toAt, part, target, at);
    return;
  }
  for (let column = 0; column < columns; column++) {
    const start = from[fromAt + column] as number;
    const period = periods[column] as number;
    const value = start + shortWay((to[toAt + column] as number) - start, period) * part;
    target[at + column] = period === 0 ? value : value - period * Math.floor(value / period + 0.5);
  }
}

/** Rotations: a quaternion and its negative are the same one. What is between two has length 1. */
function turn(
  from: Float64Array,
  fromAt: number,
  to: Float64Array,
  toAt: number,
  part: number,
  target: Float64Array,
  at: number,
): void {
  let dot = 0;
  for (let column = 0; column < 4; column++) dot += (from[fromAt + column] as number) * (to[toAt + column] as number);
  const sign = dot < 0 ? -1 : 1;
  let squared = 0;
  for (let column = 0; column < 4; column++) {
    const start = from[fromAt + column] as number;
    const value = start + (sign * (to[toAt + column] as number) - start) * part;
    target[at + column] = value;
    squared += value * value;
  }
  const scale = squared > 0 ? 1 / Math.sqrt(squared) : 1;
  for (let column = 0; column < 4; column++) target[at + column] = (target[at + column] as number) * scale;
}
