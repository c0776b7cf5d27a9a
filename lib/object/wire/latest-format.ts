import { badValue } from "../../serialization/errors.js";
import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";

export { NO_RECORD } from "../behaviour/record-run.js";

// A packet of latest state. docs/wire-format.md has the bits.

/** Latest state says for so many ticks that an object has not moved to where it is, but appeared there. */
export const TELEPORT_BITS = 6;
/** How many ticks without changes a packet of latest state can name. */
const SILENT_BITS = 6;

/** What follows, in three bits: an end, or a record; of a record two bits say whose it is, and its number. */
const TAG_BITS = 3;
const COMPLETE = 0;
const PARTIAL = 1;
const LAST_OF_SEVERAL = 2;
const IS_RECORD = 4;
export const RECORD = IS_RECORD;
const IS_OWNER = 1;
/** The number is the one behind that of the record before. */
const IS_NEXT = 2;

/** Numbers of up to 7 bits have a 0 before them, up to 14 bits a 1 and a 0; larger ones two 1 and are packed. */
const SHORT_BITS = 7;
const LONG_BITS = 14;
const SHORT = 1 << SHORT_BITS;
const LONG = 1 << LONG_BITS;

/** So many bits more fit a number of 32 bits with any short start. */
export const BITS_BESIDE_START: number = 32 - (TAG_BITS + 2 + LONG_BITS);

/** The longest start of a packet. */
export const MAX_START_BITS: number = 32 + 1 + SILENT_BITS;

/** Begins a packet with state of `tick`; in `silentTicks` ticks before it there was nothing to send. */
export function writePacketStart(writer: NetworkWriter, tick: number, silentTicks: number): void {
  writer.writeUint32(tick);
  writer.writeBoolean(silentTicks > 0);
  if (silentTicks > 0) writer.writeBits(Math.min(silentTicks, (1 << SILENT_BITS) - 1), SILENT_BITS);
}

/** Whether a record's start of so many bits depends on the record before it. */
export const isNextStart = (bits: number): boolean => bits === TAG_BITS;

/** The bits of `writeRecordStart`, at most. */
export function recordStartBits(item: number): number {
  if (item < SHORT) return TAG_BITS + 1 + SHORT_BITS;
  return TAG_BITS + 2 + (item < LONG ? LONG_BITS : 40);
}

export const readSilentTicks = (reader: NetworkReader): number =>
  reader.readBoolean() ? reader.readBits(SILENT_BITS) : 0;

/** How many bits begin the record of an object; 0 for large numbers, whose bits differ. */
export function shortStartBits(before: number, item: number): number {
  if (item === before + 1) return TAG_BITS;
  return item < SHORT ? TAG_BITS + 1 + SHORT_BITS : item < LONG ? TAG_BITS + 2 + LONG_BITS : 0;
}

/** These bits. */
export function shortStart(before: number, item: number, isOwner: boolean): number {
  const tag = isOwner ? RECORD | IS_OWNER : RECORD;
  if (item === before + 1) return tag | IS_NEXT;
  return item < SHORT ? tag | (item << (TAG_BITS + 1)) : tag | (1 << TAG_BITS) | (item << (TAG_BITS + 2));
}

/** Begins the record of an object. @param before the number of the record before it in the packet */
export function writeRecordStart(writer: NetworkWriter, before: number, item: number, isOwner: boolean): void {
  const bits = shortStartBits(before, item);
  if (bits > 0) {
    writer.writeBits(shortStart(before, item, isOwner), bits);
    return;
  }
  writer.writeBits((isOwner ? RECORD | IS_OWNER : RECORD) | (3 << TAG_BITS), TAG_BITS + 2);
  writer.writePacked(item - LONG);
}

/** What follows: `RECORD` and more bits, or an end. */
export const readTag = (reader: NetworkReader): number => reader.readBits(TAG_BITS);

export const isOwnRecord = (tag: number): boolean => (tag & IS_OWNER) !== 0;

/** Reads the number of an object whose record begins. */
export function readItem(reader: NetworkReader, tag: number, before: number): number {
  if ((tag & IS_NEXT) !== 0) return before + 1;
  if (!reader.readBoolean()) return reader.readBits(SHORT_BITS);
  return reader.readBoolean() ? LONG + reader.readPacked() : reader.readBits(LONG_BITS);
}

/**
 * The bits of the start of a record, of which `next` are the first 32; 0 where that may be longer, for an end, and for
 * an object of the reader's own.
 */
export function shortStartOf(next: number): number {
  if ((next & (IS_RECORD | IS_OWNER)) !== IS_RECORD) return 0;
  if ((next & IS_NEXT) !== 0) return TAG_BITS;
  if ((next & (1 << TAG_BITS)) === 0) return TAG_BITS + 1 + SHORT_BITS;
  return (next & (2 << TAG_BITS)) === 0 ? TAG_BITS + 2 + LONG_BITS : 0;
}

/** The number of the object whose record has this start. */
export function itemOfShortStart(next: number, before: number): number {
  if ((next & IS_NEXT) !== 0) return before + 1;
  if ((next & (1 << TAG_BITS)) === 0) return (next >>> (TAG_BITS + 1)) & (SHORT - 1);
  return (next >>> (TAG_BITS + 2)) & (LONG - 1);
}

/** Ends a packet. @param count of how many packets with all the state of the tick it is the last, 0 if it is not */
export function writePacketEnd(writer: NetworkWriter, count: number): void {
  writer.writeBits(count === 1 ? COMPLETE : count === 0 ? PARTIAL : LAST_OF_SEVERAL, TAG_BITS);
  if (count > 1) writer.writePacked(count);
}

/** Reads what follows the tag of an end. @returns as the `count` of `writePacketEnd` */
export function readPacketCount(reader: NetworkReader, tag: number): number {
  if (tag === COMPLETE) return 1;
  if (tag === PARTIAL) return 0;
  if (tag === LAST_OF_SEVERAL) return reader.readPacked();
  throw badValue("A packet of latest state ends in an unknown way");
}
