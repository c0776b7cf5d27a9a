import { wrongValue } from "./errors.js";
import { layoutHashOf } from "./layout-hash.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

/** How values of one type are written and read. The functions do not use `this`. */
export interface Codec<T> {
  /**
   * What is written, as text: kinds, parameters, names of fields in their order. Equal on both sides of a connection.
   */
  readonly layout: string;
  /** 32-bit FNV-1a hash of `layout` in UTF-8. It finds mistakes, not attackers. */
  readonly layoutHash: number;
  /** The fewest bits that `write` writes; bounds the count of a collection against the bits left. */
  readonly minBits: number;
  /** The most bits that `write` writes, `undefined` when there is no limit. */
  readonly maxBits: number | undefined;
  /** Whether values that are read point into the message and so end with it (`bytesView`). */
  readonly borrowed: boolean;
  /**
   * Throws `TypeError` or `RangeError` for a wrong value, with `field` saying where in a struct or collection it is.
   */
  write(writer: NetworkWriter, value: T): void;
  /** @throws NetworkError `ERR_END_OF_MESSAGE`, `ERR_LIMIT` or `ERR_BAD_VALUE` */
  read(reader: NetworkReader): T;
  /**
   * Reads into an object that is there and returns it (or another where it cannot be used). Half done when it throws.
   */
  readInto?(reader: NetworkReader, target: T): T;
  /**
   * Whether both are read as the same value: after rounding to what is written. Throws as `write` where it has to
   * round.
   */
  equals(a: T, b: T): boolean;
  /** The value to start from; a new object at each call. */
  default(): T;
}

/** The type of a codec's values. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** What {@link defineCodec} needs; the rest of the codec follows from it. */
export interface CodecDefinition<T> {
  /** Name and parameters, such as `money(2)`: both sides of a connection agree on codecs by it. */
  layout: string;
  write(writer: NetworkWriter, value: T): void;
  read(reader: NetworkReader): T;
  default(): T;
  readInto?(reader: NetworkReader, target: T): T;
  /** Without it, values are equal when the same bits are written for both. */
  equals?(a: T, b: T): boolean;
  /** Default 1: say 0 where nothing may be written. */
  minBits?: number;
  maxBits?: number | undefined;
  borrowed?: boolean;
}

/** A codec of your own. */
export function defineCodec<T>(definition: CodecDefinition<T>): Codec<T> {
  if (typeof definition.layout !== "string") throw wrongValue(definition.layout, "string", "a layout");
  const {
    layout,
    write,
    read,
    readInto,
    equals = equalBits(write),
    minBits = 1,
    maxBits,
    borrowed = false,
  } = definition;
  const layoutHash = layoutHashOf(layout);
  const codec = { layout, layoutHash, minBits, maxBits, borrowed, write, read, equals, default: definition.default };
  return readInto ? { ...codec, readInto } : codec;
}

function equalBits<T>(write: (writer: NetworkWriter, value: T) => void): (a: T, b: T) => boolean {
  return (a, b) => {
    const [bytesOfA, bytesOfB] = [a, b].map((value) => {
      const writer = new NetworkWriter();
      write(writer, value);
      // One more bit, so that the length counts.
      writer.writeBits(1, 1);
      return writer.view();
    }) as [Uint8Array, Uint8Array];
    return bytesOfA.length === bytesOfB.length && bytesOfA.every((byte, index) => byte === bytesOfB[index]);
  };
}

/** What several values one after the other take. */
export function sizeOf(codecs: readonly Codec<unknown>[]): { minBits: number; maxBits: number | undefined } {
  let minBits = 0;
  let maxBits: number | undefined = 0;
  for (const codec of codecs) {
    minBits += codec.minBits;
    maxBits = maxBits === undefined || codec.maxBits === undefined ? undefined : maxBits + codec.maxBits;
  }
  return { minBits, maxBits };
}

export const isBorrowed = (codecs: readonly Codec<unknown>[]): boolean => codecs.some((codec) => codec.borrowed);

/** One value as bytes of its own. Reuse a {@link NetworkWriter} where it is done often. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new NetworkWriter({ sizeBytes: 64 });
  codec.write(writer, value);
  return writer.toBytes();
}

/**
 * The one value that `bytes` hold.
 * @throws NetworkError as {@link Codec.read}, or `ERR_TRAILING_BYTES` when there is more
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new NetworkReader(bytes);
  const value = codec.read(reader);
  reader.finish();
  return value;
}
