import { checkBytes } from "../../arguments.js";
import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import type { Random } from "../../random.js";
import { reportUncaught } from "../../report-uncaught.js";
import type { Log } from "../engine/engine.js";
import { nameOf } from "./names.js";
import { codeOf } from "./records.js";
import { decodeRecord, EVENT_BYTES, encodeRecord, MAX_CONTENT_BYTES, MAX_EVENTS } from "./room-records.js";

/** How long a commit is tried. */
export const COMMIT_TIMEOUT_MS = 30_000;
/** How many bytes of events may wait. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;
const RETRY_MS = { first: 50, most: 1000 };
/** How often an owner that begins tries to get in front of one that still writes. */
const FENCE_ATTEMPTS = 100;

/** The settings of a {@link RoomLog}. */
export interface RoomLogOptions {
  log: Log;
  /** Of the room. */
  id: string;
  /** Of this owner's claim. */
  epoch: bigint;
  /** The id of this host. */
  owner: string;
  clock: Clock;
  random: Random;
  /**
   * Called for each event when it is stored, in order, and before its `commit` resolves: where the room changes its
   * state, so that a checkpoint never has half of it.
   */
  apply(event: Uint8Array): void;
  /** Another owner has begun: this copy of the room is over. Called once. What waits rejects when this is done. */
  fenced(): void | Promise<void>;
  /** @defaultValue 30,000 ms */
  commitTimeoutMs?: number;
}

/** What a room is made of again. */
export interface RoomHistory {
  /** The newest checkpoint. */
  readonly state: Uint8Array | null;
  /** What was committed since, in order. */
  readonly events: readonly Uint8Array[];
}

interface WaitingEvent {
  readonly event: Uint8Array;
  readonly untilMs: number;
  readonly settle: { resolve(sequence: bigint): void; reject(error: unknown): void };
}

interface WaitingCheckpoint {
  readonly record: Uint8Array;
  /** The last record whose events are in it. */
  readonly covers: bigint;
  readonly settle: { resolve(): void; reject(error: unknown): void };
}

/**
 * The log of a room, as its owner writes it: one record at a time, each behind the one before, so that an owner who was
 * replaced is refused. Fences, events and checkpoints are in one order, and whoever owns the room next reads all of
 * them.
 *
 * What could not be stored is tried again with the same id, for as long as it takes: only a refused fence ends a room.
 */
export class RoomLog {
  readonly #options: Required<RoomLogOptions>;
  readonly #subject: string;
  /** The record of this owner's fence, which makes the ids of its records unique. */
  readonly #fence: bigint;
  /** The last record, whose events are applied: what the next one names. */
  #last: bigint;
  #records = 0;
  readonly #waiting: WaitingEvent[] = [];
  /** The events that are being stored. */
  #batch: WaitingEvent[] = [];
  /** Of both. */
  #waitingBytes = 0;
  #checkpoint: WaitingCheckpoint | undefined;
  #isWriting = false;
  #isApplying = false;
  #isPaused = false;
  /** Wait until nothing is being written. */
  readonly #idle: (() => void)[] = [];
  /** Begins to write, or tries again. */
  #timer: unknown;
  #resume: () => void = () => {};
  /** Looks for commits that waited too long. */
  #expiry: unknown;
  #end: NetworkError | undefined;

  private constructor(options: Required<RoomLogOptions>, subject: string, fence: bigint) {
    this.#options = options;
    this.#subject = subject;
    this.#fence = fence;
    this.#last = fence;
  }

  /**
   * Begins to own a room: reads its log, and appends a fence.
   *
   * @throws (rejects) NetworkError `ERR_FENCED`: a newer owner has begun; else as an engine, and then nothing was begun
   */
  static async open(settings: RoomLogOptions): Promise<{ log: RoomLog; history: RoomHistory }> {
    const options = { commitTimeoutMs: COMMIT_TIMEOUT_MS, ...settings };
    const { log, id, epoch, owner } = options;
    const subject = nameOf(id);
    const reader = new LogReader(log, subject, epoch);
    await reader.read();
    const fence = encodeRecord({ kind: "fence", epoch, owner });
    const at = await reader.append(fence, `${owner}-${epoch}`);
    return { log: new RoomLog(options, subject, at), history: reader.history() };
  }

  /** How many events wait to be stored. */
  get waitingCount(): number {
    return this.#waiting.length + this.#batch.length;
  }

  /** Whether this is a call of `apply`: the state may have a part of what was stored together. */
  get isApplying(): boolean {
    return this.#isApplying;
  }

