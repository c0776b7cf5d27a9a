import { invalidType } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import type { Codec, Kernel, NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { BehaviourDefinition } from "../behaviour/definition.js";
import type { Components } from "../behaviour/live-value.js";
import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";

/** One number of a member: its value, or that of one of its components. */
interface Column {
  readonly codec: Codec<unknown> | null;
  readonly kernel: Kernel<unknown> | null;
  /** Whether the number is the value; else it stands for it, as 1 for true. */
  readonly isNumber: boolean;
  /** A whole turn of an angle; 0 for other numbers. */
  readonly period: number;
}

/** A predicted member as numbers. */
interface PredictedMember {
  readonly member: Member;
  readonly columns: readonly Column[];
  /** Values of a member with components are gathered here; of any other it is null. */
  readonly scratch: Components | null;
}

/** The turn of an angle's codec, by its layout; 0 for another codec. */
const periodOf = ({ layout }: Codec<unknown>) => Number(/^angle\(([^,]+),/.exec(layout)?.[1] ?? 0);

function columnOf(codec: Codec<unknown> | undefined, value: unknown): Column | null {
  const isNumber = typeof value === "number";
  const kernel = codec?.kernel ?? null;
  if (!isNumber && !kernel) return null;
  return { codec: codec ?? null, kernel, isNumber, period: codec ? periodOf(codec) : 0 };
}

function predictedMember(className: string, member: Member): PredictedMember {
  const { codec, components, name } = member;
  const value = codec.default();
  const scratch = components ? (value as Components) : null;
  const columns = components
    ? components.map((component) => columnOf(codec.fields?.[component], (value as Components)[component]))
    : [columnOf(codec, value)];
  if (member.kind === "variable" && columns.every((column) => column !== null)) return { member, columns, scratch };
  throw invalidType(
    `${className}.${name} cannot be predicted: it is no number, boolean or choice, nor consists of them`,
  );
}

/** How far the next value that a codec can write is from this one, which it has written. */
function stepAt({ fromInteger, toInteger }: Kernel<unknown>, value: number): number {
  const integer = toInteger(value);
  let least = Number.POSITIVE_INFINITY;
  for (const next of [integer + 1, integer - 1]) {
    try {
      const distance = Math.abs((fromInteger(next) as number) - value);
      if (distance > 0 && distance < least) least = distance;
    } catch {
      // There is no value beyond the last one.
    }
  }
  return least;
}

/** The length of the difference between two rotations that are one step apart in each of their three numbers. */
const rotationStep = ({ layout }: Codec<unknown>) => (2 * Math.SQRT1_2) / (layout === "quaternion(10)" ? 511 : 255);

/** The predicted members of a class, as the columns of a row of numbers. */
export class PredictedMembers {
  readonly mask: number;
  /** How many numbers each member is. */
  readonly widths: readonly number[];
  readonly #members: readonly PredictedMember[];
  readonly #row: Float64Array;

  /** @throws TypeError that names the class and a member that is not made of numbers, booleans and choices */
  constructor({ className, members }: BehaviourDefinition, mask: number) {
    this.mask = mask;
    this.#members = members.filter(({ bit }) => (mask & bit) !== 0).map((member) => predictedMember(className, member));
    this.widths = this.#members.map(({ columns }) => columns.length);
    this.#row = new Float64Array(this.columnCount);
  }

  get columnCount(): number {
    return this.widths.reduce((sum, width) => sum + width, 0);
  }

  /** Where the numbers of a member begin; -1 if it is not predicted. */
  firstOf({ index }: Member): number {
    let at = 0;
    for (const { member, columns } of this.#members) {
      if (member.index === index) return at;
      at += columns.length;
    }
    return -1;
  }

  /** Of each member what smoothing needs. */
  shapes(snap: number | undefined) {
    return this.#members.map(({ columns, member }) => ({
      columns: columns.length,
      period: (columns[0] as Column).period,
      snap: snap ?? member.options.snap ?? Number.POSITIVE_INFINITY,
    }));
  }

  get(values: MemberValues, row: Float64Array): void {
    let at = 0;
    for (const { member, columns, scratch } of this.#members) {
      const value = values.get(member.index);
      for (let index = 0; index < columns.length; index++) {
        const one = scratch ? (value as Components)[(member.components as readonly string[])[index] as string] : value;
        row[at++] = toNumber(columns[index] as Column, one);
      }
    }
  }

  /** @throws TypeError, RangeError for what a codec cannot write */
  set(values: MemberValues, row: Float64Array): void {
    let at = 0;
    for (let index = 0; index < this.#members.length; index++) {
      const { member, columns, scratch } = this.#members[index] as PredictedMember;
      if (scratch) values.set(member.index, this.#gather(index, at, row));
      else values.set(member.index, fromNumber(columns[0] as Column, row[at] as number));
      at += columns.length;
    }
  }

  /** Writes the members as they are, and not as their codecs would. */
  writeExact(writer: NetworkWriter, values: MemberValues): void {
    this.get(values, this.#row);
    for (let column = 0; column < this.#row.length; column++) writer.writeFloat64(this.#row[column] as number);
  }

  /**
   * Reads them to `row`, and sets them in `values`.
   *
   * @throws NetworkError `ERR_BAD_VALUE` for what no member can be
   */
  readExact(reader: NetworkReader, values: MemberValues, row: Float64Array): void {
    for (let column = 0; column < row.length; column++) row[column] = reader.readFloat64();
    try {
      this.set(values, row);
    } catch {
      throw new NetworkError("ERR_BAD_VALUE", "Exact values that no predicted member can have");
    }
  }

  /**
   * Whether a member was predicted as the server has it. Both are known within half a step of the codec only, the
   * prediction since it was corrected last: they are the same if they are less than a step apart.
   */
  isSame(member: number, first: number, predicted: Float64Array, values: Float64Array): boolean {
    const { columns, scratch, member: of } = this.#members[member] as PredictedMember;
    if (scratch && !of.codec.fields) return isSameRotation(of.codec, first, predicted, values);
    for (let index = 0; index < columns.length; index++) {
      const [one, other] = [predicted[first + index] as number, values[first + index] as number];
      if (!Object.is(one, other) && !isSameNumber(columns[index] as Column, one, other)) return false;
    }
    return true;
  }

  #gather(index: number, at: number, row: Float64Array): Components {
    const { member, columns, scratch } = this.#members[index] as PredictedMember;
    const value = scratch as Components;
    for (let column = 0; column < columns.length; column++) {
      const component = (member.components as readonly string[])[column] as string;
      value[component] = fromNumber(columns[column] as Column, row[at + column] as number);
    }
    return value;
  }
}

const toNumber = ({ isNumber, kernel }: Column, value: unknown) =>
  isNumber ? (value as number) : (kernel as Kernel<unknown>).toInteger(value);

const fromNumber = ({ isNumber, kernel }: Column, number: number) =>
  isNumber ? number : (kernel as Kernel<unknown>).fromInteger(number);

function isSameNumber({ codec, kernel, isNumber, period }: Column, predicted: number, value: number): boolean {
  if (!isNumber) return false;
  if (!kernel) return codec?.equals(predicted, value) ?? false;
  if (kernel.toInteger(predicted) === kernel.toInteger(value)) return true;
  const difference = predicted - value;
  const distance = period === 0 ? difference : difference - period * Math.round(difference / period);
  return Math.abs(distance) < stepAt(kernel, value);
}

function isSameRotation(codec: Codec<unknown>, first: number, predicted: Float64Array, values: Float64Array): boolean {
  let dot = 0;
  let square = 0;
  for (let column = first; column < first + 4; column++) {
    dot += (predicted[column] as number) * (values[column] as number);
    square += (predicted[column] as number) ** 2;
  }
  // Of two rotations of length 1, as which both travel, the difference has the square 2 - 2 |dot|.
  return 2 - (2 * Math.abs(dot)) / Math.sqrt(square) < rotationStep(codec) ** 2;
}
