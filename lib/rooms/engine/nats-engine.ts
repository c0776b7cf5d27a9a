import type { ConnectionOptions, Msg, NatsConnection } from "@nats-io/transport-node";
import { type Clock, systemClock } from "../../clock.js";
import { EventHub } from "../../event-hub.js";
import { follow } from "../../follow.js";
import { NetworkError } from "../../network-error.js";
import {
  checkOptions,
  clockOption,
  durationOption,
  functionOption,
  type OptionRules,
  objectOption,
  oneOf,
  required,
} from "../../options.js";
import { printable } from "../../printable.js";
import { reportUncaught } from "../../report-uncaught.js";
import { Answering } from "./answering.js";
import {
  checkBucket,
  checkedBucket,
  checkedLog,
  checkName,
  checkSubscription,
  closed,
  noBucket,
  noResponders,
  requestFailed,
  takeMessage,
} from "./checks.js";
import type { Answer, Bucket, BucketOptions, Engine, EngineEvents, Log, SubscribeOptions } from "./engine.js";
import { MARK_MS, NatsBucket } from "./nats-bucket.js";
import { isNoResponders } from "./nats-errors.js";
import { NatsLink } from "./nats-link.js";
import { NatsLog, openStream } from "./nats-log.js";
import { checkServerVersion, loadNats } from "./nats-packages.js";
import { readServers } from "./nats-servers.js";
import { raiseReplicas, streamInfo } from "./nats-streams.js";

/** The options of {@link NatsEngine.connect}. */
export interface NatsEngineOptions {
  /**
   * `["nats.example.com:4222"]`. Name all servers of a cluster: one that is down is passed over.
   * `nats://user:password@host:port` and `nats://token@host:port` say who connects, in percent-encoding, and `tls://`
   * that the servers have to encrypt. What `connection` says holds over that.
   */
  servers: readonly string[];
  /**
   * On how many servers buckets and logs are kept: 1, 3 or 5. What exists on fewer gets more; where the servers cannot,
   * a warning goes to the console. What exists on more stays as it is.
   *
   * @defaultValue 3 if there are 3 `servers` or more, else 1
   */
  replicas?: number;
  /**
   * After this time, at least 1, a write rejects with `ERR_TIMEOUT`; all else is tried three times.
   *
   * @defaultValue 2000 ms
   */
  timeoutMs?: number;
  /**
   * More options of `connect` of `@nats-io/transport-node`: `tls`, `user` and `pass`, `token`, `authenticator`, `name`.
   *
   * @defaultValue none
   */
  connection?: Readonly<Record<string, unknown>>;
  /** Gets errors that nobody waits for: a subscription that the server forbids. @defaultValue an uncaught exception */
  onError?: (error: unknown) => void;
  /**
   * What times the engine's own waiting.
   *
   * @defaultValue that of the platform. The packages of NATS have timers of their own all the same
   */
  clock?: Clock;
}

const OPTIONS: OptionRules<NatsEngineOptions> = {
  servers: required(readServers),
  replicas: oneOf(1, 3, 5),
  timeoutMs: durationOption(1),
  connection: objectOption(),
  onError: functionOption,
  clock: clockOption,
};

/** A server that is asked so often, and does not answer twice, is given up. */
const PING_MS = 1000;
const RECONNECT_MS = 200;
/** How long `close` waits for what is on its way. */
const FLUSH_MS = 1000;

/** Messages of so many bytes leave before the server is asked whether they have arrived. */
const FLUSH_BYTES = 64 * 2 ** 10;
const MAX_UNCONFIRMED_BYTES = 8 * 2 ** 20;
/** What a message costs beside its bytes. */
const MESSAGE_BYTES = 256;

/** The header of an answer that says why there is none. */
const ERROR_HEADER = "Valve-Sockets-Error";

/**
 * An engine that many machines share: NATS 2.14 or newer with JetStream, by the optional packages
 * `@nats-io/transport-node`, `@nats-io/jetstream` and `@nats-io/kv`.
 */
