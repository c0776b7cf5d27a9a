import { type Clock, pause, systemClock } from "../../clock.js";
import type { NetworkErrorCode } from "../../error-codes.js";
import { EventHub } from "../../event-hub.js";
import { promiseBefore } from "../../message/time/deadline.js";
import { NetworkError } from "../../network-error.js";
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
  notConnected,
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
import { LossySender } from "./lossy-sender.js";
import type { CallName, Entries, Page, Port, PortMessage } from "./port.js";
import { WatchedCopy } from "./watched-copy.js";

interface Following {
  readonly bucket: string;
  readonly copy: WatchedCopy;
  /** Of its present watch, 0 without one. */
  id: number;
}

/** After this time a call rejects that the other process has not answered: it stands still. */
const CALL_MS = 6000;

/** The pause before a copy is asked for again. */
const AGAIN_MS = 200;

/** An engine that another process has: whatever is asked of this end, that process does (`serveEngine`). */
export class PortEngine implements Engine {
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #lossy: LossySender;
  readonly #events = new EventHub<EngineEvents>(["lost", "back"], reportUncaught);
  readonly #calls = new Calls();
  readonly #results = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  readonly #subscriptions = new Map<number, (data: Uint8Array, subject: string) => void>();
  readonly #answers = new Map<number, Answering>();
  readonly #following = new Set<Following>();
  readonly #stop: () => void;
  #lastId = 0;
  #isUp = true;
  #isClosed = false;

