import { NetworkError } from "../../network-error.js";
import type { Bucket, Change, Engine, Entry, Log, LogRecord } from "./engine.js";
import { LossySender } from "./lossy-sender.js";
import type { CallName, Page, Port, PortMessage } from "./port.js";

/** How many records, and about how many bytes, a page of a reading has. */
const PAGE_RECORDS = 256;
const PAGE_BYTES = 1_000_000;
/** How many requests the other process may answer at a time. */
const ANSWERS = 4096;

/**
 * Serves an engine to another process, which has a `PortEngine` at the other end of the port.
 *
 * @param engine an end for that process alone: its calls are limited together
 * @returns ends it
 */
export function serveEngine(engine: Engine, port: Port): () => void {
  const service = new Service(engine, port);
  return () => service.end();
}

class Service {
  readonly #engine: Engine;
  readonly #port: Port;
  readonly #lossy: LossySender;
  readonly #buckets = new Map<string, Promise<Bucket>>();
  readonly #logs = new Map<string, Promise<Log>>();
  /** End subscriptions, answers, watches and readings. Watches and readings are there before they have begun. */
  readonly #ends = new Map<number, () => void>();
  readonly #readings = new Map<number, AsyncIterator<LogRecord>>();
  readonly #asked = new Map<number, { resolve(data: Uint8Array): void; reject(error: Error): void }>();
  readonly #stops: (() => void)[];
  #lastAsk = 0;
  #isOver = false;

  constructor(engine: Engine, port: Port) {
    this.#engine = engine;
    this.#port = port;
    this.#lossy = new LossySender(port);
    const tell = (isUp: boolean) => this.#send({ type: "link", isUp });
    this.#stops = [
      engine.on("lost", () => tell(false)),
      engine.on("back", () => tell(true)),
      port.listen(
        (message) => this.#hear(message),
        () => this.end(),
      ),
    ];
    tell(engine.connected);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stop of [...this.#stops, ...this.#ends.values()]) stop();
    for (const { reject } of this.#asked.values()) reject(new Error("The process that answers has ended"));
    this.#asked.clear();
    this.#readings.clear();
  }

  #send(message: Content): void {
    this.#port.send({ valveSockets: "engine", ...message } as PortMessage);
  }

