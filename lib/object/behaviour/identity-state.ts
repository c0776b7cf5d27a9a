import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { MemberValues } from "./member-values.js";

// The state of one object, for whoever may see the members `allowed` of each behaviour. Who may not see a member gets
// neither its value nor its bit. docs/wire-format.md has the bytes.

/** The bits of `mask` at the places of `allowed`, moved together. */
function compress(mask: number, allowed: number): number {
  let compressed = 0;
  let bit = 1;
  for (let left = allowed; left !== 0; left &= left - 1) {
    if ((mask & left & -left) !== 0) compressed |= bit;
    bit <<= 1;
  }
  return compressed;
}

/** The opposite of `compress`. */
function expand(compressed: number, allowed: number): number {
  let mask = 0;
  let rest = compressed;
  for (let left = allowed; left !== 0; left &= left - 1) {
    if ((rest & 1) !== 0) mask |= left & -left;
    rest >>>= 1;
  }
  return mask;
}

function countOf(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}

/** Writes all allowed members of all behaviours: what an object starts with. */
export function writeFullState(
  writer: NetworkWriter,
  parts: readonly MemberValues[],
  allowed: readonly number[],
): void {
  for (const [index, part] of parts.entries()) part.write(writer, allowed[index] as number);
}

/** @throws NetworkError as `Codec.read` */
export function readFullState(reader: NetworkReader, parts: readonly MemberValues[], allowed: readonly number[]): void {
  for (const [index, part] of parts.entries()) part.read(reader, allowed[index] as number);
}

/**
 * Writes the members `masks` of the behaviours: for each behaviour with allowed members a bit for each of them, and the
 * values of those whose bits are set. With several such behaviours a bit before each says whether it has any.
 */
export function writeChanges(
  writer: NetworkWriter,
  parts: readonly MemberValues[],
  masks: readonly number[],
  allowed: readonly number[],
): void {
  const isAlone = allowed.filter((mask) => mask !== 0).length === 1;
  for (const [index, part] of parts.entries()) {
    const may = allowed[index] as number;
    const mask = (masks[index] as number) & may;
    if (may === 0) continue;
    if (!isAlone) writer.writeBits(mask === 0 ? 0 : 1, 1);
    if (!isAlone && mask === 0) continue;
    writer.writeBits(compress(mask, may), countOf(may));
    part.write(writer, mask);
  }
}

/** @throws NetworkError as `Codec.read` */
export function readChanges(reader: NetworkReader, parts: readonly MemberValues[], allowed: readonly number[]): void {
  const isAlone = allowed.filter((mask) => mask !== 0).length === 1;
  for (const [index, part] of parts.entries()) {
    const may = allowed[index] as number;
    if (may === 0 || (!isAlone && !reader.readBoolean())) continue;
    part.read(reader, expand(reader.readBits(countOf(may)), may));
  }
}
