import { invalidType, outOfRange } from "../arguments.js";
import { type Codec, defineCodec, type Infer, isBorrowed, sizeOf } from "./codec.js";
import { type CompiledFields, compileFields } from "./compile-fields.js";
import type { NetworkReader } from "./network-reader.js";

/** Codecs by field name. */
export type Fields = Readonly<Record<string, Codec<unknown>>>;

/** The type of an object with these fields. A field that may be `undefined` may be absent. */
export type StructOf<F extends Fields> = {
  -readonly [K in keyof F as undefined extends Infer<F[K]> ? never : K]: Infer<F[K]>;
} & {
  -readonly [K in keyof F as undefined extends Infer<F[K]> ? K : never]?: Infer<F[K]>;
} extends infer Merged
  ? { [K in keyof Merged]: Merged[K] }
  : never;

function layoutOfFields(fields: Fields): string {
  return `{${Object.entries(fields).map(([name, codec]) => `${JSON.stringify(name)}:${codec.layout}`)}}`;
}

/** The memory of an object or an array with these values. V8 leaves room in an object without fields. */
const objectBytes = (codecs: readonly Codec<unknown>[], isArray = false) =>
  (isArray ? 48 : codecs.length === 0 ? 56 : 24) + 8 * codecs.length + sizeOf(codecs).heapBytes;

function composite<T>(
  layout: string,
  codecs: readonly Codec<unknown>[],
  compiled: CompiledFields,
  isArray = false,
  fields?: Fields,
): Codec<T> {
  const sizes = { ...sizeOf(codecs), heapBytes: objectBytes(codecs, isArray), borrowed: isBorrowed(codecs) };
  const parts = { layout, ...sizes, ...compiled, ...(fields && { fields }) };
  return defineCodec<unknown>(parts) as Codec<T>;
}

/** An object: the values of its fields, in the order of the definition, with nothing between them. */
export function struct<const F extends Fields>(fields: F): Codec<StructOf<F>> {
  const compiled = compileFields(Object.entries(fields));
  return composite(`struct${layoutOfFields(fields)}`, Object.values(fields), compiled, false, { ...fields });
}

/** A fixed number of values, each with its own type. */
export function tuple<const C extends readonly Codec<unknown>[]>(
  ...codecs: C
): Codec<{ -readonly [I in keyof C]: Infer<C[I]> }> {
  const compiled = compileFields([...codecs.entries()], true);
  return composite(`tuple(${codecs.map((codec) => codec.layout)})`, codecs, compiled, true);
}

/** The length of a section in bits takes 20 bits, enough for messages of 128 KiB. */
const SECTION_BITS = 20;

/**
 * An object that may gain fields while older programs are still in use. `fields` never change, and `added` grows only
 * at its end. A reader that knows fewer added fields skips the others; a reader that knows more gives the missing ones
 * their defaults. So `added` is not part of the layout. The length takes 20 bits.
 *
 * @throws TypeError, RangeError for a wrong argument
 */
export function extensible<const F extends Fields, const A extends Fields = Record<never, never>>(
  fields: F,
  added: A = {} as A,
): Codec<StructOf<F & A>> {
  const twice = Object.keys(added).find((name) => Object.hasOwn(fields, name));
  if (twice !== undefined) throw invalidType(`${twice}: there already is such a field`);
  const all = { ...fields, ...added };
  const base = compileFields(Object.entries(fields));
  const { write, equals, default: defaults } = compileFields(Object.entries(all));
  const { minBits } = sizeOf(Object.values(fields));
  const { maxBits } = sizeOf(Object.values(all));
  const extensions = Object.entries(added);

  const readInto = (reader: NetworkReader, target: Record<string, unknown>) => {
    const outerEnd = reader.enter(reader.readBits(SECTION_BITS));
    base.readInto(reader, target);
    for (const [name, codec] of extensions) {
      if (reader.bitsLeft === 0) target[name] = codec.default();
      else target[name] = codec.readInto ? codec.readInto(reader, target[name]) : codec.read(reader);
    }
    reader.leave(outerEnd);
    return target;
  };
  return defineCodec<Record<string, unknown>>({
    layout: `extensible${layoutOfFields(fields)}`,
    minBits: SECTION_BITS + minBits,
    maxBits: maxBits === undefined ? undefined : SECTION_BITS + maxBits,
    heapBytes: objectBytes(Object.values(all)),
    borrowed: isBorrowed(Object.values(all)),
    write: (writer, value) => {
      const start = writer.bitLength;
      writer.writeBits(0, SECTION_BITS);
      write(writer, value);
      const length = writer.bitLength - start - SECTION_BITS;
      if (length >= 2 ** SECTION_BITS) throw outOfRange(`${length} bits are over the limit of an extensible struct`);
      writer.writeBitsAt(start, length, SECTION_BITS);
    },
    read: (reader) => readInto(reader, defaults()),
    readInto,
    equals,
    default: defaults,
  }) as Codec<unknown> as Codec<StructOf<F & A>>;
}