export class NatsEngine implements Engine {
  readonly #link: NatsLink;
  readonly #nats: Awaited<ReturnType<typeof loadNats>>;
  readonly #events = new EventHub<EngineEvents>(["lost", "back"], reportUncaught);
  readonly #onError: (error: unknown) => void;
  #unconfirmedBytes = 0;
  #isFlushing = false;

  private constructor(link: NatsLink, nats: Awaited<ReturnType<typeof loadNats>>, onError: (error: unknown) => void) {
    this.#link = link;
    this.#nats = nats;
    this.#onError = onError;
    follow(this.#follow(), onError);
  }

  /**
   * Connects to one of the servers. When it is lost the engine connects again, to any of them, for ever.
   *
   * @throws (rejects) NetworkError `ERR_MISSING_PACKAGE`; `ERR_CONNECT_FAILED`: no server answers, or they refuse;
   *   `ERR_ENGINE_VERSION`: the server is older than 2.14. TypeError, RangeError for wrong options
   */
  static async connect(options: NatsEngineOptions): Promise<NatsEngine> {
    checkOptions("NatsEngine", options, OPTIONS);
    const { servers, connection: told } = readServers("servers", options.servers);
    const { timeoutMs = 2000, onError = reportUncaught, clock = systemClock } = options;
    const nats = await loadNats();
    const [{ connect, createInbox }, { jetstream, jetstreamManager }] = nats;
    const connection = await open(connect, servers, timeoutMs, { ...told, ...options.connection });
    try {
      checkServerVersion(connection.info?.version);
      const settings = { timeout: timeoutMs };
      const replicas = options.replicas ?? (servers.length >= 3 ? 3 : 1);
      const manager = await jetstreamManager(connection, { ...settings, checkAPI: false });
      const inbox = () => createInbox();
      const link = new NatsLink(
        connection,
        jetstream(connection, settings),
        manager,
        inbox,
        replicas,
        timeoutMs,
        clock,
      );
      return new NatsEngine(link, nats, onError);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get connected(): boolean {
    return this.#link.isConnected && !this.#link.isClosed;
  }

  on<Name extends keyof EngineEvents>(name: Name, listener: () => void): () => void {
    return this.#events.on(name, listener);
  }

  async bucket(name: string, options: BucketOptions = {}): Promise<Bucket> {
    checkBucket(name, options);
    const [, , { Kvm }] = this.#nats;
    const { replicas, jetstream } = this.#link;
    const { storage = "file", mustExist = false } = options;
    const stream = `KV_${name}`;
    const settings = { replicas, storage, history: 1, allow_direct: false, markerTTL: MARK_MS };
    const kv = await this.#link.open(async () => {
      if (!mustExist) return new Kvm(jetstream).create(name, settings);
      if ((await streamInfo(this.#link, stream)) === null) throw noBucket(name);
      return new Kvm(jetstream).open(name, settings);
    });
    if (!mustExist) await raiseReplicas(this.#link, stream);
    await this.#link.reach(`$KV.${name}.new`);
    return checkedBucket(new NatsBucket(this.#link, kv, name));
  }

  async log(name: string): Promise<Log> {
    checkName(name);
    await this.#link.open(() => openStream(this.#link, name));
    await this.#link.reach(`$LOG.${name}.new`);
    return checkedLog(new NatsLog(this.#link, name));
  }

  publish(subject: string, data: Uint8Array): boolean {
    const taken = takeMessage(subject, data);
    const costBytes = data.length + MESSAGE_BYTES;
    if (!this.connected || this.#unconfirmedBytes + costBytes > MAX_UNCONFIRMED_BYTES) return false;
    this.#link.connection.publish(subject, taken);
    this.#unconfirmedBytes += costBytes;
    if (this.#unconfirmedBytes >= FLUSH_BYTES && !this.#isFlushing) void this.#flush();
    return true;
  }

  subscribe(
    subject: string,
    on: (data: Uint8Array, subject: string) => void,
    options: SubscribeOptions = {},
  ): () => void {
    checkSubscription(subject, on, options);
    return this.#subscribe(subject, options.queue, (message) => {
      try {
        on(message.data, message.subject);
      } catch (error) {
        this.#onError(error);
      }
    });
  }

  async request(subject: string, data: Uint8Array, { timeoutMs }: { timeoutMs: number }): Promise<Uint8Array> {
    const taken = takeMessage(subject, data, timeoutMs);
    const answer = await this.#link.call(data.length, async () => {
      try {
        return await this.#link.connection.request(subject, taken, { timeout: timeoutMs });
      } catch (error) {
        throw isNoResponders(error) ? noResponders(subject, error) : error;
      }
    });
    if (answer.headers?.has(ERROR_HEADER)) throw requestFailed(printable(answer.headers.get(ERROR_HEADER)));
    return answer.data;
  }

  answer(subject: string, on: Answer): () => void {
    checkSubscription(subject, on);
    const answering = new Answering(on);
    return this.#subscribe(subject, "answer", async (message) => {
      const outcome = await answering.run(message.data, message.subject);
      if (!this.connected) return; // The one who asked has been told.
      if ("data" in outcome) {
        message.respond(outcome.data);
        return;
      }
      const headers = this.#nats[0].headers();
      headers.set(ERROR_HEADER, outcome.error);
      message.respond(new Uint8Array(0), { headers });
    });
  }

  async close(): Promise<void> {
    const { connection, clock } = this.#link;
    if (this.#link.isClosed) return;
    const flushed = this.connected ? connection.flush().catch(() => {}) : undefined;
    this.#link.isClosed = true;
    this.#link.calls.fail(closed());
    for (const watcher of [...this.#link.watchers]) watcher.lost();
    this.#link.watchers.clear();
    let timer: unknown;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, FLUSH_MS);
    });
    await Promise.race([flushed, late]);
    clock.clearTimeout(timer);
    await connection.close();
  }

  #subscribe(subject: string, queue: string | undefined, hear: (message: Msg) => void): () => void {
    if (this.#link.isClosed) throw closed();
    const { connection } = this.#link;
    const callback = (error: Error | null, message: Msg) => (error ? this.#onError(error) : hear(message));
    const subscription = connection.subscribe(subject, queue === undefined ? { callback } : { callback, queue });
    return () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    };
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    const bytes = this.#unconfirmedBytes;
    try {
      await this.#link.connection.flush();
    } catch {
      // The link is lost, and so is what was on its way.
    }
    this.#isFlushing = false;
    this.#unconfirmedBytes -= bytes;
  }

  /** Follows the link until the connection is closed. */
  async #follow(): Promise<void> {
    for await (const { type } of this.#link.connection.status()) {
      if (type === "disconnect" || type === "staleConnection") this.#lose();
      else if (type === "reconnect") this.#takeBack();
    }
  }

  #lose(): void {
    const link = this.#link;
    if (!this.connected) return;
    link.isConnected = false;
    link.calls.fail(new NetworkError("ERR_NOT_CONNECTED", "The link to the engine was lost"));
    for (const watcher of [...link.watchers]) watcher.lost();
    this.#events.emit("lost");
  }

  #takeBack(): void {
    const link = this.#link;
    if (link.isConnected || link.isClosed) return;
    try {
      checkServerVersion(link.connection.info?.version);
    } catch (error) {
      this.#onError(error);
      follow(link.connection.reconnect(), this.#onError);
      return;
    }
    link.isConnected = true;
    for (const watcher of [...link.watchers]) watcher.back();
    this.#events.emit("back");
  }
}

async function open(
  connect: (options: ConnectionOptions) => Promise<NatsConnection>,
  servers: readonly string[],
  timeoutMs: number,
  more: Readonly<Record<string, unknown>>,
): Promise<NatsConnection> {
  const fixed = { pingInterval: PING_MS, maxPingOut: 2, maxReconnectAttempts: -1, reconnectTimeWait: RECONNECT_MS };
  try {
    return await connect({ ...more, ...fixed, servers: [...servers], timeout: timeoutMs });
  } catch (cause) {
    const text = printable(`No NATS server of ${servers.join(", ")} took the connection: ${(cause as Error).message}`);
    throw new NetworkError("ERR_CONNECT_FAILED", text, { cause });
  }
}
