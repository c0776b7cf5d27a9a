/**
 * Code that takes 1 to 32 bits of `words`, an Int32Array, from bit `position` on as a signed number, which V8 keeps out
 * of the heap. There is a word behind the one in which they start. Shifts take the low 5 bits of their right side.
 */
export const bitsOfWords = (bits: number): string =>
  `(words[position >>> 5] >>> position | words[(position >>> 5) + 1] << 1 << ~position) & ${-1 >>> (32 - bits)}`;