  /**
   * Stores an event. All events of one turn of the event loop travel together, in their order.
   *
   * @returns the sequence of its record: from now on every owner of the room replays it, once
   * @throws (rejects) NetworkError `ERR_TIMEOUT`: the engine was away for `commitTimeoutMs`, and it may be stored all
   *   the same; `ERR_FENCED`; `ERR_QUEUE_FULL`: 4 MiB of events wait; `ERR_MESSAGE_SIZE`; `ERR_CLOSED`. TypeError
   */
  async commit(event: Uint8Array): Promise<bigint> {
    checkBytes("event", event);
    checkSize(event);
    if (this.#end) throw this.#end;
    const costBytes = costOf(event);
    if (this.#waitingBytes + costBytes > MAX_WAITING_BYTES) {
      throw new NetworkError("ERR_QUEUE_FULL", `${this.waitingCount} events wait to be stored already`);
    }
    const { clock, commitTimeoutMs } = this.#options;
    const untilMs = clock.now() + commitTimeoutMs;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event: new Uint8Array(event), untilMs, settle: { resolve, reject } });
      this.#waitingBytes += costBytes;
      this.#expiry ??= clock.setTimeout(() => this.#expire(), commitTimeoutMs);
      this.#wake();
    });
  }

  /**
   * Stores the state of the room as it is now, and removes what it replaces. Not while `isApplying`.
   *
   * @throws (rejects) NetworkError `ERR_IN_USE`: another one is being stored; `ERR_FENCED`, `ERR_MESSAGE_SIZE`,
   *   `ERR_CLOSED`. TypeError
   */
  async checkpoint(state: Uint8Array): Promise<void> {
    checkBytes("state", state);
    checkSize(state);
    if (this.#end) throw this.#end;
    if (this.#checkpoint) throw new NetworkError("ERR_IN_USE", "A checkpoint of the room is being stored");
    // The events that are being stored are not in it: they have not been applied.
    const covers = this.#last;
    const { epoch } = this.#options;
    const record = encodeRecord({ kind: "checkpoint", epoch, covers: Number(covers), state });
    return new Promise((resolve, reject) => {
      this.#checkpoint = { record, covers, settle: { resolve, reject } };
      this.#wake();
    });
  }

  /** Writes nothing until `unpause`. Resolves when what is being written is stored. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    while (this.#isWriting && !this.#end) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  unpause(): void {
    this.#isPaused = false;
    if (this.#checkpoint || this.#waiting.length > 0) this.#wake();
  }

  /** Stops writing. What waits rejects with `ERR_CLOSED`. */
  close(): void {
    this.#finish(new NetworkError("ERR_CLOSED", `The room ${this.#options.id} has ended`));
  }

  /**
   * Removes what this owner has written and found, when the room is over for good. The end is a record too: an owner
   * who begins in front of it has this one refused, and keeps all; one who begins behind it finds nothing.
   *
   * @throws (rejects) NetworkError `ERR_FENCED`: a newer owner has begun; else as an engine
   */
  async remove(): Promise<void> {
    this.close();
    const { log, epoch } = this.#options;
    const reader = new LogReader(log, this.#subject, epoch);
    await reader.read();
    if (reader.isEmpty) return; // An earlier call has removed it, or a newer owner.
    const at = await reader.append(encodeRecord({ kind: "end" }), `${this.#fence}-end`);
    await log.trim(this.#subject, at);
  }

  /** Writes at the end of this turn. */
  #wake(): void {
    if (this.#isWriting || this.#isPaused) return;
    this.#isWriting = true;
    this.#timer = this.#options.clock.setTimeout(() => void this.#write(), 0);
  }

  async #write(): Promise<void> {
    try {
      while (!this.#isPaused && (this.#checkpoint || this.#waiting.length > 0)) {
        if (this.#checkpoint) await this.#writeCheckpoint(this.#checkpoint);
        if (this.#waiting.length > 0) await this.#writeEvents();
      }
      this.#isWriting = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    } catch (error) {
      this.#finish(error as NetworkError);
    }
  }

  async #writeCheckpoint({ record, covers, settle }: WaitingCheckpoint): Promise<void> {
    this.#last = await this.#append(record);
    this.#checkpoint = undefined;
    settle.resolve();
    // What cannot be removed now is removed with the next checkpoint.
    void this.#options.log.trim(this.#subject, covers).catch(() => {});
  }

  async #writeEvents(): Promise<void> {
    this.#batch = this.#waiting.splice(0, this.#batchCount());
    const sequence = await this.#append(
      encodeRecord({ kind: "events", events: this.#batch.map(({ event }) => event) }),
    );
    const stored = this.#batch;
    this.#batch = [];
    // In one run: a checkpoint in between would say that it has events which are not in its state.
    this.#last = sequence;
    this.#isApplying = true;
    for (const { event, settle } of stored) {
      this.#waitingBytes -= costOf(event);
      try {
        this.#options.apply(event);
      } catch (error) {
        reportUncaught(error);
      }
      settle.resolve(sequence);
    }
    this.#isApplying = false;
  }

  /** How many of the events that wait fit a record. */
  #batchCount(): number {
    let sizeBytes = 0;
    const end = this.#waiting.findIndex(({ event }, at) => {
      sizeBytes += costOf(event);
      return at === MAX_EVENTS || (at > 0 && sizeBytes > MAX_CONTENT_BYTES);
    });
    return end < 0 ? this.#waiting.length : end;
  }

  /** Appends a record, however long it takes. @throws (rejects) NetworkError `ERR_FENCED`, or why this has ended */
  async #append(data: Uint8Array): Promise<bigint> {
    const { log, random } = this.#options;
    const id = `${this.#fence}-${++this.#records}`;
    for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.most)) {
      try {
        const sequence = await log.append(this.#subject, data, { expected: this.#last, id });
        if (this.#end) throw this.#end;
        return sequence;
      } catch (error) {
        if (this.#end) throw this.#end;
        if (codeOf(error) === "ERR_FENCED") throw error;
      }
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
        this.#timer = this.#options.clock.setTimeout(resolve, waitMs * (0.5 + random() / 2));
      });
      if (this.#end) throw this.#end;
    }
  }

  /** Gives up the commits that have waited too long. Those that are being stored may be stored all the same. */
  #expire(): void {
    const { clock, commitTimeoutMs } = this.#options;
    const nowMs = clock.now();
    const late = new NetworkError("ERR_TIMEOUT", `The event could not be stored within ${commitTimeoutMs} ms`);
    for (const { untilMs, settle } of this.#batch) if (untilMs <= nowMs) settle.reject(late);
    const kept = this.#waiting.findIndex(({ untilMs }) => untilMs > nowMs);
    for (const { event, settle } of this.#waiting.splice(0, kept < 0 ? this.#waiting.length : kept)) {
      this.#waitingBytes -= costOf(event);
      settle.reject(late);
    }
    const next = [...this.#batch, ...this.#waiting].find(({ untilMs }) => untilMs > nowMs);
    this.#expiry = next && clock.setTimeout(() => this.#expire(), next.untilMs - nowMs);
  }

  #finish(error: NetworkError): void {
    if (this.#end) return;
    this.#end = error;
    for (const resolve of this.#idle.splice(0)) resolve();
    this.#options.clock.clearTimeout(this.#timer);
    this.#options.clock.clearTimeout(this.#expiry);
    this.#resume();
    const told = codeOf(error) === "ERR_FENCED" ? this.#options.fenced() : undefined;
    if (told) void told.finally(() => this.#rejectAll(error));
    else this.#rejectAll(error);
  }

  #rejectAll(error: NetworkError): void {
    for (const { settle } of [...this.#batch, ...this.#waiting]) settle.reject(error);
    this.#checkpoint?.settle.reject(error);
    this.#batch = [];
    this.#waiting.length = 0;
    this.#checkpoint = undefined;
  }
}

const costOf = (event: Uint8Array) => event.length + EVENT_BYTES;

function checkSize({ length }: Uint8Array): void {
  if (length <= MAX_CONTENT_BYTES) return;
  throw new NetworkError("ERR_MESSAGE_SIZE", `An event or a checkpoint has at most ${MAX_CONTENT_BYTES} bytes`);
}

/** Makes the history of a room from the records of its log, and appends to them. */
class LogReader {
  readonly #log: Log;
  readonly #subject: string;
  readonly #epoch: bigint;
  #checkpoint: { state: Uint8Array; covers: bigint } | null = null;
  #events: { sequence: bigint; events: readonly Uint8Array[] }[] = [];
  #last = 0n;

  constructor(log: Log, subject: string, epoch: bigint) {
    this.#log = log;
    this.#subject = subject;
    this.#epoch = epoch;
  }

  /** Whether there is no record. */
  get isEmpty(): boolean {
    return this.#last === 0n;
  }

  /** Reads what it has not read yet. @throws (rejects) as `append` */
  async read(): Promise<void> {
    for await (const { sequence, data } of this.#log.read(this.#subject, this.#last)) this.#take(sequence, data);
  }

  /**
   * Appends a record behind all others, which are read.
   *
   * @param id distinguishes it from other records of the log
   * @throws (rejects) NetworkError `ERR_FENCED`: a newer owner has begun; else as an engine
   */
  async append(record: Uint8Array, id: string): Promise<bigint> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#log.append(this.#subject, record, { expected: this.#last, id: `${id}-${this.#last}` });
      } catch (error) {
        // The owner before this one still writes.
        if (codeOf(error) !== "ERR_FENCED" || attempt === FENCE_ATTEMPTS) throw error;
      }
      await this.read();
    }
  }

  history(): RoomHistory {
    const { state = null, covers = 0n } = this.#checkpoint ?? {};
    const since = this.#events.filter(({ sequence }) => sequence > covers);
    return { state, events: since.flatMap(({ events }) => events) };
  }

  /** @throws NetworkError `ERR_FENCED` for what a newer owner has begun with, or has put in the place of that */
  #take(sequence: bigint, data: Uint8Array): void {
    const record = decodeRecord(data);
    if ("epoch" in record && record.epoch > this.#epoch)
      throw new NetworkError("ERR_FENCED", "A newer owner of the room has begun");
    this.#last = sequence;
    if (record.kind === "events") this.#events.push({ sequence, events: record.events });
    if (record.kind === "checkpoint") this.#checkpoint = { state: record.state, covers: BigInt(record.covers) };
    if (record.kind === "end") [this.#checkpoint, this.#events] = [null, []];
  }
}
