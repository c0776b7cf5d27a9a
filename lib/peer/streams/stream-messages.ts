import { writeU16, writeU32 } from "../integers.js";

/** The first byte of a message about a stream; the id of the stream follows. Layouts: docs/wire-format.md. */
export enum StreamMessage {
  Open = 1,
  Data = 2,
  End = 3,
  Abort = 4,
  Credit = 5,
  Stop = 6,
  Finished = 7,
}

/** The longest header of a stream. */
export const MAX_STREAM_HEADER_BYTES = 1024;
/** The largest chunk. Something more urgent waits for one chunk at most. */
export const CHUNK_BYTES = 16 * 1024 - 64;
/** How many bytes of a stream may be on their way that the other side has not read. */
export const STREAM_CREDIT_BYTES = 256 * 1024;
/** Codes of the library; 0 to 999 are the application's. */
export enum StreamCode {
  /** Nobody listens for streams here. */
  NotWanted = 1000,
  TooMany = 1001,
  /** What listens for streams here has failed. */
  Failed = 1002,
}

const HEAD_BYTES = 5;
/** Of all connections: whoever writes a message queues a copy of it at once. */
const shared = new Uint8Array(CHUNK_BYTES + HEAD_BYTES);

/** Writes messages about streams into an array that the next message reuses. Each method gives the length. */
export class StreamMessageWriter {
  readonly bytes = shared;

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
