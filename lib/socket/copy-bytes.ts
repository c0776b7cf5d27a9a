/** Above this a view is cheaper than a loop, and rare enough. */
const loopBytes = 2048;

/** Copies the first `length` bytes of `source` to `target`; a packet makes no garbage by that. */
export function copyBytes(source: Uint8Array, length: number, target: Uint8Array, offset: number): void {
  if (length === source.length) target.set(source, offset);
  else if (length > loopBytes) target.set(source.subarray(0, length), offset);
  else for (let index = 0; index < length; index++) target[offset + index] = source[index] as number;
}
