import { type Clock, systemClock } from "../../clock.js";
import { EventHub } from "../../event-hub.js";
import { NetworkError } from "../../network-error.js";
import { checkOptions, clockOption, durationOption, type OptionRules } from "../../options.js";
import { reportUncaught } from "../../report-uncaught.js";
import { Answering } from "./answering.js";
import { Calls } from "./calls.js";
import {
  checkBucket,
  checkedBucket,
  checkedLog,
  checkName,
  checkSubscription,
  closed,
  noBucket,
  noResponders,
  notConnected,
  requestFailed,
  takeMessage,
} from "./checks.js";
import type {
  Answer,
  Bucket,
  BucketOptions,
  Change,
  Engine,
  EngineEvents,
  Log,
  LogRecord,
  SubscribeOptions,
  Watch,
} from "./engine.js";
import { MemoryStore, type StoredBucket, type StoredLog } from "./memory-store.js";
import { WatchedCopy } from "./watched-copy.js";

/** The options of a {@link MemoryEngine}. */
export interface MemoryEngineOptions {
  /** What times values with a `ttlMs`, requests and `latencyMs`. @defaultValue that of the platform */
  clock?: Clock;
  /**
   * How long a call takes to reach the engine, and a message or a change to come from it, 0 or more. With 0 that is in
   * the same turn of the event loop, but never within the call.
   *
   * @defaultValue 0 ms
   */
  latencyMs?: number;
}

const OPTIONS: OptionRules<MemoryEngineOptions> = { clock: clockOption, latencyMs: durationOption() };

/** How many bytes of messages may be on their way. */
const MAX_BYTES_ON_THE_WAY = 8 * 2 ** 20;
/** What a message costs beside its bytes. */
const MESSAGE_BYTES = 256;
/** How many records are read at a time. */
const READ_COUNT = 256;

/**
 * An engine in the process: for one host, for many in one process, and for tests, on any clock. What it holds is gone
 * with the process.
 */
export class MemoryEngine implements Engine {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  #store: MemoryStore;
  readonly #events = new EventHub<EngineEvents>(["lost", "back"], reportUncaught);
  readonly #calls = new Calls();
  readonly #following = new Set<{ lose(): void; follow(): void }>();
  readonly #subscriptions = new Set<() => void>();
  #bytesOnTheWay = 0;
  #isConnected = true;
  #isClosed = false;
  /** Counts the links that were lost: what was on its way over an earlier one does not arrive. */
  #epoch = 0;

  /** @throws TypeError, RangeError for wrong options */
  constructor(options: MemoryEngineOptions = {}) {
    checkOptions("MemoryEngine", options, OPTIONS);
    this.#clock = options.clock ?? systemClock;
    this.#latencyMs = options.latencyMs ?? 0;
    this.#store = new MemoryStore(this.#clock);
  }

  get connected(): boolean {
    return this.#isConnected && !this.#isClosed;
  }

