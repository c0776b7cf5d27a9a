import { checkInstance, typeError } from "../arguments.js";
import { type INetworkPlayer, NetworkServer } from "../message/index.js";
import { NetworkError } from "../network-error.js";
import { booleanOption, checkOptions } from "../options.js";
import { RecordingFile } from "./recording-file.js";
import { LineWriter, MAX_DURATION_MS, type WrittenEntry } from "./recording-lines.js";
import { TapeConnection } from "./tape-connection.js";

/** Options of {@link record}. */
export interface RecordOptions {
  /**
   * Records also what only some players may see: members with another `to` than `everyone` or `others`, and messages
   * to single players.
   *
   * @defaultValue false
   */
  isPrivate?: boolean;
}

/** A line has no more messages than those with which it gets longer than this. */
const STEP_BYTES = 2 ** 20;
/** A keyframe follows the one before after so long, and when there is as much between them as in one. */
const KEYFRAME_MS = 10_000;

const base64Of = ({ buffer, byteOffset, length }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, length).toString("base64");

/** The whole world at one moment, for those who go back there. */
interface Keyframe {
  readonly watcher: INetworkPlayer;
  readonly tape: TapeConnection;
  readonly entries: WrittenEntry[];
}

/** A server's world on its way into a file. Made by {@link record}. */
export class Recording {
  readonly #server: NetworkServer;
  readonly #file: RecordingFile;
  readonly #lines = new LineWriter();
  readonly #tape = new TapeConnection((bytes) => this.#take(bytes));
  readonly #watcher: INetworkPlayer;
  readonly #sight: { readonly seesAll: boolean };
  readonly #listeners: readonly (() => void)[];
  readonly #startMs: number;
  /** The players who alone get the message that is taken; null: all do. */
  #to: readonly number[] | null = null;
  /** What was sent in the tick `#tick`, and is not in the file yet. */
  #entries: WrittenEntry[] = [];
  #entryBytes = 0;
  #tick = 0;
  #timeMs = 0;
  #sceneName: string | null = null;
  #keyframe: Keyframe | null = null;
  #keyframeDueMs: number;
  /** How long the last keyframe is, and the file was when it was written. */
  #keyframeBytes = 0;
  #bytesBefore = 0;
  #isPlanned = false;
  #isOver = false;
  #closing: Promise<void> | null = null;

  /** @internal See {@link record}. */
  constructor(server: NetworkServer, file: RecordingFile, isPrivate: boolean) {
    this.#server = server;
    this.#file = file;
    this.#sight = { seesAll: isPrivate };
    this.#startMs = this.#timeMs = server.time.nowMs;
    this.#keyframeDueMs = this.#startMs + KEYFRAME_MS;
    this.#tick = server.time.tick;
    const { name, version, fingerprint } = server.protocol;
    const tickRate = NetworkServer.tickRateOf(server);
    const maxMessageSize = NetworkServer.maxMessageSizeOf(server);
    file.write(this.#lines.header({ name, version, fingerprint, startMs: this.#startMs, tickRate, maxMessageSize }));
    this.#noteScene();
    this.#watcher = NetworkServer.watch(server, this.#tape, this.#sight, {
      directed: isPrivate
        ? (players, message, value) => {
            this.#to = players;
            // Its own `send` would be heard, too.
            NetworkServer.sendOrTell(server, [this.#watcher], message, value);
            this.#to = null;
          }
        : null,
    });
    this.#listeners = [
      server.on("stopped", () => void this.stop().catch(() => {})),
      server.on("ticked", () => this.#onTicked()),
    ];
  }

  /** How long it is, in milliseconds of the server's time. */
  get durationMs(): number {
    return (this.#isOver ? this.#timeMs : Math.max(this.#nowMs, this.#timeMs)) - this.#startMs;
  }

  /** The clock may jump, as in a computer that slept: no time in the file is later than its end can be. */
  get #nowMs(): number {
    return Math.min(this.#server.time.nowMs, this.#startMs + MAX_DURATION_MS);
  }

  /** How long the file is, with what waits for the disk. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /**
   * Ends it, and resolves when the file is whole. It ends by itself when the server stops, and after a week.
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
    if (this.#server.active) this.#timeMs = Math.max(this.#nowMs, this.#timeMs);
    this.#leave();
    return this.#file.close();
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#writeStep();
    this.#isOver = true;
    this.#file.write(this.#lines.step("ended", this.#timeMs, this.#tick));
    for (const remove of this.#listeners) remove();
    this.#unwatch(this.#watcher, this.#tape);
    if (this.#keyframe) this.#unwatch(this.#keyframe.watcher, this.#keyframe.tape);
  }

  #unwatch(watcher: INetworkPlayer, tape: TapeConnection): void {
    NetworkServer.unwatch(this.#server, watcher);
    tape.disconnect();
  }

  #take(bytes: Uint8Array): void {
    this.#noteScene();
    const message = base64Of(bytes);
    this.#add(this.#to ? { to: this.#to, message } : message, bytes.length);
  }

  /** Has the scene in front of what is sent from now on. */
  #noteScene(): void {
    const { sceneName } = this.#server;
    if (sceneName === this.#sceneName || sceneName === null) return;
    this.#sceneName = sceneName;
    this.#add({ scene: sceneName }, 0);
  }

  #add(entry: WrittenEntry, bytes: number): void {
    const { tick } = this.#server.time;
    if (tick !== this.#tick || this.#entryBytes > STEP_BYTES) this.#writeStep();
    if (this.#entries.length === 0) {
      this.#tick = tick;
      this.#timeMs = this.#nowMs;
    }
    this.#entries.push(entry);
    this.#entryBytes += bytes;
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#writeStep();
      this.#tape.confirm();
    });
  }

