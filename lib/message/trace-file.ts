import { environmentVariable } from "../development.js";
import { printable } from "../printable.js";
import type { Logger } from "./logger.js";
import type { TraceDetail } from "./trace.js";

/** What is used of `node:fs`. */
interface Files {
  readonly constants: Readonly<Record<string, number>>;
  openSync(path: string, flags: number, mode: number): number;
  writeSync(file: number, text: string): number;
  fstatSync(file: number): FileStatus;
  statSync(path: string, options: { throwIfNoEntry: false }): FileStatus | undefined;
  renameSync(from: string, to: string): void;
  closeSync(file: number): void;
}

interface FileStatus {
  readonly size: number;
  readonly ino: number;
  isFile(): boolean;
}

/** The largest file of a trace: 64 MiB. */
const MAX_BYTES = 2 ** 26;

/**
 * Appends lines to a file. When they would make it larger than `maxBytes` it becomes `<path>.1`, in place of an older
 * one, and a new file begins: the newest lines are always there, whatever strangers do. Several processes may share it.
 *
 * A pipe is not waited for: without a reader the first line throws, and lines that do not fit are left out. What cannot
 * be written throws once; all lines after that are left out, of all servers and clients that share the file.
 */
export class TraceFile {
  readonly #files: Files;
  readonly #path: string;
  readonly #maxBytes: number;
  #file: number | null = null;
  #hasFailed = false;
  /** Infinity for what does not grow, such as a pipe. */
  #bytesLeft = 0;

  constructor(files: Files, path: string, maxBytes = MAX_BYTES) {
    this.#files = files;
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  write(line: string): void {
    if (this.#hasFailed) return;
    const text = `${line}\n`;
    try {
      this.#file ??= this.#open();
      if (this.#bytesLeft < text.length) this.#rotate(this.#file);
      this.#bytesLeft -= this.#files.writeSync(this.#file, text);
    } catch (error) {
      if ((error as { code?: string }).code === "EAGAIN") return;
      this.#hasFailed = true;
      throw error;
    }
  }

  #open(): number {
    const { O_WRONLY = 0, O_APPEND = 0, O_CREAT = 0, O_NONBLOCK = 0 } = this.#files.constants;
    const file = this.#files.openSync(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666);
    const status = this.#files.fstatSync(file);
    this.#bytesLeft = status.isFile() ? this.#maxBytes - status.size : Number.POSITIVE_INFINITY;
    return file;
  }

  #rotate(file: number): void {
    const { ino } = this.#files.fstatSync(file);
    this.#file = null;
    this.#files.closeSync(file);
    // Otherwise another process has renamed it already.
    const isSame = this.#files.statSync(this.#path, { throwIfNoEntry: false })?.ino === ino;
    if (isSame) this.#files.renameSync(this.#path, `${this.#path}.1`);
    this.#file = this.#open();
  }
}

/** In Node.js, Bun and Deno: what `VALVE_SOCKETS_TRACE_DETAIL` says. Another word warns, and counts for nothing. */
export function traceDetail(logger: Logger): TraceDetail {
  const text = environmentVariable("VALVE_SOCKETS_TRACE_DETAIL");
  if (text === "packets") return text;
  if (text && text !== "connections")
    logger.warn(
      `valve-sockets: VALVE_SOCKETS_TRACE_DETAIL is "packets" or "connections", and not "${printable(text)}"`,
    );
  return "connections";
}

interface NodeProcess {
  getBuiltinModule?(name: "fs"): Files | undefined;
}

/** The files of this process by path: all servers and clients write to the same one. */
const traceFiles = new Map<string, TraceFile>();

/** In Node.js, Bun and Deno: the file that `VALVE_SOCKETS_TRACE` names. Null: there is none. */
export function traceFile(): ((line: string) => void) | null {
  const { process } = globalThis as { process?: NodeProcess };
  const path = environmentVariable("VALVE_SOCKETS_TRACE");
  const files = path ? process?.getBuiltinModule?.("fs") : undefined;
  if (!path || !files) return null;
  const file = traceFiles.get(path) ?? new TraceFile(files, path);
  traceFiles.set(path, file);
  return (line) => file.write(line);
}
