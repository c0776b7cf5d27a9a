import { equalBytes } from "../bytes.js";
import { wrongValue } from "./errors.js";
import { layoutHashOf } from "./layout-hash.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

/** How a value of fixed width becomes bits and comes back, without a writer: for code that keeps values as integers. */
export interface Kernel<T> {
  /** The width: 1 to 32 bits. */
  readonly bits: number;
  /**
   * The bits that {@link Codec.write} writes, as a signed 32-bit number. Equal values have equal ones.
   *
   * @throws TypeError, RangeError as `write`
   */
  toInteger(value: T): number;
  /** The value of bits that `toInteger` returned, or of any others. @throws NetworkError `ERR_BAD_VALUE` */
  fromInteger(integer: number): T;
}

/** Writes and reads values of one type. Its functions do not use `this`. */
export interface Codec<T> {
  /** Describes what is written: kinds, parameters, names of fields in order. Both sides must have the same. */
  readonly layout: string;
  /** The 32-bit FNV-1a hash of `layout` in UTF-8. It finds mistakes; it does not stop attackers. */
  readonly layoutHash: number;
  /** The fewest bits that `write` writes. A collection checks its count against the bits left by it. */
  readonly minBits: number;
  /** The most bits that `write` writes; `undefined` if there is no limit. */
  readonly maxBits: number | undefined;
  /**
   * The memory that a value takes at least, in bytes; 0 if it fits in its place in an array or object. A collection
   * charges it to the message for each element. Codecs whose values may take more charge the rest when they read one.
   */
  readonly heapBytes: number;
  /** Whether values that are read lie in the message, and so are valid only as long as it is (`bytesView`). */
  readonly borrowed: boolean;
  /** What the value is as an integer, if it is a scalar of at most 32 bits. */
  readonly kernel?: Kernel<T>;
  /** The fields of a `struct`, in the order in which they are written. */
  readonly fields?: Readonly<Record<string, Codec<unknown>>>;
  /**
   * Writes a value behind what the writer has.
   *
   * @throws TypeError, RangeError for a wrong value; their `field` says where in a struct or collection it is
   */
  write(writer: NetworkWriter, value: T): void;
  /** Reads the next value. @throws NetworkError `ERR_END_OF_MESSAGE`, `ERR_LIMIT` or `ERR_BAD_VALUE` */
  read(reader: NetworkReader): T;
  /** Reads into `target` and returns it, or a new value if it cannot be reused. If it throws, `target` is half read. */
  readInto?(reader: NetworkReader, target: T): T;
  /** Whether both are the same value after rounding to what is written. Where it has to round, it throws as `write`. */
  equals(a: T, b: T): boolean;
  /** A value to start from: a new object on each call. */
  default(): T;
}

/** The type of a codec's values. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** What {@link defineCodec} needs. The rest of the codec is derived from it. */
export interface CodecDefinition<T> {
  /** Name and parameters, such as `money(2)`. The two sides of a connection compare their codecs by it. */
  layout: string;
  /** Writes a value. Throw TypeError or RangeError for one that it cannot write. */
  write(writer: NetworkWriter, value: T): void;
  /** Reads what `write` wrote. Throw NetworkError `ERR_BAD_VALUE` for bits that it does not write. */
  read(reader: NetworkReader): T;
  /** A value to start from: a new object on each call. */
  default(): T;
  /** Reads into `target` and returns it, or a new value if it cannot be reused. @defaultValue none */
  readInto?(reader: NetworkReader, target: T): T;
  /** By default two values are equal if the same bits are written for both. */
  equals?(a: T, b: T): boolean;
  /** 0 if `write` may write nothing. @defaultValue 1 bit */
  minBits?: number;
  /** The most bits that `write` writes. @defaultValue no limit */
  maxBits?: number | undefined;
  /** The memory that a value takes at least. @defaultValue 96 bytes if `default` returns an object, else 0 */
  heapBytes?: number;
  /** Whether what is read lies in the message, and is valid only as long as that. @defaultValue false */
  borrowed?: boolean;
  /** What a value is as an integer, for a scalar of at most 32 bits. @defaultValue none */
  kernel?: Kernel<T>;
  /** The codecs of its fields by name, in the order in which they are written. @defaultValue none */
  fields?: Readonly<Record<string, Codec<unknown>>>;
}

/** Makes a codec of your own. @throws TypeError for a layout that is no text */
export function defineCodec<T>(definition: CodecDefinition<T>): Codec<T> {
  if (typeof definition.layout !== "string") throw wrongValue(definition.layout, "string", "a layout");
  const {
    layout,
    write,
    read,
    readInto,
    kernel,
    fields,
    equals = equalBits(write),
    minBits = 1,
    maxBits,
    heapBytes = typeof definition.default() === "object" ? 96 : 0,
    borrowed = false,
  } = definition;
  const layoutHash = layoutHashOf(layout);
  const sizes = { minBits, maxBits, heapBytes, borrowed };
  const parts = { ...(readInto && { readInto }), ...(kernel && { kernel }), ...(fields && { fields }) };
  return { layout, layoutHash, ...sizes, write, read, equals, default: definition.default, ...parts };
}

/** The `equals` of a codec that does not define one. */
function equalBits<T>(write: (writer: NetworkWriter, value: T) => void): (a: T, b: T) => boolean {
  return (a, b) => {
    const [bytesOfA, bytesOfB] = [a, b].map((value) => {
      const writer = new NetworkWriter();
      write(writer, value);
      // One more bit, so that values of different lengths differ.
      writer.writeBits(1, 1);
      return writer.view();
    }) as [Uint8Array, Uint8Array];
    return equalBytes(bytesOfA, bytesOfB);
  };
}

/** The bits and the memory that several values take together. */
export function sizeOf(codecs: readonly Codec<unknown>[]) {
  let minBits = 0;
  let maxBits: number | undefined = 0;
  let heapBytes = 0;
  for (const codec of codecs) {
    minBits += codec.minBits;
    heapBytes += codec.heapBytes;
    maxBits = maxBits === undefined || codec.maxBits === undefined ? undefined : maxBits + codec.maxBits;
  }
  return { minBits, maxBits, heapBytes };
}

export const isBorrowed = (codecs: readonly Codec<unknown>[]): boolean => codecs.some((codec) => codec.borrowed);

/** Encodes one value. To encode many, reuse a {@link NetworkWriter}. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new NetworkWriter({ sizeBytes: 64 });
  codec.write(writer, value);
  return writer.toBytes();
}

/**
 * Decodes the one value in `bytes`.
 * @throws NetworkError as {@link Codec.read}, or `ERR_TRAILING_BYTES` if anything follows the value
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new NetworkReader(bytes);
  const value = codec.read(reader);
  reader.finish();
  return value;
}
