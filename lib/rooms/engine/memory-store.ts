import type { Clock } from "../../clock.js";
import type { Outcome } from "./answering.js";
import { conflict, fenced, notThere } from "./checks.js";
import type { Change, Entry, LogRecord } from "./engine.js";

/** How long the id of an append is remembered: as long as NATS does. */
const ID_WINDOW_MS = 120_000;

interface StoredEntry extends Entry {
  readonly timer: unknown;
}

/** The values of a bucket, and who watches them. */
export class StoredBucket {
  readonly watchers = new Set<(change: Change) => void>();
  readonly #entries = new Map<string, StoredEntry>();
  readonly #clock: Clock;
  #revision = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** @param revision of the value that is replaced; 0n: there is none */
  write(key: string, value: Uint8Array, revision: bigint, ttlMs?: number): bigint {
    this.#expect(key, revision);
    const timer = ttlMs === undefined ? undefined : this.#clock.setTimeout(() => this.#remove(key), ttlMs);
    const entry = { key, value, revision: ++this.#revision, timer };
    this.#entries.set(key, entry);
    this.#tell({ key, entry });
    return entry.revision;
  }

  delete(key: string, revision: bigint): void {
    this.#expect(key, revision);
    this.#remove(key);
  }

  /** @throws NetworkError `ERR_CONFLICT` unless the key has this revision. The value is about to go. */
  #expect(key: string, revision: bigint): void {
    const before = this.#entries.get(key);
    if ((before?.revision ?? 0n) !== revision) throw conflict(key);
    this.#clock.clearTimeout(before?.timer);
  }

  #remove(key: string): void {
    this.#revision++;
    this.#entries.delete(key);
    this.#tell({ key, entry: null });
  }

  #tell(change: Change): void {
    for (const watcher of this.watchers) watcher(change);
  }
}

/** The records of a log. */
export class StoredLog {
  readonly #subjects = new Map<string, LogRecord[]>();
  /** What was appended lately, by id, the oldest first. */
  readonly #ids = new Map<string, { sequence: bigint; forgetMs: number }>();
  readonly #clock: Clock;
  #sequence = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  append(subject: string, data: Uint8Array, expected: bigint, id: string): bigint {
    const nowMs = this.#clock.now();
    for (const [old, { forgetMs }] of this.#ids) {
      if (forgetMs > nowMs) break;
      this.#ids.delete(old);
    }
    const before = this.#ids.get(id);
    if (before) return before.sequence;
    const last = this.last(subject);
    if (last !== expected) throw last > expected ? fenced(subject) : notThere(subject);
    const record = { sequence: ++this.#sequence, data };
    const records = this.#subjects.get(subject);
    if (records) records.push(record);
    else this.#subjects.set(subject, [record]);
    this.#ids.set(id, { sequence: record.sequence, forgetMs: nowMs + ID_WINDOW_MS });
    return record.sequence;
  }

  /** The sequence of a subject's last record; 0n: it has none. */
  last(subject: string): bigint {
    return this.#subjects.get(subject)?.at(-1)?.sequence ?? 0n;
  }

  /** The first records behind `after`. */
  next(subject: string, after: bigint, count: number): LogRecord[] {
    const records = this.#subjects.get(subject) ?? [];
    const start = records.findIndex(({ sequence }) => sequence > after);
    return start < 0 ? [] : records.slice(start, start + count);
  }

  trim(subject: string, upTo: bigint): void {
    const rest = (this.#subjects.get(subject) ?? []).filter(({ sequence }) => sequence > upTo);
    if (rest.length > 0) this.#subjects.set(subject, rest);
    else this.#subjects.delete(subject);
  }
}

/** Who gets the messages of a subject. */
export interface Subscriber {
  readonly subject: string;
  readonly queue: string | undefined;
  /** Whether it has a link. Without one it gets nothing. */
  readonly isLinked: () => boolean;
  deliver(data: Uint8Array, subject: string): void;
  /** Only of those who answer requests. */
  readonly answer?: (data: Uint8Array, subject: string) => Promise<Outcome>;
}

/** What all ends of a `MemoryEngine` share. */
export class MemoryStore {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, StoredBucket>();
  readonly #logs = new Map<string, StoredLog>();
  /** By subject; those whose subject has a wildcard are at "". */
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  #turn = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  bucket(name: string): StoredBucket {
    const bucket = this.#buckets.get(name) ?? new StoredBucket(this.#clock);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  log(name: string): StoredLog {
    const log = this.#logs.get(name) ?? new StoredLog(this.#clock);
    this.#logs.set(name, log);
    return log;
  }

  /** @returns removes it again */
  subscribe(subscriber: Subscriber): () => void {
    const place = /[*>]/.test(subscriber.subject) ? "" : subscriber.subject;
    const others = this.#subscribers.get(place) ?? new Set();
    this.#subscribers.set(place, others.add(subscriber));
    return () => {
      others.delete(subscriber);
      if (others.size === 0 && this.#subscribers.get(place) === others) this.#subscribers.delete(place);
    };
  }

  /** Those who get a message of this subject: of each queue one, in turns. */
  receivers(subject: string): Subscriber[] {
    const all = [...(this.#subscribers.get(subject) ?? [])];
    for (const one of this.#subscribers.get("") ?? []) if (matches(one.subject, subject)) all.push(one);
    const receivers: Subscriber[] = [];
    const queues = new Map<string, Subscriber[]>();
    for (const one of all.filter((subscriber) => subscriber.isLinked())) {
      if (one.queue === undefined) receivers.push(one);
      else queues.set(one.queue, [...(queues.get(one.queue) ?? []), one]);
    }
    this.#turn++;
    for (const members of queues.values()) receivers.push(members[this.#turn % members.length] as Subscriber);
    return receivers;
  }
}

/** Whether a subject is one of those that a pattern names. */
function matches(pattern: string, subject: string): boolean {
  const parts = subject.split(".");
  const wanted = pattern.split(".");
  const isOpen = wanted.at(-1) === ">";
  if (isOpen) wanted.pop();
  const fits = isOpen ? parts.length > wanted.length : parts.length === wanted.length;
  return fits && wanted.every((part, at) => part === "*" || part === parts[at]);
}
