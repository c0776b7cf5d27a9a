import type { Msg } from "@nats-io/transport-node";
import { cloneBytes } from "../../bytes.js";
import { NetworkError } from "../../network-error.js";
import { notConnected } from "./checks.js";
import type { Change, Entry, Watch } from "./engine.js";
import { ATTEMPTS, type NatsLink } from "./nats-link.js";
import { WatchedCopy } from "./watched-copy.js";

const NANOSECONDS = 1e6;
/** How often a consumer without news says that it is there. */
const HEARTBEAT_MS = 1000;
/** After such a silence the copy is made anew. */
const SILENCE_MS = 3000;
/** How long a consumer that nobody listens to stays on the server. */
const INACTIVE_MS = 10_000;
const RETRY_MS = 200;

/** Follows a bucket of NATS. The copy is complete when the promise resolves. */
export async function watchBucket(link: NatsLink, name: string, on: (change: Change) => void): Promise<Watch> {
  const follower = new Follower(link, name, on);
  await follower.start();
  return follower.copy;
}

/**
 * Keeps a copy of a bucket. The server sends over a connection at most once, so that every gap, silence or loss of the
 * link makes the copy anew.
 */
class Follower {
  readonly copy: WatchedCopy;
  readonly #link: NatsLink;
  readonly #name: string;
  readonly #watcher = { lost: () => this.#lose(), back: () => void this.#follow() };
  #consumer: Consumer | undefined;
  #retry: unknown;

  constructor(link: NatsLink, name: string, on: (change: Change) => void) {
    this.#link = link;
    this.#name = name;
    this.copy = new WatchedCopy(on, () => this.#close());
  }

  async start(): Promise<void> {
    this.#link.watchers.add(this.#watcher);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#consume().opened;
        return;
      } catch (error) {
        if ((error as NetworkError).code === "ERR_TIMEOUT" && attempt < ATTEMPTS) continue;
        this.#close();
        throw error;
      }
    }
  }

  /** Makes the copy anew, as often as it takes. */
  async #follow(): Promise<void> {
    this.#lose();
    const consumer = this.#consume();
    try {
      await consumer.opened;
    } catch {
      // Such as a bucket whose leader is being elected.
      if (this.#consumer !== consumer) return;
      this.#retry = this.#link.clock.setTimeout(() => void this.#follow(), RETRY_MS);
    }
  }

  #consume(): Consumer {
    const consumer = new Consumer(this.#link, this.#name, {
      complete: (entries) => this.copy.rebuild(entries),
      change: (change) => this.copy.apply(change),
      broken: () => void this.#follow(),
    });
    this.#consumer = consumer;
    return consumer;
  }

  #lose(): void {
    this.copy.lose();
    this.#link.clock.clearTimeout(this.#retry);
    this.#consumer?.close();
    this.#consumer = undefined;
  }

  #close(): void {
    this.#link.watchers.delete(this.#watcher);
    this.#lose();
  }
}

/** What a consumer tells, until it is closed. */
interface ConsumerHandler {
  /** These are all values that the bucket has. */
  complete(entries: ReadonlyMap<string, Entry>): void;
  /** Comes behind `complete` only. */
  change(change: Change): void;
  /** Changes may have been missed. Comes behind `complete` only, and is the last. */
  broken(): void;
}

/** A consumer of a bucket's stream: first it delivers the last value of every key, and then all changes. */
class Consumer {
  /** Rejects when it is closed or broken before it is complete. */
  readonly opened: Promise<void>;
  readonly #link: NatsLink;
  readonly #prefix: string;
  readonly #handler: ConsumerHandler;
  readonly #stopSubscription: () => void;
  #settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} };
  /** What has come until it is complete. */
  #entries: Map<string, Entry> | null = new Map();
  /** How many messages it has delivered. */
  #delivered = 0;
  #heardMs: number;
  #timer: unknown;
  #isClosed = false;

