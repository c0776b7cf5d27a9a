/** From here on the engine's own copy is faster than a loop, for all that it needs an object. */
const LONG_BYTES = 128;

/** Copies `length` bytes; short ones without an object on the heap. */
export function copyBytes(from: Uint8Array, offset: number, length: number, to: Uint8Array, at: number): void {
  if (length >= LONG_BYTES) to.set(from.subarray(offset, offset + length), at);
  else for (let index = 0; index < length; index++) to[at + index] = from[offset + index] as number;
}
