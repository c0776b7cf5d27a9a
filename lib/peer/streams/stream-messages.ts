import type { PacketReader } from "../frames/packet-reader.js";
import { writeU16, writeU32 } from "../integers.js";

/** The first byte of a message about a stream; its number follows. Layouts: docs/wire-format.md. */
export enum StreamMessage {
  Open = 1,
  Data = 2,
  End = 3,
  Abort = 4,
  Credit = 5,
  Stop = 6,
  Finished = 7,
}

/** Longest header of a stream. */
export const MAX_STREAM_HEADER_BYTES = 1024;
/** Largest chunk: it holds up what is more urgent for no longer than this takes. */
export const CHUNK_BYTES = 16 * 1024 - 64;
/** What a sender may have under way that nobody has read. */
export const STREAM_CREDIT_BYTES = 256 * 1024;
/** Codes of the library's own beside the application's 0 to 999. */
export enum StreamCode {
  /** Nobody listens for streams here. */
  NotWanted = 1000,
  TooMany = 1001,
}

const HEAD_BYTES = 5;

/** Writes messages about streams, into one array that the next one reuses. */
export class StreamMessageWriter {
  readonly bytes = new Uint8Array(CHUNK_BYTES + HEAD_BYTES);

  /** Gives the message's length. */
  plain(kind: StreamMessage, id: number): number {
    this.bytes[0] = kind;
    return writeU32(this.bytes, 1, id);
  }

  withBytes(kind: StreamMessage, id: number, content: Uint8Array): number {
    const at = this.plain(kind, id);
    this.bytes.set(content, at);
    return at + content.length;
  }

  withCode(kind: StreamMessage, id: number, code: number): number {
    return writeU16(this.bytes, this.plain(kind, id), code);
  }

  withNumber(kind: StreamMessage, id: number, value: number): number {
    return writeU32(this.bytes, this.plain(kind, id), value);
  }
}

/** Reads the head of a message; the rest is for the reader's user. */
export function readStreamMessage(
  reader: PacketReader,
  buffer: Uint8Array,
  offset: number,
  length: number,
): StreamMessage {
  reader.start(buffer, offset, offset + length);
  return reader.u8();
}