  constructor(link: NatsLink, name: string, handler: ConsumerHandler) {
    this.#link = link;
    this.#prefix = `$KV.${name}.`;
    this.#handler = handler;
    this.#heardMs = link.clock.now();
    this.opened = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const inbox = link.newInbox();
    const callback = (error: Error | null, message: Msg) => (error ? this.#break(error) : this.#hear(message));
    const subscription = link.connection.subscribe(inbox, { callback });
    this.#stopSubscription = () => subscription.unsubscribe();
    this.#watchSilence();
    this.#create(`KV_${name}`, inbox).catch((error) => this.#break(error));
  }

  close(error: Error = notConnected()): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.clock.clearTimeout(this.#timer);
    this.#stopSubscription();
    this.#settle.reject(error);
  }

  async #create(stream: string, inbox: string): Promise<void> {
    const { num_pending } = await this.#link.call(0, () =>
      this.#link.manager.consumers.add(stream, {
        deliver_subject: inbox,
        deliver_policy: "last_per_subject",
        ack_policy: "none",
        filter_subject: `${this.#prefix}>`,
        flow_control: true,
        idle_heartbeat: HEARTBEAT_MS * NANOSECONDS,
        inactive_threshold: INACTIVE_MS * NANOSECONDS,
        mem_storage: true,
        num_replicas: 1,
      }),
    );
    if (num_pending === 0) this.#complete();
  }

  #break(error: Error): void {
    const wasComplete = this.#entries === null;
    if (this.#isClosed) return;
    this.close(error);
    if (wasComplete) this.#handler.broken();
  }

  #complete(): void {
    if (this.#entries === null || this.#isClosed) return;
    const entries = this.#entries;
    this.#entries = null;
    this.#handler.complete(entries);
    this.#settle.resolve();
  }

  #watchSilence(): void {
    this.#timer = this.#link.clock.setTimeout(() => {
      if (this.#link.clock.now() - this.#heardMs > SILENCE_MS) this.#break(gap("it is silent"));
      else this.#watchSilence();
    }, HEARTBEAT_MS);
  }

  #hear(message: Msg): void {
    if (this.#isClosed) return;
    this.#heardMs = this.#link.clock.now();
    if (message.subject.startsWith(this.#prefix)) this.#take(message);
    else this.#takeStatus(message);
  }

  #take(message: Msg): void {
    const { sequence, delivered, pending } = positionOf(message.reply ?? "");
    if (delivered !== this.#delivered + 1) {
      this.#break(gap(`message ${delivered} followed ${this.#delivered}`));
      return;
    }
    this.#delivered = delivered;
    const key = message.subject.slice(this.#prefix.length);
    const value = cloneBytes(message.data, 0, message.data.length);
    const entry = isMark(message.headers) ? null : { key, value, revision: BigInt(sequence) };
    if (this.#entries === null) this.#handler.change({ key, entry });
    else if (entry) this.#entries.set(key, entry);
    else this.#entries.delete(key);
    if (pending === 0) this.#complete();
  }

  /** Flow control wants an answer; a heartbeat says how many messages there were; all else is an end. */
  #takeStatus(message: Msg): void {
    const { headers } = message;
    if (headers?.code !== 100) {
      this.#break(gap(headers?.description ?? "unknown status"));
    } else if (message.reply) {
      message.respond();
    } else if (headers.has("Nats-Consumer-Stalled")) {
      this.#link.connection.publish(headers.get("Nats-Consumer-Stalled"));
    } else if (Number(headers.get("Nats-Last-Consumer")) !== this.#delivered) {
      this.#break(gap(`${headers.get("Nats-Last-Consumer")} messages were sent, and ${this.#delivered} came`));
    } else {
      this.#complete();
    }
  }
}

/** The headers of what is no value: the mark of a deleted key, and of one whose time was up. */
const DELETION_HEADERS = ["KV-Operation", "Nats-Marker-Reason"];

/** Whether a message is no value, but the mark of a key that has none any more. */
export const isMark = (headers: { has(name: string): boolean } | undefined): boolean =>
  headers !== undefined && DELETION_HEADERS.some((name) => headers.has(name));

const gap = (text: string) => new NetworkError("ERR_FAILED", `The consumer of a bucket cannot be trusted: ${text}`);

/**
 * Where a message stands, from its reply subject: `$JS.ACK.stream.consumer.attempt.sequence.delivered.time.pending`,
 * with two more parts in front of the stream, and one more at the end, in newer servers.
 */
function positionOf(reply: string) {
  const parts = reply.split(".");
  const [sequence, delivered, , pending] = parts.slice(parts.length === 9 ? 5 : 7).map(Number);
  return { sequence: sequence ?? 0, delivered, pending };
}
