/** `array`, or a copy that is at least `length` long: at least doubled, so that growing costs little a step. */
export function grownInts(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const grown = new Int32Array(Math.max(length, 2 * array.length, 64));
  grown.set(array);
  return grown;
}
