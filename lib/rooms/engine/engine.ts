// What the hosts of a fleet share. See docs/rooms-engine.md.

/** A value in a bucket. */
export interface Entry {
  /** What the value is found by: 1 to 256 characters, as {@link Bucket} says. */
  readonly key: string;
  /** At most {@link MAX_ENGINE_BYTES}. It may be others' as well: do not change it. */
  readonly value: Uint8Array;
  /** Grows with every write to the bucket, and is never used twice. */
  readonly revision: bigint;
}

/** A key of a bucket has a new value, or none any more. */
export interface Change {
  /** Of which key. */
  readonly key: string;
  /** `null`: it was deleted, or its time is up. */
  readonly entry: Entry | null;
}

/** A copy of a bucket that follows it. */
export interface Watch {
  /**
   * Whether the copy follows the bucket at present. It is false from the moment at which the link to the engine is lost
   * until the copy has been rebuilt; until then the copy is as it was.
   */
  readonly isCurrent: boolean;
  /** How many keys have a value. */
  readonly size: number;
  /** The value in the copy. It may be a little older than the bucket's. */
  get(key: string): Entry | undefined;
  /** All entries of the copy, one for each key. */
  entries(): IterableIterator<Entry>;
  /** Ends the copy: it follows the bucket no more. */
  close(): void;
}

/** How a bucket is made, if it does not exist. */
export interface BucketOptions {
  /**
   * `"file"`: its values survive the end of the engine. `"memory"`: they are gone with it.
   *
   * @defaultValue `"file"`
   */
  storage?: "file" | "memory";
  /** Whether it is only opened, and not made. @defaultValue `false` */
  mustExist?: boolean;
}

/**
 * Keys with values. Every write is one decision: it names what it replaces, and of several writers exactly one wins.
 *
 * A key has 1 to 256 of the characters `A-Z a-z 0-9 _ - = / .`, without a dot at either end or two in a row; a value at
 * most {@link MAX_ENGINE_BYTES}. All methods reject with the NetworkErrors of {@link Engine}, and throw TypeError and
 * RangeError for wrong arguments.
 */
export interface Bucket {
  /** The value as the leader of the bucket has it, never a copy. `null`: there is none. */
  get(key: string): Promise<Entry | null>;
  /**
   * Writes a value where there is none.
   *
   * @param ttlMs after this time the key is deleted, unless it was updated; at least 1000 ms, and rounded up to whole
   *   seconds. Never, if left out
   * @returns the revision
   * @throws (rejects) NetworkError `ERR_CONFLICT`: the key has a value. After `ERR_TIMEOUT` or `ERR_NOT_CONNECTED`
   *   nobody knows whether it was written: read the key
   */
  create(key: string, value: Uint8Array, ttlMs?: number): Promise<bigint>;
  /**
   * Replaces the value that has this revision. The new value stays until it is deleted, whatever the `ttlMs` of the old
   * one.
   *
   * @returns the new revision
   * @throws (rejects) as `create`; `ERR_CONFLICT`: the key's revision is another one, or it has no value
   */
  update(key: string, value: Uint8Array, revision: bigint): Promise<bigint>;
  /** Deletes the value that has this revision. @throws (rejects) as `update` */
  delete(key: string, revision: bigint): Promise<void>;
  /**
   * Makes a copy that follows the bucket. It is complete when the promise resolves. Of several changes of one key in
   * quick succession `on` may hear the last one only. After an interruption the copy is rebuilt: `on` then hears of
   * what has changed in the meantime, deleted keys included.
   *
   * @param on called for each change, and before the promise resolves for each value that is there
   */
  watch(on?: (change: Change) => void): Promise<Watch>;
}

/** What is in a log. */
export interface LogRecord {
  /** Grows along a subject; between two records of a subject there may be gaps. */
  readonly sequence: bigint;
  /** What was appended, at most {@link MAX_ENGINE_BYTES}. It may be others' as well: do not change it. */
  readonly data: Uint8Array;
}

/**
 * Records in one order per subject. A subject is a key as in {@link Bucket}, but without slash and equals sign; a
 * record has at most {@link MAX_ENGINE_BYTES}. All methods reject with the NetworkErrors of {@link Engine}.
 */