  #hear(message: PortMessage): void {
    if (message.type === "call") void this.#call(message);
    else if (message.type === "publish") this.#engine.publish(message.subject, message.data);
    else if (message.type === "subscribe") {
      const { id, subject, queue } = message;
      const hear = (data: Uint8Array, to: string) =>
        void this.#lossy.send({ valveSockets: "engine", type: "heard", id, subject: to, data }, data.length);
      this.#begin(id, () => this.#engine.subscribe(subject, hear, queue === undefined ? {} : { queue }));
    } else if (message.type === "answers") {
      const { id, subject } = message;
      this.#begin(id, () => this.#engine.answer(subject, (data, to) => this.#ask(id, to, data)));
    } else if (message.type === "answered") this.#answered(message);
    else if (message.type === "end") this.#end(message.id);
  }

  #begin(id: number, begin: () => () => void): void {
    try {
      this.#ends.set(id, begin());
    } catch {
      // The engine was closed: the other end hears of it by its calls.
    }
  }

  #end(id: number): void {
    this.#ends.get(id)?.();
    this.#ends.delete(id);
  }

  #ask(id: number, subject: string, data: Uint8Array): Promise<Uint8Array> {
    if (this.#asked.size >= ANSWERS) throw new Error(`${ANSWERS} requests are being answered already`);
    const ask = ++this.#lastAsk;
    if (!this.#lossy.send({ valveSockets: "engine", type: "asked", id, ask, subject, data }, data.length))
      throw new Error("The process that answers does not read");
    return new Promise((resolve, reject) => this.#asked.set(ask, { resolve, reject }));
  }

  #answered({ ask, data, error }: PortMessage & { type: "answered" }): void {
    const asked = this.#asked.get(ask);
    this.#asked.delete(ask);
    if (data) asked?.resolve(data);
    else asked?.reject(new Error(error));
  }

  async #call({ id, call, with: given }: PortMessage & { type: "call" }): Promise<void> {
    try {
      const value = await this.#run(id, call, given);
      this.#send({ type: "result", id, value });
    } catch (error) {
      this.#end(id);
      const { code = "ERR_FAILED", message: text } = error as NetworkError;
      this.#send({ type: "failed", id, code, text });
    }
  }

  async #run(id: number, call: CallName, [name, ...given]: readonly unknown[]): Promise<unknown> {
    // The other end has checked what it was given.
    const args = given as never[];
    if (call === "request") {
      const [data, timeoutMs] = given as [Uint8Array, number];
      return this.#engine.request(name as string, data, { timeoutMs });
    }
    if (call === "next") return this.#page(name as number);
    if (call === "watch" || call === "read") this.#ends.set(id, () => {});
    if (call === "log" || call === "append" || call === "trim" || call === "read") {
      const log = await once(this.#logs, name as string, () => this.#engine.log(name as string));
      if (call === "append") return log.append(...(args as unknown as Parameters<Log["append"]>));
      if (call === "trim") return log.trim(...(args as unknown as Parameters<Log["trim"]>));
      if (call === "log") return null;
      if (!this.#ends.has(id)) throw ended();
      const [subject, after] = given as [string, bigint];
      this.#readings.set(id, log.read(subject, after)[Symbol.asyncIterator]());
      this.#ends.set(id, () => this.#readings.delete(id));
      return this.#page(id);
    }
    const open = () => this.#engine.bucket(name as string, ...(call === "bucket" ? args : []));
    const bucket = await once(this.#buckets, name as string, open);
    if (call === "bucket") return null;
    if (call === "watch") return this.#watch(id, bucket);
    if (call === "get") {
      const entry = await bucket.get(given[0] as string);
      return entry && plain(entry);
    }
    return bucket[call](...(args as unknown as [string, Uint8Array & bigint, bigint & number]));
  }

  async #watch(id: number, bucket: Bucket) {
    let isComplete = false;
    const watch = await bucket.watch((change: Change) => {
      if (isComplete && this.#ends.has(id) && !this.#tell(id, change)) {
        this.#end(id);
        this.#send({ type: "gap", id });
      }
    });
    isComplete = true;
    if (this.#isOver || !this.#ends.has(id)) {
      watch.close();
      throw ended();
    }
    this.#ends.set(id, () => watch.close());
    return [...watch.entries()].map(plain);
  }

  /** @returns false: the other process does not read */
  #tell(id: number, { key, entry }: Change): boolean {
    const change = { key, entry: entry && plain(entry) };
    return this.#lossy.send({ valveSockets: "engine", type: "changed", id, change }, entry?.value.length ?? 0);
  }

  async #page(id: number): Promise<Page> {
    const reading = this.#readings.get(id);
    if (!reading) throw ended();
    const records: LogRecord[] = [];
    for (let sizeBytes = 0; records.length < PAGE_RECORDS && sizeBytes < PAGE_BYTES; ) {
      const { done, value } = await reading.next();
      if (done) {
        this.#end(id);
        return { records, isLast: true };
      }
      records.push({ sequence: value.sequence, data: value.data });
      sizeBytes += value.data.length;
    }
    return { records, isLast: false };
  }
}

type Without<T> = T extends unknown ? Omit<T, "valveSockets"> : never;
type Content = Without<PortMessage>;

/** The other end has given up what it asked for. */
const ended = () => new NetworkError("ERR_CLOSED", "It was ended by who asked for it");

/** An engine's own entries may hold more. */
const plain = ({ key, value, revision }: Entry): Entry => ({ key, value, revision });

/** What was opened under a name, or is opened now; again after a failure. */
function once<T>(all: Map<string, Promise<T>>, name: string, open: () => Promise<T>): Promise<T> {
  const opened = all.get(name) ?? open();
  all.set(name, opened);
  opened.catch(() => all.delete(name));
  return opened;
}
