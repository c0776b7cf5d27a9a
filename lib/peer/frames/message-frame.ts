import { varintSize, writeVarint } from "../integers.js";
import type { PacketReader } from "./packet-reader.js";

/** The largest head of a {@link MessageFrame}: kind u8, and a varint. */
export const MAX_MESSAGE_HEAD_BYTES = 5;

/** The size of a whole frame whose message has `length` bytes. */
export function messageFrameSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Writes what stands before the message; gives the place behind it. */
export function writeMessageHead(buffer: Uint8Array, at: number, kind: number, length: number): number {
  buffer[at] = kind;
  return writeVarint(buffer, at + 1, length);
}

/** Unreliable, Notify, Message and MessagePart: kind u8, length varint, message. */
export class MessageFrame {
  /** Where the message begins in the reader's buffer. */
  start = 0;
  length = 0;

  /** Reads what follows the kind. @returns false: the frame is cut off, or its length is malformed */
  read(reader: PacketReader): boolean {
    this.length = reader.varint();
    this.start = reader.skip(this.length);
    return !reader.failed;
  }
}