export interface Log {
  /**
   * Appends a record, if `expected` is the sequence of the subject's last record (0n: it has none).
   *
   * @param options.id 1 to 128 characters, unique to this record: repeating an append with its id within two minutes
   *   gives the sequence of the first one, and nothing is stored twice
   * @returns the record's sequence
   * @throws (rejects) NetworkError `ERR_FENCED`: another record is behind the expected one. After `ERR_TIMEOUT` or
   *   `ERR_NOT_CONNECTED` nobody knows whether this one was stored: repeat it with the same id
   */
  append(subject: string, data: Uint8Array, options: { expected: bigint; id: string }): Promise<bigint>;
  /**
   * Reads the subject's records behind the sequence `after`, up to what the log's leader had as the last one when the
   * reading began. The end of the iteration means that all have been read; what goes wrong throws.
   */
  read(subject: string, after: bigint): AsyncIterable<LogRecord>;
  /** Removes the subject's records up to and with this sequence. */
  trim(subject: string, upTo: bigint): Promise<void>;
}

/** The events of an {@link Engine}. */
export interface EngineEvents {
  /** The link to the engine is lost. */
  lost: [];
  /** It is back. Watched copies are rebuilt from now on. */
  back: [];
}

/** How a subscription is made. */
export interface SubscribeOptions {
  /**
   * Of all subscriptions of a subject with the same queue, one gets each message.
   *
   * @defaultValue none: it gets every message
   */
  queue?: string;
}

/** Answers a request; what it throws fails the request with `ERR_REQUEST_FAILED` and its text. */
export type Answer = (data: Uint8Array, subject: string) => Uint8Array | Promise<Uint8Array>;

/**
 * What hosts share: values, logs and messages. `MemoryEngine` is one in the process, `NatsEngine` one that many
 * machines share.
 *
 * A subject is a key as in {@link Bucket}, but without slash and equals sign; in `subscribe` and `answer` a part
 * between dots may be `*`, and the last one `>` for all that follow. A message has at most {@link MAX_ENGINE_BYTES}.
 *
 * Bytes that a caller gives are copied in the call. Those that it gets may be others' as well: it does not change them.
 *
 * What has to be answered rejects with NetworkError `ERR_NOT_CONNECTED` while there is no link, `ERR_TIMEOUT` when no
 * answer came in time, `ERR_TOO_MANY_REQUESTS` above {@link MAX_IN_FLIGHT} at a time or 64 MiB, `ERR_CLOSED` after
 * `close`, and `ERR_FAILED` with the engine's words.
 */
export interface Engine {
  /** Whether there is a link to the engine, as far as this end knows. */
  readonly connected: boolean;
  /** Adds a listener. @returns removes it again */
  on<Name extends keyof EngineEvents>(name: Name, listener: () => void): () => void;
  /**
   * Opens a bucket, and makes it if it does not exist.
   *
   * @param name 1 to 64 of `A-Z a-z 0-9 _ -`
   * @throws (rejects) TypeError, RangeError for a wrong argument; NetworkError `ERR_NO_BUCKET` with `mustExist`
   */
  bucket(name: string, options?: BucketOptions): Promise<Bucket>;
  /**
   * Opens a log, and makes it if it does not exist.
   *
   * @param name as that of a bucket
   * @throws (rejects) TypeError, RangeError for a wrong argument
   */
  log(name: string): Promise<Log>;
  /**
   * Sends a message to all who have subscribed, at most once.
   *
   * @returns whether it left: not without a link, and not while 8 MiB wait for the engine
   */
  publish(subject: string, data: Uint8Array): boolean;
  /**
   * Calls `on` with each message that is published under the subject from now on.
   *
   * @returns ends the subscription
   * @throws TypeError, RangeError for a wrong argument
   */
  subscribe(subject: string, on: (data: Uint8Array, subject: string) => void, options?: SubscribeOptions): () => void;
  /**
   * Asks whoever answers this subject, at most once.
   *
   * @throws (rejects) NetworkError `ERR_NO_RESPONDERS`, at once: nobody answers it; `ERR_REQUEST_FAILED`: the other
   *   side threw, or answers 1024 requests already
   */
  request(subject: string, data: Uint8Array, options: { timeoutMs: number }): Promise<Uint8Array>;
  /**
   * Answers requests. Of several who answer a subject one gets each request.
   *
   * @returns ends it
   * @throws TypeError, RangeError for a wrong argument
   */
  answer(subject: string, on: Answer): () => void;
  /** Ends the link. What waits rejects with `ERR_CLOSED`. */
  close(): Promise<void>;
}

/** The most bytes of a value, a record or a message: what a NATS server takes with its defaults. */
export const MAX_ENGINE_BYTES = 1_000_000;

/** How many calls of an engine may wait for their answers. */
export const MAX_IN_FLIGHT = 4096;