  #writeStep(): void {
    if (this.#entries.length === 0 || this.#isOver) return;
    const entries = this.#entries;
    this.#entries = [];
    this.#entryBytes = 0;
    this.#file.write(this.#lines.step("tick", this.#timeMs, this.#tick, entries));
  }

  /** A tick's messages are about to be sent. */
  #onTicked(): void {
    if (this.durationMs >= MAX_DURATION_MS) {
      void this.stop().catch(() => {});
      return;
    }
    this.#noteScene();
    this.#writeKeyframe();
    const isLong = this.#file.bytes - this.#bytesBefore >= this.#keyframeBytes;
    if (isLong && this.#nowMs >= this.#keyframeDueMs) this.#beginKeyframe();
  }

  /** Somebody new gets the world in this tick. */
  #beginKeyframe(): void {
    const entries: WrittenEntry[] = this.#sceneName === null ? [] : [{ scene: this.#sceneName }];
    const tape = new TapeConnection((bytes) => {
      entries.push(base64Of(bytes));
      queueMicrotask(() => this.#writeKeyframe());
    });
    this.#keyframe = { entries, tape, watcher: NetworkServer.watch(this.#server, tape, this.#sight, null) };
  }

  /** What it was sent is the world after the steps that are written by now. */
  #writeKeyframe(): void {
    if (!this.#keyframe || this.#isOver) return;
    const { watcher, tape, entries } = this.#keyframe;
    this.#keyframe = null;
    this.#unwatch(watcher, tape);
    this.#writeStep();
    const { tick } = this.#server.time;
    const nowMs = this.#nowMs;
    const before = this.#file.bytes;
    for (let start = 0; start < entries.length || start === 0; ) {
      let end = start;
      for (let bytes = 0; end < entries.length && bytes < STEP_BYTES; end++)
        bytes += JSON.stringify(entries[end]).length;
      this.#file.write(this.#lines.step("keyframe", nowMs, tick, entries.slice(start, end)));
      start = Math.max(end, start + 1);
    }
    this.#timeMs = nowMs;
    this.#keyframeBytes = this.#file.bytes - before;
    this.#bytesBefore = this.#file.bytes;
    this.#keyframeDueMs = nowMs + KEYFRAME_MS;
  }
}

/**
 * Writes what a server's world does into a file, from now on: docs/recording.md says what is in it.
 *
 * @param file its path; a file of that name is replaced
 * @throws (rejects) NetworkError `ERR_STATE` while the server is not active, or the file is being recorded;
 *   `ERR_RECORDING` for a file that cannot be written; TypeError, `ERR_UNKNOWN_OPTION` for wrong arguments
 */
export async function record(server: NetworkServer, file: string, options: RecordOptions = {}): Promise<Recording> {
  checkInstance("server", server, NetworkServer);
  if (typeof file !== "string" || file === "") throw typeError("file", "a path");
  checkOptions("record", options, { isPrivate: booleanOption });
  const { isPrivate = false } = options;
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
  recording = new Recording(server, opened, isPrivate);
  return recording;
}
