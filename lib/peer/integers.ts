/** The largest value of a varint. */
export const MAX_VARINT = 2 ** 30 - 1;

/** How many bytes `value` takes as a varint. */
export function varintSize(value: number): number {
  return value < 0x40 ? 1 : value < 0x4000 ? 2 : 4;
}

/** Writes a value from 0 to 2^30 - 1 at `at`; gives the place behind it, as the others do. */
export function writeVarint(buffer: Uint8Array, at: number, value: number): number {
  if (value < 0x40) {
    buffer[at] = value << 2;
    return at + 1;
  }
  if (value < 0x4000) {
    buffer[at] = (value << 2) | 1;
    buffer[at + 1] = value >> 6;
    return at + 2;
  }
  buffer[at] = (value << 2) | 2;
  buffer[at + 1] = value >> 6;
  buffer[at + 2] = value >> 14;
  buffer[at + 3] = value >> 22;
  return at + 4;
}

/** Reads what `writeVarint` has written; all of it is there. */
export function readVarint(buffer: Uint8Array, at: number): number {
  const first = buffer[at] as number;
  const kind = first & 3;
  if (kind === 0) return first >> 2;
  const low = (first >> 2) | ((buffer[at + 1] as number) << 6);
  return kind === 1 ? low : low | ((buffer[at + 2] as number) << 14) | ((buffer[at + 3] as number) << 22);
}

export function writeU16(buffer: Uint8Array, at: number, value: number): number {
  buffer[at] = value;
  buffer[at + 1] = value >> 8;
  return at + 2;
}

/** Reads 32 bits as a signed number: half of the unsigned ones would be objects on the heap. */
export function readI32(buffer: Uint8Array, at: number): number {
  const low = (buffer[at] as number) | ((buffer[at + 1] as number) << 8);
  return low | ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 24);
}

/** Writes the low 32 bits of `value`. */
export function writeU32(buffer: Uint8Array, at: number, value: number): number {
  const bits = value | 0; // of a larger number the low 32 bits too; a remainder would be a call
  buffer[at] = bits;
  buffer[at + 1] = bits >> 8;
  buffer[at + 2] = bits >> 16;
  buffer[at + 3] = bits >> 24;
  return at + 4;
}
