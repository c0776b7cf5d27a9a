import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { NetworkError } from "../network-error.js";
import { LineReader, type RecordingHeader, type RecordingStep } from "./recording-lines.js";

/** More that the disk has not taken ends a recording. */
const MAX_WAITING_BYTES = 16 * 2 ** 20;
/** No line of a recording is longer. */
const MAX_LINE_BYTES = 4 * 2 ** 20;
const CHUNK_BYTES = 2 ** 16;
const NEW_LINE = 10;

export const recordingError = (text: string, cause?: unknown) => new NetworkError("ERR_RECORDING", text, { cause });

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

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
    stream.on("error", (error) => this.#fail(`${path} cannot be written: ${textOf(error)}`, error));
  }

  /** Replaces a file of that name. @throws NetworkError `ERR_RECORDING` */
  static async open(path: string, onFailed: (error: NetworkError) => void): Promise<RecordingFile> {
    const stream = createWriteStream(path);
    try {
      await once(stream, "open");
    } catch (error) {
      throw recordingError(`${path} cannot be written: ${textOf(error)}`, error);
    }
    return new RecordingFile(path, stream, onFailed);
  }

  write(line: string): void {
    if (this.failure) return;
    const text = `${line}\n`;
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

/** The lines of a file, one at a time. @throws Error for one that is too long, and for a last one that is cut */
async function* linesOf(path: string): AsyncGenerator<string, void> {
  const file = await open(path);
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) break;
      const chunk =
        rest.length === 0 ? buffer.subarray(0, bytesRead) : Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = chunk.indexOf(NEW_LINE, rest.length); end >= 0; end = chunk.indexOf(NEW_LINE, start)) {
        yield chunk.toString("utf8", start, end);
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

/** What a recording has: its header, and then its steps. */
export interface RecordingReader {
  readonly header: RecordingHeader;
  readonly steps: AsyncGenerator<RecordingStep, void>;
  /** Reads no further. */
  close(): Promise<unknown>;
}

/**
 * Reads a recording. The last step ends it.
 *
 * @param isPartial what cannot be read ends it as well
 * @throws NetworkError `ERR_RECORDING`, as do its steps
 */
export async function openRecording(path: string, isPartial: boolean): Promise<RecordingReader> {
  const reader = new LineReader();
  const lines = linesOf(path);
  let number = 1;
  const wrong = (error: unknown) => recordingError(`Line ${number} of ${path} is wrong: ${textOf(error)}`, error);
  try {
    const first = await lines.next();
    if (first.done) throw new Error("the file is empty");
    const header = reader.header(first.value);
    return { header, steps: steps(header), close: () => lines.return() };
  } catch (error) {
    await lines.return();
    throw (error as { syscall?: string }).syscall
      ? recordingError(`${path} cannot be read: ${textOf(error)}`, error)
      : wrong(error);
  }

  async function* steps(header: RecordingHeader): AsyncGenerator<RecordingStep, void> {
    let last: RecordingStep = { timeMs: header.startMs, tick: 0, messages: null };
    try {
      for (;;) {
        number++;
        const line = await lines.next();
        if (line.done) throw new Error("the end is missing");
        const step = reader.step(line.value);
        last = step;
        yield step;
        if (step.messages) continue;
        if (!(await lines.next()).done) throw new Error(`line ${++number} follows the end`);
        return;
      }
    } catch (error) {
      if (!isPartial) throw wrong(error);
      yield { ...last, messages: null };
    } finally {
      await lines.return();
    }
  }
}
