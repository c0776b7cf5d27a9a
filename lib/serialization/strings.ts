import { invalidType, outOfRange } from "../arguments.js";
import { isUint8Array } from "../brands.js";
import { equalBytes } from "../bytes.js";
import { bitsFor } from "./bits.js";
import { type Codec, defineCodec } from "./codec.js";
import { overLimit, requireInteger, wrongValue } from "./errors.js";
import type { NetworkReader } from "./network-reader.js";
import type { NetworkWriter } from "./network-writer.js";

/** The longest text, block of bytes or collection. */
export const LONGEST = 2 ** 24;

/** The memory of an empty Uint8Array, about. */
const UINT8_ARRAY_BYTES = 200;

/** Reads a length or a count, in as many bits as `max` needs. */
export function readLength(reader: NetworkReader, what: string, max: number): number {
  const length = reader.readBits(bitsFor(max));
  if (length > max) throw overLimit(what, length, max);
  return length;
}

const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, "\ufffd");

/**
 * A text of at most `max` bytes of UTF-8. Halves of surrogate pairs are written as U+FFFD.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function string(max: number): Codec<string> {
  requireInteger("max", max, 0, LONGEST);
  const lengthBits = bitsFor(max);
  return defineCodec<string>({
    layout: `string(${max})`,
    minBits: lengthBits,
    maxBits: lengthBits + max * 8,
    write: (writer, value) => {
      const start = writer.bitLength;
      writer.writeBits(0, lengthBits);
      // A text has at least as many bytes as characters, so one that is far too long need not be encoded.
      const tooLong = typeof value === "string" && value.length > max;
      const length = tooLong ? value.length : writer.writeText(value);
      if (length > max) {
        writer.truncate(start);
        throw outOfRange(`a text of ${length} ${tooLong ? "characters" : "bytes"} is over the limit of ${max} bytes`);
      }
      writer.writeBitsAt(start, length, lengthBits);
    },
    read: (reader) => reader.readText(readLength(reader, "A text", max)),
    equals: (a, b) => a === b || (a.length === b.length && wellFormed(a) === wellFormed(b)),
    default: () => "",
  });
}

/**
 * A text that both sides know, as its number in `texts`; any other text in full, up to `max` bytes of UTF-8. With `max`
 * 0, the default, only texts of the table may be written.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function stringTable(texts: readonly string[], max = 0): Codec<string> {
  requireInteger("texts.length", texts.length, 1, LONGEST);
  const other = string(max);
  const known = [...texts];
  const indices = new Map(known.map((text, index) => [text, index]));
  if (indices.size < known.length) throw invalidType("texts: a text is in the table twice");
  const last = max > 0 ? known.length : known.length - 1;
  const indexBits = bitsFor(last);
  return defineCodec<string>({
    layout: `stringTable(${JSON.stringify(known)},${max})`,
    minBits: indexBits,
    maxBits: indexBits + (max > 0 ? (other.maxBits as number) : 0),
    write: (writer, value) => {
      const index = indices.get(value) ?? known.length;
      if (index > last) throw wrongValue(value, "string", "in the table");
      writer.writeBits(index, indexBits);
      if (index === known.length) other.write(writer, value);
    },
    read: (reader) => known[reader.readRanged(0, last)] ?? other.read(reader),
    equals: other.equals,
    default: () => known[0] as string,
  });
}

function writeByteLength(writer: NetworkWriter, value: Uint8Array, max: number, lengthBits: number): void {
  if (!isUint8Array(value)) throw wrongValue(value, "Uint8Array", "a Uint8Array");
  if (value.length > max) throw outOfRange(`${value.length} bytes are over the limit of ${max}`);
  writer.writeBits(value.length, lengthBits);
}

/** At most `max` bytes. Reading makes a copy. @throws TypeError, RangeError for a wrong argument */
export function bytes(max: number): Codec<Uint8Array> {
  requireInteger("max", max, 0, LONGEST);
  const lengthBits = bitsFor(max);
  return defineCodec<Uint8Array>({
    layout: `bytes(${max})`,
    minBits: lengthBits,
    maxBits: lengthBits + max * 8,
    heapBytes: UINT8_ARRAY_BYTES,
    write: (writer, value) => {
      writeByteLength(writer, value, max, lengthBits);
      writer.writeBytes(value);
    },
    read: (reader) => reader.readBytes(readLength(reader, "A block of bytes", max)),
    equals: equalBytes,
    default: () => new Uint8Array(0),
  });
}

/**
 * At most `max` bytes, which start at a whole byte of the message. Reading makes no copy: the bytes are valid only as
 * long as the message, so this codec and every codec that contains it are `borrowed`.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function bytesView(max: number): Codec<Uint8Array> {
  requireInteger("max", max, 0, LONGEST);
  const lengthBits = bitsFor(max);
  return defineCodec<Uint8Array>({
    layout: `bytesView(${max})`,
    minBits: lengthBits,
    maxBits: lengthBits + 7 + max * 8,
    heapBytes: UINT8_ARRAY_BYTES,
    borrowed: true,
    write: (writer, value) => {
      writeByteLength(writer, value, max, lengthBits);
      writer.align();
      writer.writeBytes(value);
    },
    read: (reader) => {
      const length = readLength(reader, "A block of bytes", max);
      reader.align();
      return reader.readBytesView(length);
    },
    equals: equalBytes,
    default: () => new Uint8Array(0),
  });
}
