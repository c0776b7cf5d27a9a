import { invalidType, outOfRange } from "../arguments.js";
import { isMap, isSet } from "../brands.js";
import { bitsFor } from "./bits.js";
import { type Codec, defineCodec, isBorrowed, sizeOf } from "./codec.js";
import { inField, requireInteger, wrongValue } from "./errors.js";
import type { NetworkReader } from "./network-reader.js";
import type { NetworkWriter } from "./network-writer.js";
import { LONGEST, readLength } from "./strings.js";

/** The memory of an empty array, Map or Set, about; and of one element beyond that of its values. */
const ARRAY = { empty: 48, element: 8 };
const MAP = { empty: 200, element: 48 };
const SET = { empty: 200, element: 32 };

interface Bounds {
  max: number;
  countBits: number;
  minBits: number;
  elementBytes: number;
}

/** Refuses elements that take no bits: an empty message could hold any number of them. */
function boundsOf(
  max: number,
  elements: readonly Codec<unknown>[],
  elementBytes: number,
): Bounds & { maxBits: number | undefined } {
  requireInteger("max", max, 0, LONGEST);
  const { minBits, maxBits, heapBytes } = sizeOf(elements);
  if (minBits === 0) throw invalidType("an element has to take at least one bit");
  const countBits = bitsFor(max);
  return {
    max,
    countBits,
    minBits,
    maxBits: maxBits === undefined ? undefined : countBits + max * maxBits,
    elementBytes: elementBytes + heapBytes,
  };
}

function writeCount(writer: NetworkWriter, count: number, { max, countBits }: Bounds): void {
  if (count > max) throw outOfRange(`${count} elements are over the limit of ${max}`);
  writer.writeBits(count, countBits);
}

/** Reads a count, checks that the rest of the message can hold so many elements, and charges for them. */
function readCount(reader: NetworkReader, { max, minBits, elementBytes }: Bounds): number {
  const count = readLength(reader, "A collection", max);
  reader.require(count * minBits);
  reader.charge(count * elementBytes);
  return count;
}

/** An array of at most `max` values of one type. @throws TypeError, RangeError for a wrong argument */
export function array<T>(element: Codec<T>, max: number): Codec<T[]> {
  const bounds = boundsOf(max, [element], ARRAY.element);
  const { countBits: minBits, maxBits } = bounds;
  return defineCodec<T[]>({
    layout: `array(${element.layout},${max})`,
    minBits,
    maxBits,
    heapBytes: ARRAY.empty,
    borrowed: element.borrowed,
    write: (writer, value) => {
      if (!Array.isArray(value)) throw wrongValue(value, "array", "an array");
      writeCount(writer, value.length, bounds);
      let index = 0;
      try {
        for (; index < value.length; index++) element.write(writer, value[index] as T);
      } catch (error) {
        throw inField(error, `[${index}]`);
      }
    },
    read: (reader) => {
      const count = readCount(reader, bounds);
      const value = new Array<T>(count);
      for (let index = 0; index < count; index++) value[index] = element.read(reader);
      return value;
    },
    readInto: (reader, target) => {
      const count = readCount(reader, bounds);
      const reusable = element.readInto ? Math.min(target.length, count) : 0;
      target.length = count;
      for (let index = 0; index < reusable; index++) {
        target[index] = (element.readInto as NonNullable<typeof element.readInto>)(reader, target[index] as T);
      }
      for (let index = reusable; index < count; index++) target[index] = element.read(reader);
      return target;
    },
    equals: (a, b) => a.length === b.length && a.every((value, index) => element.equals(value, b[index] as T)),
    default: () => [],
  });
}

/**
 * A `Map` of at most `max` entries, in its order. If a hostile sender repeats a key, the last value counts.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function map<K, V>(key: Codec<K>, value: Codec<V>, max: number): Codec<Map<K, V>> {
  const bounds = boundsOf(max, [key, value], MAP.element);
  const { countBits: minBits, maxBits } = bounds;
  const readInto = (reader: NetworkReader, target: Map<K, V>) => {
    const count = readCount(reader, bounds);
    target.clear();
    for (let index = 0; index < count; index++) target.set(key.read(reader), value.read(reader));
    return target;
  };
  return defineCodec<Map<K, V>>({
    layout: `map(${key.layout},${value.layout},${max})`,
    minBits,
    maxBits,
    heapBytes: MAP.empty,
    borrowed: isBorrowed([key, value]),
    write: (writer, entries) => {
      if (!isMap(entries)) throw wrongValue(entries, "Map", "a Map");
      writeCount(writer, entries.size, bounds);
      for (const [entryKey, entryValue] of entries) {
        try {
          key.write(writer, entryKey);
          value.write(writer, entryValue);
        } catch (error) {
          throw inField(error, `[${String(entryKey)}]`);
        }
      }
    },
    read: (reader) => readInto(reader, new Map()),
    readInto,
    equals: (a, b) =>
      a.size === b.size && [...a].every(([name, entry]) => b.has(name) && value.equals(entry, b.get(name) as V)),
    default: () => new Map(),
  });
}

/** A `Set` of at most `max` values, in its order. @throws TypeError, RangeError for a wrong argument */
export function set<T>(element: Codec<T>, max: number): Codec<Set<T>> {
  const bounds = boundsOf(max, [element], SET.element);
  const { countBits: minBits, maxBits } = bounds;
  const readInto = (reader: NetworkReader, target: Set<T>) => {
    const count = readCount(reader, bounds);
    target.clear();
    for (let index = 0; index < count; index++) target.add(element.read(reader));
    return target;
  };
  return defineCodec<Set<T>>({
    layout: `set(${element.layout},${max})`,
    minBits,
    maxBits,
    heapBytes: SET.empty,
    borrowed: element.borrowed,
    write: (writer, values) => {
      if (!isSet(values)) throw wrongValue(values, "Set", "a Set");
      writeCount(writer, values.size, bounds);
      for (const value of values) {
        try {
          element.write(writer, value);
        } catch (error) {
          throw inField(error, `[${String(value)}]`);
        }
      }
    },
    read: (reader) => readInto(reader, new Set()),
    readInto,
    equals: (a, b) => a.size === b.size && [...a].every((value) => b.has(value)),
    default: () => new Set(),
  });
}
