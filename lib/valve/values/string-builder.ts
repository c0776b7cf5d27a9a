import { checkInstance, checkInt32, checkInteger } from "../../arguments.js";
import { cutUtf8, utf8Length } from "../../utf8.js";

/**
 * The mutable string that the mirrored methods fill (`StringBuilder` of the ValveSockets README). `capacity` counts
 * UTF-8 bytes with a terminating zero, as GNS does, so a text of `capacity - 1` bytes fits.
 */
export class StringBuilder {
  /** How many bytes of UTF-8 fit, with a terminating zero. */
  readonly capacity: number;
  /** The text, cut to what fits. */
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

  /** The text: `value`. */
  toString(): string {
    return this.value;
  }
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