  /** Another end of the same engine, as another host has one. Its link can be lost alone, and its clock can stop. */
  link(clock: Clock = this.#clock): MemoryEngine {
    const end = new MemoryEngine({ clock, latencyMs: this.#latencyMs });
    end.#store = this.#store;
    return end;
  }

  /** Cuts this end's link, as an outage does. */
  disconnect(): void {
    if (!this.connected) return;
    this.#isConnected = false;
    this.#drop(notConnected());
    this.#events.emit("lost");
  }

  /** Ends the outage. */
  reconnect(): void {
    if (this.#isConnected || this.#isClosed) return;
    this.#isConnected = true;
    for (const one of this.#following) one.follow();
    this.#events.emit("back");
  }

  on<Name extends keyof EngineEvents>(name: Name, listener: () => void): () => void {
    return this.#events.on(name, listener);
  }

  async bucket(name: string, options: BucketOptions = {}): Promise<Bucket> {
    checkBucket(name, options);
    const stored = await this.#call(0, () => {
      if (options.mustExist && !this.#store.hasBucket(name)) throw noBucket(name);
      return this.#store.bucket(name);
    });
    return checkedBucket({
      get: (key) => this.#call(0, () => stored.entries.get(key) ?? null),
      create: (key, value, seconds) =>
        this.#call(value.length, () => stored.write(key, value, 0n, seconds && seconds * 1000)),
      update: (key, value, revision) => this.#call(value.length, () => stored.write(key, value, revision)),
      delete: (key, revision) => this.#call(0, () => stored.delete(key, revision)),
      watch: (on) => this.#watch(stored, on),
    });
  }

  async log(name: string): Promise<Log> {
    checkName(name);
    const stored = await this.#call(0, () => this.#store.log(name));
    return checkedLog({
      append: (subject, data, { expected, id }) =>
        this.#call(data.length, () => stored.append(subject, data, expected, id)),
      read: (subject, after) => this.#read(stored, subject, after),
      trim: (subject, upTo) => this.#call(0, () => stored.trim(subject, upTo)),
    });
  }

  publish(subject: string, data: Uint8Array): boolean {
    const message = takeMessage(subject, data);
    const costBytes = data.length + MESSAGE_BYTES;
    if (!this.connected || this.#bytesOnTheWay + costBytes > MAX_BYTES_ON_THE_WAY) return false;
    const epoch = this.#epoch;
    this.#bytesOnTheWay += costBytes;
    this.#after(() => {
      this.#bytesOnTheWay -= costBytes;
      if (epoch !== this.#epoch) return;
      for (const receiver of this.#store.receivers(subject)) receiver.deliver(message, subject);
    });
    return true;
  }

  subscribe(
    subject: string,
    on: (data: Uint8Array, subject: string) => void,
    options: SubscribeOptions = {},
  ): () => void {
    checkSubscription(subject, on, options);
    const deliver = (data: Uint8Array, to: string) => {
      try {
        on(data, to);
      } catch (error) {
        reportUncaught(error);
      }
    };
    return this.#subscribe({ subject, queue: options.queue, deliver });
  }

  async request(subject: string, data: Uint8Array, { timeoutMs }: { timeoutMs: number }): Promise<Uint8Array> {
    const message = takeMessage(subject, data, timeoutMs);
    const outcome = await this.#call(
      data.length,
      () => {
        const receivers = this.#store.receivers(subject);
        const answerer = receivers.find(({ answer }) => answer);
        for (const receiver of receivers) if (receiver !== answerer) receiver.deliver(message, subject);
        if (!answerer?.answer) throw noResponders(subject);
        return answerer.answer(message, subject);
      },
      timeoutMs,
    );
    if ("error" in outcome) throw requestFailed(outcome.error);
    return outcome.data;
  }

  answer(subject: string, on: Answer): () => void {
    checkSubscription(subject, on);
    const answering = new Answering(on);
    const answer = (data: Uint8Array, to: string) => answering.run(data, to);
    return this.#subscribe({ subject, queue: "answer", deliver: () => {}, answer });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop(closed());
    for (const end of this.#subscriptions) end();
    this.#following.clear();
  }

  #subscribe(subscriber: Omit<Parameters<MemoryStore["subscribe"]>[0], "isLinked">): () => void {
    if (this.#isClosed) throw closed();
    const end = this.#store.subscribe({ ...subscriber, isLinked: () => this.connected });
    this.#subscriptions.add(end);
    return () => {
      this.#subscriptions.delete(end);
      end();
    };
  }

  /** Nothing that was on its way arrives any more. */
  #drop(error: NetworkError): void {
    this.#epoch++;
    for (const one of this.#following) one.lose();
    this.#calls.fail(error);
  }

  #after(run: () => void): void {
    if (this.#latencyMs === 0) queueMicrotask(run);
    else this.#clock.setTimeout(run, this.#latencyMs);
  }

  /** Something that the engine does, and its answer. */
  async #call<T>(sizeBytes: number, run: () => T | Promise<T>, timeoutMs = Number.POSITIVE_INFINITY): Promise<T> {
    if (this.#isClosed) throw closed();
    if (!this.#isConnected) throw notConnected();
    const epoch = this.#epoch;
    const call = () =>
      new Promise<T>((resolve, reject) => {
        const expire = () => reject(new NetworkError("ERR_TIMEOUT", `No answer within ${timeoutMs} ms`));
        const timer = this.#clock.setTimeout(expire, timeoutMs);
        this.#after(async () => {
          try {
            if (epoch !== this.#epoch) throw notConnected();
            resolve(await run());
          } catch (error) {
            reject(error);
          } finally {
            this.#clock.clearTimeout(timer);
          }
        });
      });
    return this.#calls.run(sizeBytes, call);
  }

  async #watch(stored: StoredBucket, on: (change: Change) => void): Promise<Watch> {
    /** The link over which the copy follows the bucket: what comes over another one is in the copy made then. */
    let epoch = -1;
    const hear = (change: Change) => {
      const sent = epoch;
      this.#after(() => {
        if (sent === this.#epoch) copy.apply(change);
      });
    };
    const copy = new WatchedCopy(on, () => {
      this.#following.delete(following);
      stored.watchers.delete(hear);
    });
    const follow = () =>
      this.#call(0, () => {
        epoch = this.#epoch;
        stored.watchers.add(hear);
        copy.rebuild(stored.entries);
      });
    const following = {
      lose: () => copy.lose(),
      // Where this fails the link is lost again, and the next one rebuilds the copy.
      follow: () => void follow().catch(() => {}),
    };
    await follow();
    this.#following.add(following);
    return copy;
  }

  async *#read(stored: StoredLog, subject: string, after: bigint): AsyncGenerator<LogRecord> {
    const last = await this.#call(0, () => stored.last(subject));
    let at = after;
    while (at < last) {
      const from = at;
      const records = await this.#call(0, () => stored.next(subject, from, READ_COUNT));
      if (records.length === 0) return; // They were trimmed.
      for (const record of records) {
        if (record.sequence > last) return;
        at = record.sequence;
        yield record;
      }
    }
  }
}
