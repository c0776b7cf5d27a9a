import { checkInstance, typeError } from "../arguments.js";
import { NetworkServer } from "../message/index.js";
import { NetworkError } from "../network-error.js";
import { RecordingFile } from "./recording-file.js";
import { LineWriter } from "./recording-lines.js";
import { TapeConnection } from "./tape-connection.js";

/** A line has no more messages than those with which it gets longer than this. */
const STEP_BYTES = 2 ** 20;

/** A server's world on its way into a file. Made by {@link record}. */
export class Recording {
  readonly #server: NetworkServer;
  readonly #file: RecordingFile;
  readonly #lines = new LineWriter();
  readonly #tape = new TapeConnection((bytes) => this.#take(bytes));
  readonly #unwatch: () => void;
  readonly #startMs: number;
  /** What was sent in the tick `#tick`, and is not in the file yet. */
  #messages: string[] = [];
  #messageBytes = 0;
  #tick = 0;
  #timeMs = 0;
  #isPlanned = false;
  #isOver = false;
  #closing: Promise<void> | null = null;

  /** @internal See {@link record}. */
  constructor(server: NetworkServer, file: RecordingFile) {
    this.#server = server;
    this.#file = file;
    this.#startMs = this.#timeMs = server.time.nowMs;
    this.#tick = server.time.tick;
    const { name, version, fingerprint } = server.protocol;
    const tickRate = NetworkServer.tickRateOf(server);
    const maxMessageSize = NetworkServer.maxMessageSizeOf(server);
    file.write(this.#lines.header({ name, version, fingerprint, startMs: this.#startMs, tickRate, maxMessageSize }));
    const watcher = NetworkServer.watch(server, this.#tape);
    const stopListening = server.on("stopped", () => void this.stop().catch(() => {}));
    this.#unwatch = () => {
      stopListening();
      NetworkServer.unwatch(server, watcher);
    };
  }

  /** How long it is, in milliseconds of the server's time. */
  get durationMs(): number {
    return (this.#isOver ? this.#timeMs : Math.max(this.#server.time.nowMs, this.#timeMs)) - this.#startMs;
  }

  /** How long the file is, with what waits for the disk. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /**
   * Ends it, and resolves when the file is whole. It ends by itself when the server stops.
   *
   * @throws NetworkError `ERR_RECORDING` if it could not be written: the file is good up to there
   */
  stop(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  /** @internal The file takes nothing any more. It may be told in the middle of a tick, which needs the watcher. */
  failed(error: NetworkError): void {
    queueMicrotask(() => {
      this.#leave();
      NetworkServer.report(this.#server, error, "a recording");
    });
  }

  #stop(): Promise<void> {
    // A server that has stopped has no time any more.
    if (this.#server.active) this.#timeMs = Math.max(this.#server.time.nowMs, this.#timeMs);
    this.#leave();
    return this.#file.close();
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#writeStep();
    this.#isOver = true;
    this.#file.write(this.#lines.end(this.#timeMs, this.#tick));
    this.#unwatch();
    this.#tape.disconnect();
  }

  #take(bytes: Uint8Array): void {
    const { tick, nowMs } = this.#server.time;
    if (tick !== this.#tick || this.#messageBytes > STEP_BYTES) this.#writeStep();
    if (this.#messages.length === 0) {
      this.#tick = tick;
      this.#timeMs = nowMs;
    }
    const { buffer, byteOffset, length } = bytes;
    this.#messages.push(Buffer.from(buffer, byteOffset, length).toString("base64"));
    this.#messageBytes += length;
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#writeStep();
      this.#tape.confirm();
    });
  }

  #writeStep(): void {
    if (this.#messages.length === 0 || this.#isOver) return;
    const messages = this.#messages;
    this.#messages = [];
    this.#messageBytes = 0;
    this.#file.write(this.#lines.step(this.#timeMs, this.#tick, messages));
  }
}

/**
 * Writes what a server's world does into a file, from now on: docs/recording.md says what is in it.
 *
 * @param file its path; a file of that name is replaced
 * @throws (rejects) NetworkError `ERR_STATE` while the server is not active; `ERR_RECORDING` for a file that cannot be
 *   written; TypeError for what is no server or path
 */
export async function record(server: NetworkServer, file: string): Promise<Recording> {
  checkInstance("server", server, NetworkServer);
  if (typeof file !== "string" || file === "") throw typeError("file", "a path");
  const assertActive = () => {
    if (!server.active) throw new NetworkError("ERR_STATE", "The server is not active: start it before you record");
  };
  assertActive();
  let recording: Recording | null = null;
  const opened = await RecordingFile.open(file, (error) => recording?.failed(error));
  try {
    assertActive();
  } catch (error) {
    await opened.close();
    throw error;
  }
  recording = new Recording(server, opened);
  return recording;
}