  /** @param clock times how long the other process may take for an answer */
  constructor(port: Port, clock: Clock = systemClock) {
    this.#port = port;
    this.#clock = clock;
    this.#lossy = new LossySender(port);
    this.#stop = port.listen(
      (message) => this.#hear(message),
      () => this.#linkIs(false),
    );
  }

  get connected(): boolean {
    return this.#isUp && !this.#isClosed;
  }

  on<Name extends keyof EngineEvents>(name: Name, listener: () => void): () => void {
    return this.#events.on(name, listener);
  }

  async bucket(name: string, options: BucketOptions = {}): Promise<Bucket> {
    checkBucket(name, options);
    await this.#call("bucket", [name, options]);
    return checkedBucket({
      get: (key) => this.#call("get", [name, key]),
      create: (key, value, seconds) =>
        this.#call("create", [name, key, value, seconds && seconds * 1000], value.length),
      update: (key, value, revision) => this.#call("update", [name, key, value, revision], value.length),
      delete: (key, revision) => this.#call("delete", [name, key, revision]),
      watch: (on) => this.#watch(name, on),
    });
  }

  async log(name: string): Promise<Log> {
    checkName(name);
    await this.#call("log", [name]);
    return checkedLog({
      append: (subject, data, options) => this.#call("append", [name, subject, data, options], data.length),
      read: (subject, after) => this.#read(name, subject, after),
      trim: (subject, upTo) => this.#call("trim", [name, subject, upTo]),
    });
  }

  publish(subject: string, data: Uint8Array): boolean {
    const message = takeMessage(subject, data);
    const content = { valveSockets: "engine", type: "publish", subject, data: message } as const;
    return this.connected && this.#lossy.send(content, data.length);
  }

  subscribe(
    subject: string,
    on: (data: Uint8Array, subject: string) => void,
    options: SubscribeOptions = {},
  ): () => void {
    checkSubscription(subject, on, options);
    return this.#begin(this.#subscriptions, on, (id) => ({ type: "subscribe", id, subject, queue: options.queue }));
  }

  async request(subject: string, data: Uint8Array, { timeoutMs }: { timeoutMs: number }): Promise<Uint8Array> {
    const message = takeMessage(subject, data, timeoutMs);
    return this.#call("request", [subject, message, timeoutMs], message.length, { timeoutMs });
  }

  answer(subject: string, on: Answer): () => void {
    checkSubscription(subject, on);
    return this.#begin(this.#answers, new Answering(on), (id) => ({ type: "answers", id, subject }));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const id of [...this.#subscriptions.keys(), ...this.#answers.keys()]) this.#end(id);
    for (const { copy } of [...this.#following]) copy.close();
    this.#failAll(closed());
    this.#stop();
  }

  #begin<T>(all: Map<number, T>, one: T, message: (id: number) => Content): () => void {
    if (this.#isClosed) throw closed();
    const id = ++this.#lastId;
    all.set(id, one);
    this.#send(message(id));
    return () => {
      if (all.delete(id)) this.#end(id);
    };
  }

  #end(id: number): void {
    this.#send({ type: "end", id });
  }

  #send(message: Content): boolean {
    return this.#port.send({ valveSockets: "engine", ...message } as PortMessage);
  }

  async #call<T>(
    call: CallName,
    given: readonly unknown[],
    sizeBytes = 0,
    { id = ++this.#lastId, timeoutMs = CALL_MS }: { id?: number; timeoutMs?: number } = {},
  ): Promise<T> {
    if (this.#isClosed) throw closed();
    if (!this.#isUp) throw notConnected();
    const timeoutText = `The process that has the engine has not answered within ${timeoutMs} ms`;
    const run = () =>
      promiseBefore<unknown>(this.#clock, { timeoutMs, timeoutText, signal: undefined }, (resolve, reject) => {
        this.#results.set(id, { resolve, reject });
        if (!this.#send({ type: "call", id, call, with: given })) reject(notConnected());
      }).finally(() => this.#results.delete(id));
    return this.#calls.run(sizeBytes, run) as Promise<T>;
  }

  async #watch(bucket: string, on: (change: Change) => void): Promise<Watch> {
    const copy = new WatchedCopy(on, () => {
      this.#following.delete(following);
      this.#end(following.id);
    });
    const following: Following = { bucket, copy, id: 0 };
    this.#following.add(following);
    try {
      await this.#follow(following);
    } catch (error) {
      this.#following.delete(following);
      throw error;
    }
    return copy;
  }

  /** Rebuilds a copy. Changes that come behind the answer are of this watch. */
  async #follow(following: Following): Promise<void> {
    const id = ++this.#lastId;
    following.id = id;
    try {
      await this.#call<Entries>("watch", [following.bucket], 0, { id });
    } catch (error) {
      // An answer that comes now is nobody's any more.
      if (following.id === id) following.id = 0;
      this.#end(id);
      throw error;
    }
  }

  /** Rebuilds a copy that is not current, until that has come about or the link is lost. */
  async #followAgain(following: Following): Promise<void> {
    for (let { id } = following; this.connected && this.#following.has(following) && following.id === id; ) {
      try {
        return await this.#follow(following);
      } catch {
        id = following.id;
        await pause(this.#clock, AGAIN_MS);
      }
    }
  }

  async *#read(log: string, subject: string, after: bigint): AsyncGenerator<LogRecord> {
    const id = ++this.#lastId;
    let page: Page | undefined;
    try {
      page = await this.#call<Page>("read", [log, subject, after], 0, { id });
      for (;;) {
        yield* page.records;
        if (page.isLast) return;
        page = await this.#call<Page>("next", [id]);
      }
    } finally {
      if (!page?.isLast) this.#end(id);
    }
  }

  #hear(message: PortMessage): void {
    if (message.type === "result") {
      const watched = [...this.#following].find(({ id }) => id === message.id);
      watched?.copy.rebuild(new Map((message.value as Entries).map((entry) => [entry.key, entry])));
      this.#results.get(message.id)?.resolve(message.value);
    } else if (message.type === "failed") {
      const { code, text } = message;
      this.#results.get(message.id)?.reject(new NetworkError(code as NetworkErrorCode, text));
    } else if (message.type === "heard") this.#heard(message);
    else if (message.type === "changed") {
      for (const { id, copy } of this.#following) if (id === message.id) copy.apply(message.change);
    } else if (message.type === "gap") this.#missed(message.id);
    else if (message.type === "asked") void this.#asked(message);
    else if (message.type === "link") this.#linkIs(message.isUp);
  }

  /** A watch has ended since this process did not read: its copy is made anew. */
  #missed(id: number): void {
    const following = [...this.#following].find((one) => one.id === id);
    if (!following) return;
    following.copy.lose();
    void this.#followAgain(following);
  }

  #heard({ id, subject, data }: PortMessage & { type: "heard" }): void {
    try {
      this.#subscriptions.get(id)?.(data, subject);
    } catch (error) {
      reportUncaught(error);
    }
  }

  async #asked({ id, ask, subject, data }: PortMessage & { type: "asked" }): Promise<void> {
    const outcome = (await this.#answers.get(id)?.run(data, subject)) ?? { error: "Nobody answers any more" };
    const answer = "data" in outcome ? { data: outcome.data, error: "" } : { data: null, error: outcome.error };
    this.#send({ type: "answered", ask, ...answer });
  }

  #linkIs(isUp: boolean): void {
    if (isUp === this.#isUp || this.#isClosed) return;
    this.#isUp = isUp;
    if (isUp) {
      for (const following of [...this.#following]) void this.#followAgain(following);
      this.#events.emit("back");
      return;
    }
    for (const { copy, id } of this.#following) {
      copy.lose();
      this.#end(id);
    }
    this.#failAll(notConnected());
    this.#events.emit("lost");
  }

  /** Nobody knows what became of the calls that wait. */
  #failAll(error: NetworkError): void {
    for (const { reject } of this.#results.values()) reject(error);
  }
}

type Without<T> = T extends unknown ? Omit<T, "valveSockets"> : never;
type Content = Without<PortMessage>;
