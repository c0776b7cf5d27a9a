/** A new array with the bytes of all parts. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * Below this a loop is as fast as a view, which is a heap object of 96 bytes; for 1150 bytes it takes 30 times as long.
 */
const VIEW_BYTES = 128;

/** Copies bytes. It makes no heap object for small messages. */
export function copyBytes(source: Uint8Array, from: number, target: Uint8Array, at: number, length: number): void {
  if (from === 0 && length === source.length) target.set(source, at);
  else if (length >= VIEW_BYTES) target.set(source.subarray(from, from + length), at);
  else for (let index = 0; index < length; index++) target[at + index] = source[from + index] as number;
}

/** A copy of the bytes from `start` to `end`. `slice` would not do: that of a Buffer is a view of the same memory. */
export function cloneBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

/** Up to this many bytes nothing is faster than a loop. */
const LOOP_BYTES = 32;
/** Buffers up to this size are copied whole: 1232 bytes take 33 ns, in a loop 1700 ns, and a view would be garbage. */
const WHOLE_BYTES = 2048;

/** Copies the first `length` bytes to `at`. It may overwrite what follows in `target`, which saves making a view. */
export function putBytes(source: Uint8Array, length: number, target: Uint8Array, at: number): void {
  const isWhole = length > LOOP_BYTES && source.length <= WHOLE_BYTES && at + source.length <= target.length;
  copyBytes(source, 0, target, at, isWhole ? source.length : length);
}

/** Two hexadecimal digits a byte. */
export const hexOf = (bytes: Uint8Array, separator = ""): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(separator);

/** The bytes of a text as `hexOf` makes it. */
export const bytesOfHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16));
