import { once } from "node:events";
import type { WriteStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { errorText } from "../error-text.js";
import { NetworkError } from "../network-error.js";
import { LineReader, type LineState, type RecordingHeader, type RecordingStep } from "./recording-lines.js";

/** More that the disk has not taken ends a recording. */
const MAX_WAITING_BYTES = 16 * 2 ** 20;
/** No line of a recording is longer. */
const MAX_LINE_BYTES = 4 * 2 ** 20;
const CHUNK_BYTES = 2 ** 16;
const NEW_LINE = 10;

export const recordingError = (text: string, cause?: unknown) => new NetworkError("ERR_RECORDING", text, { cause });

/** The files that this process writes, whatever their paths: the numbers of the device and of the file there. */
const written = new Set<string>();

/** Writes lines to a file. */
export class RecordingFile {
  readonly #stream: WriteStream;
  readonly #onFailed: (error: NetworkError) => void;
  /** Why it takes nothing any more. */
  failure: NetworkError | null = null;
  bytes = 0;

  private constructor(path: string, stream: WriteStream, onFailed: (error: NetworkError) => void) {
    this.#stream = stream;
    this.#onFailed = onFailed;
    stream.on("error", (error) => this.#fail(`${path} cannot be written: ${errorText(error)}`, error));
  }

  /** Replaces a file of that name. @throws NetworkError `ERR_RECORDING`, `ERR_STATE` for one that is being written */
  static async open(path: string, onFailed: (error: NetworkError) => void): Promise<RecordingFile> {
    let handle: FileHandle | null = null;
    try {
      // What another recording writes is not emptied.
      handle = await open(path, "a");
      const status = await handle.stat({ bigint: true });
      const id = `${status.dev} ${status.ino}`;
      if (written.has(id)) throw new NetworkError("ERR_STATE", `${path} is being recorded`);
      written.add(id);
      const stream = handle.createWriteStream();
      stream.once("close", () => written.delete(id));
      if (status.isFile()) await handle.truncate();
      return new RecordingFile(resolve(path), stream, onFailed);
    } catch (error) {
      await handle?.close();
      if (error instanceof NetworkError) throw error;
      throw recordingError(`${resolve(path)} cannot be written: ${errorText(error)}`, error);
    }
  }

  write(line: string): void {
    if (this.failure) return;
    const text = Buffer.from(`${line}\n`);
    if (this.#stream.writableLength + text.length > MAX_WAITING_BYTES) {
      this.#fail(`The disk is too slow: over ${MAX_WAITING_BYTES / 2 ** 20} MiB of the recording wait`);
      return;
    }
    this.bytes += text.length;
    this.#stream.write(text);
  }

  /** Resolves when all is written. @throws NetworkError `ERR_RECORDING` */
  async close(): Promise<void> {
    if (!this.failure) {
      this.#stream.end();
      await once(this.#stream, "close").catch(() => {});
    }
    if (this.failure) throw this.failure;
  }

  #fail(text: string, cause?: unknown): void {
    if (this.failure) return;
    this.failure = recordingError(text, cause);
    this.#stream.destroy();
    this.#onFailed(this.failure);
  }
}

/**
 * The lines of a file from `offset` on, one at a time, and where each ends.
 *
 * @throws Error for one that is too long, and for a last one that is cut
 */
async function* linesOf(path: string, offset: number): AsyncGenerator<{ text: string; end: number }, void> {
  const file = await open(path);
  try {
    let rest = Buffer.alloc(0);
    let position = offset;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
      if (bytesRead === 0) break;
      const chunkOffset = position - rest.length;
      position += bytesRead;
      const chunk =
        rest.length === 0 ? buffer.subarray(0, bytesRead) : Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = chunk.indexOf(NEW_LINE, rest.length); end >= 0; end = chunk.indexOf(NEW_LINE, start)) {
        if (end - start > MAX_LINE_BYTES) break;
        yield { text: chunk.toString("utf8", start, end), end: chunkOffset + end + 1 };
        start = end + 1;
      }
      rest = chunk.subarray(start);
      if (rest.length > MAX_LINE_BYTES) throw new Error(`it is longer than ${MAX_LINE_BYTES} bytes`);
    }
    if (rest.length > 0) throw new Error("it is cut");
  } finally {
    await file.close();
  }
}

/** Where a line of a recording begins. */
export interface Place {
  /** In bytes. */
  readonly offset: number;
  /** Of the line, from 1. */
  readonly line: number;
  readonly state: LineState;
}

/** A step, and where its line begins. */
export type PlacedStep = RecordingStep & { readonly place: Place };

/** Reads the header of a recording. @returns also where its first step is @throws NetworkError `ERR_RECORDING` */
export async function readHeader(path: string): Promise<{ header: RecordingHeader; start: Place }> {
  const reader = new LineReader();
  const lines = linesOf(path, 0);
  try {
    // The system would wait for somebody to write into a pipe.
    if (!(await stat(path)).isFile()) throw new Error("it is no file");
    const first = await lines.next();
    if (first.done) throw new Error("the file is empty");
    const header = reader.header(first.value.text);
    return { header, start: { offset: first.value.end, line: 2, state: reader.state } };
  } catch (error) {
    throw unreadable(path, 1, error);
  } finally {
    await lines.return();
  }
}

/**
 * Reads the steps of a recording. The last one ends it.
 *
 * @param isPartial what cannot be read ends it as well
 * @throws NetworkError `ERR_RECORDING`
 */
export async function* readSteps(path: string, start: Place, isPartial: boolean): AsyncGenerator<PlacedStep, void> {
  const reader = new LineReader(start.state);
  const lines = linesOf(path, start.offset);
  let place = start;
  let tick = 0;
  try {
    for (;;) {
      const line = await lines.next();
      if (line.done) throw new Error("the end is missing");
      const step = reader.step(line.value.text);
      ({ tick } = step);
      const next = { offset: line.value.end, line: place.line + 1, state: reader.state };
      if (step.kind === "ended" && !(await lines.next()).done) {
        place = next;
        throw new Error("it follows the end");
      }
      yield { ...step, place };
      if (step.kind === "ended") return;
      place = next;
    }
  } catch (error) {
    if (!isPartial) throw unreadable(path, place.line, error);
    yield { kind: "ended", timeMs: place.state.timeMs, tick, entries: [], place };
  } finally {
    await lines.return();
  }
}

const unreadable = (path: string, line: number, error: unknown) =>
  (error as { syscall?: string }).syscall
    ? recordingError(`${path} cannot be read: ${errorText(error)}`, error)
    : recordingError(`Line ${line} of ${path} is wrong: ${errorText(error)}`, error);
