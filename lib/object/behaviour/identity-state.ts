import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { MemberValues } from "./member-values.js";

// The state of one object, for whoever may see the members `allowed` of each behaviour. Who may not see a member gets
// neither its value nor its bit. docs/wire-format.md has the bytes.

/** Whether the bits of `mask` are the lowest ones. */
const isDense = (mask: number): boolean => (mask & (mask + 1)) === 0;

/** The bits of `mask` at the places of `allowed`, moved together. */
function compress(mask: number, allowed: number): number {
  if (isDense(allowed)) return mask & allowed;
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
  if (isDense(allowed)) return compressed;
  let mask = 0;
  let rest = compressed;
  for (let left = allowed; left !== 0; left &= left - 1) {
    if ((rest & 1) !== 0) mask |= left & -left;
    rest >>>= 1;
  }
  return mask;
}

function countOf(mask: number): number {
  if (isDense(mask)) return 32 - Math.clz32(mask);
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}

/** Writes a bit for each of the members `may`: whether it is one of `mask`. */
export function writeMask(writer: NetworkWriter, mask: number, may: number): void {
  writer.writeBits(compress(mask, may), countOf(may));
}

/** Reads what `writeMask` wrote. @throws NetworkError `ERR_END_OF_MESSAGE` */
export function readMask(reader: NetworkReader, may: number): number {
  return expand(reader.readBits(countOf(may)), may);
}

/** Whether one behaviour alone has allowed members. */
function isAlone(allowed: readonly number[]): boolean {
  let count = 0;
  for (let index = 0; index < allowed.length; index++) if (allowed[index] !== 0) count++;
  return count === 1;
}

/**
 * Writes all allowed members of all behaviours: what an object starts with.
 *
 * @param hidden of each behaviour the references to what the reader does not see
 */
export function writeFullState(
  writer: NetworkWriter,
  parts: readonly MemberValues[],
  allowed: readonly number[],
  hidden: readonly number[] | null = null,
): void {
  for (let index = 0; index < parts.length; index++) {
    (parts[index] as MemberValues).write(writer, allowed[index] as number, hidden?.[index] ?? 0);
  }
}

/** @throws NetworkError as `Codec.read` */
export function readFullState(reader: NetworkReader, parts: readonly MemberValues[], allowed: readonly number[]): void {
  for (let index = 0; index < parts.length; index++) {
    (parts[index] as MemberValues).read(reader, allowed[index] as number);
  }
}

/** How `writeChanges` writes collections: their content, or what the last `settle` has found. */
export type ChangeForm = "whole" | "delta";

/**
 * Writes the members `masks` of the behaviours: for each behaviour with allowed members a bit for each of them, and the
 * values of those whose bits are set. With several such behaviours a bit before each says whether it has any.
 *
 * @param form `delta` is for those who have all that was settled before
 * @param hidden of each behaviour the references to what the reader does not see
 */
export function writeChanges(
  writer: NetworkWriter,
  parts: readonly MemberValues[],
  masks: readonly number[],
  allowed: readonly number[],
  form: ChangeForm = "whole",
  hidden: readonly number[] | null = null,
): void {
  const alone = parts.length === 1 || isAlone(allowed);
  for (let index = 0; index < parts.length; index++) {
    const may = allowed[index] as number;
    const mask = (masks[index] as number) & may;
    if (may === 0) continue;
    if (!alone) writer.writeBits(mask === 0 ? 0 : 1, 1);
    if (!alone && mask === 0) continue;
    writeMask(writer, mask, may);
    const part = parts[index] as MemberValues;
    if (form === "delta") part.writeDelta(writer, mask, hidden?.[index] ?? 0);
    else part.write(writer, mask, hidden?.[index] ?? 0);
  }
}

/**
 * @param found gets the members that were read, of each behaviour
 * @throws NetworkError as `Codec.read`
 */
export function readChanges(
  reader: NetworkReader,
  parts: readonly MemberValues[],
  allowed: readonly number[],
  found: number[] | null = null,
): void {
  if (parts.length === 1) {
    const mask = readMask(reader, allowed[0] as number);
    if (found) found[0] = mask;
    if (mask !== 0) (parts[0] as MemberValues).read(reader, mask);
    return;
  }
  const alone = isAlone(allowed);
  for (let index = 0; index < parts.length; index++) {
    const may = allowed[index] as number;
    if (found) found[index] = 0;
    if (may === 0 || (!alone && reader.readBits(1) === 0)) continue;
    const mask = readMask(reader, may);
    if (found) found[index] = mask;
    if (mask !== 0) (parts[index] as MemberValues).read(reader, mask);
  }
}
