import { checkInstance, checkInt32, checkInteger } from "../../arguments.js";

/**
 * The mutable string that the mirrored methods fill (`StringBuilder` of the ValveSockets README). `capacity` counts
 * UTF-8 bytes with a terminating zero, as GNS does, so a text of `capacity - 1` bytes fits.
 */
export class StringBuilder {
  readonly capacity: number;
  value = "";

  /** @param capacity bytes, 1 to 2^31-1; 1024 (`Library.maxErrorMessageLength`) unless given */
  constructor(capacity = 1024) {
    checkInteger("capacity", capacity, 1, 0x7fffffff);
    this.capacity = capacity;
  }

  /** The number of UTF-16 units in `value`. */
  get length(): number {
    return this.value.length;
  }

  toString(): string {
    return this.value;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** `text` cut to at most `maxBytes` bytes of UTF-8, never inside a character. */
export function cutUtf8(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = new Uint8Array(Math.min(text.length * 3, Math.max(maxBytes, 0)));
  const { written } = encoder.encodeInto(text, bytes);
  return decoder.decode(bytes.subarray(0, written));
}

/** The bytes that `text` has in UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Puts `text` into `builder`, cut to what `length` bytes (with the terminating zero) and the capacity hold.
 * Returns how many bytes the whole text needs, with the zero.
 */
export function fillBuilder(builder: StringBuilder, length: number, text: string): number {
  builder.value = cutUtf8(text, Math.min(length, builder.capacity) - 1);
  return utf8Length(text) + 1;
}

/** Throws unless `builder` and `length` are fit for {@link fillBuilder}. */
export function checkBuilder(name: string, builder: StringBuilder, length: number): void {
  checkInstance(name, builder, StringBuilder);
  checkInt32(`${name} length`, length);
}
