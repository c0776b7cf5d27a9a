// Bits within bytes, the lowest bit first.

/** How many bits the whole numbers from 0 to `max` (below 2^32) need. */
export function bitsFor(max: number): number {
  return 32 - Math.clz32(max);
}

/**
 * The 1 to 32 bits at bit `position` as a signed number, which V8 keeps out of the heap. The caller checks the bounds.
 * It reads byte by byte, because a message may end after any byte, and because a `DataView` on each message would be
 * garbage (more so where V8 first has to make the `buffer`).
 */
export function bitsAt(bytes: Uint8Array, position: number, bits: number): number {
  const index = position >>> 3;
  const shift = position & 7;
  const end = shift + bits;
  let value = (bytes[index] as number) >>> shift;
  if (end > 8) {
    value |= (bytes[index + 1] as number) << (8 - shift);
    if (end > 16) {
      value |= (bytes[index + 2] as number) << (16 - shift);
      if (end > 24) {
        value |= (bytes[index + 3] as number) << (24 - shift);
        if (end > 32) value |= (bytes[index + 4] as number) << (32 - shift);
      }
    }
  }
  return value & (-1 >>> (32 - bits));
}

/** How many bytes behind the written ones `appendBits` may overwrite with zeros. */
export const SLACK_BYTES = 4;

/**
 * Writes the low 1 to 32 bits of `value` at bit `position`, behind everything else. `view` and `bytes` are the same
 * memory: writing four bytes at once through `view` saves a third of the time, reading the first byte through `bytes`
 * more than half (see bench/DEAD_ENDS.md).
 */
export function appendBits(bytes: Uint8Array, view: DataView, position: number, value: number, bits: number): void {
  const kept = value & (-1 >>> (32 - bits));
  const index = position >>> 3;
  const shift = position & 7;
  const low = shift === 0 ? kept : (bytes[index] as number) | (kept << shift);
  view.setInt32(index, low, true);
  if (shift + bits > 32) bytes[index + 4] = kept >>> (32 - shift);
}

/** Replaces the 1 to 32 bits at bit `position`, and no other bit. */
export function replaceBits(bytes: Uint8Array, position: number, value: number, bits: number): void {
  for (let done = 0; done < bits; ) {
    const at = position + done;
    const shift = at & 7;
    const count = Math.min(8 - shift, bits - done);
    const mask = ((1 << count) - 1) << shift;
    const index = at >>> 3;
    bytes[index] = ((bytes[index] as number) & ~mask) | (((value >>> done) << shift) & mask);
    done += count;
  }
}

/** Converts a float to its bits and back. Each use ends before the next one begins. */
export const float32 = new Float32Array(1);
export const float32Bits = new Int32Array(float32.buffer);
export const float64 = new Float64Array(1);
export const float64Bits = new Int32Array(float64.buffer);
/** The index of the low half in `float64Bits`, which depends on the byte order of the platform. */
export const LOW_HALF = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1;
