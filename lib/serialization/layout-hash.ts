const encoder = new TextEncoder();

/** The 32-bit FNV-1a hash of a text in UTF-8. */
export function layoutHashOf(layout: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(layout)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
