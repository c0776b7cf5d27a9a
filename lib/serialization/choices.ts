import { invalidType } from "../arguments.js";
import { bitsFor } from "./bits.js";
import { type Codec, defineCodec, isBorrowed } from "./codec.js";
import { badValue, inField, wrongValue } from "./errors.js";
import type { NetworkReader } from "./network-reader.js";
import { type Fields, type StructOf, struct } from "./struct.js";

/** A value that may be `undefined`, at the cost of one bit. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  const { readInto, heapBytes } = codec;
  /** Whether there is a value, which is charged only then. */
  const readPresence = (reader: NetworkReader) => {
    const isPresent = reader.readBoolean();
    if (isPresent && heapBytes > 0) reader.charge(heapBytes);
    return isPresent;
  };
  return defineCodec<T | undefined>({
    layout: `optional(${codec.layout})`,
    minBits: 1,
    heapBytes: 0,
    maxBits: codec.maxBits === undefined ? undefined : codec.maxBits + 1,
    borrowed: codec.borrowed,
    write: (writer, value) => {
      writer.writeBoolean(value !== undefined);
      if (value !== undefined) codec.write(writer, value);
    },
    read: (reader) => (readPresence(reader) ? codec.read(reader) : undefined),
    readInto: (reader, target) => {
      if (!readPresence(reader)) return undefined;
      return readInto && target !== undefined ? readInto(reader, target) : codec.read(reader);
    },
    equals: (a, b) => (a === undefined || b === undefined ? a === b : codec.equals(a, b)),
    default: () => undefined,
  });
}

/**
 * One of the numbers or texts of a list, or of the members of a TypeScript `enum`. The first is the default.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function enumeration<const T extends string | number>(values: readonly T[]): Codec<T>;
export function enumeration<E extends Record<string, string | number>>(values: E): Codec<E[keyof E]>;
export function enumeration(members: readonly (string | number)[] | Record<string, string | number>) {
  const values = Array.isArray(members) ? [...members] : membersOf(members as Record<string, string | number>);
  const indices = new Map(values.map((value, index) => [value, index]));
  if (indices.size === 0) throw invalidType("an enumeration needs a value");
  const last = indices.size - 1;
  const bits = bitsFor(last);
  const known = [...indices.keys()];
  const wanted = `one of ${JSON.stringify(known)}`;
  const toInteger = (value: string | number) => {
    const index = indices.get(value);
    if (index === undefined) throw wrongValue(value, typeof known[0], wanted);
    return index;
  };
  const fromInteger = (index: number) => {
    if (index > last) throw badValue(`${index} is not from 0 to ${last}`);
    return known[index] as string | number;
  };
  return defineCodec<string | number>({
    layout: `enumeration(${JSON.stringify(known)})`,
    minBits: bits,
    maxBits: bits,
    ...(bits > 0 && { kernel: { bits, toInteger, fromInteger } }),
    write: (writer, value) => writer.writeBits(toInteger(value), bits),
    read: (reader) => known[reader.readRanged(0, last)] as string | number,
    equals: (a, b) => a === b,
    default: () => known[0] as string | number,
  });
}

/** The values of an enum. A numeric enum also has an entry from each number to its name, which is left out. */
const membersOf = (members: Record<string, string | number>) =>
  Object.keys(members)
    .filter((name) => !/^-?\d/.test(name))
    .map((name) => members[name] as string | number);

/** A value that takes no bits, because it is known. */
const constant = <T>(value: T): Codec<T> =>
  defineCodec<T>({
    layout: JSON.stringify(value),
    minBits: 0,
    maxBits: 0,
    write: () => {},
    read: () => value,
    equals: () => true,
    default: () => value,
  });

/** The type of the objects of a {@link union}. */
export type UnionOf<K extends string, V extends Readonly<Record<string, Fields>>> = {
  [N in keyof V & string]: { [P in K]: N } & StructOf<V[N]>;
}[keyof V & string];

/**
 * Objects of several kinds. The field `discriminator` says which kind; `variants` has the other fields of each.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function union<K extends string, const V extends Readonly<Record<string, Fields>>>(
  discriminator: K,
  variants: V,
): Codec<UnionOf<K, V>> {
  type Variant = Codec<Record<string, unknown>>;
  const names = Object.keys(variants);
  if (names.length === 0) throw invalidType("a union needs a variant");
  const codecs = Object.entries(variants).map(([name, fields]) => {
    if (Object.hasOwn(fields, discriminator)) throw invalidType(`${name}: ${discriminator} is the discriminator`);
    return struct({ [discriminator]: constant(name), ...fields }) as Variant;
  });
  const indices = new Map(names.map((name, index) => [name, index]));
  const last = names.length - 1;
  const indexBits = bitsFor(last);
  const maxBits = codecs.map((codec) => codec.maxBits ?? Number.POSITIVE_INFINITY).reduce((a, b) => Math.max(a, b));
  const heapBytes = codecs.map((codec) => codec.heapBytes).reduce((a, b) => Math.min(a, b));
  /** The codec of the variant, whose size beyond that of the smallest is charged here. */
  const readVariant = (reader: NetworkReader) => {
    const codec = codecs[reader.readRanged(0, last)] as Required<Variant>;
    if (codec.heapBytes > heapBytes) reader.charge(codec.heapBytes - heapBytes);
    return codec;
  };
  return defineCodec<Record<string, unknown>>({
    layout: `union(${JSON.stringify(discriminator)},${codecs.map((codec) => codec.layout)})`,
    minBits: indexBits + codecs.map((codec) => codec.minBits).reduce((a, b) => Math.min(a, b)),
    maxBits: Number.isFinite(maxBits) ? indexBits + maxBits : undefined,
    heapBytes,
    borrowed: isBorrowed(codecs),
    write: (writer, value) => {
      if (typeof value !== "object" || value === null) throw wrongValue(value, "object", "an object");
      const index = indices.get(value[discriminator] as string);
      if (index === undefined) {
        throw inField(wrongValue(value[discriminator], "string", `one of ${JSON.stringify(names)}`), discriminator);
      }
      writer.writeBits(index, indexBits);
      (codecs[index] as Variant).write(writer, value);
    },
    read: (reader) => readVariant(reader).read(reader),
    readInto: (reader, target) => {
      const codec = readVariant(reader);
      return codecs[indices.get(target[discriminator] as string) ?? -1] === codec
        ? codec.readInto(reader, target)
        : codec.read(reader);
    },
    equals: (a, b) => {
      const index = indices.get(a[discriminator] as string);
      return index !== undefined && a[discriminator] === b[discriminator] && (codecs[index] as Variant).equals(a, b);
    },
    default: () => (codecs[0] as Variant).default(),
  }) as Codec<unknown> as Codec<UnionOf<K, V>>;
}
