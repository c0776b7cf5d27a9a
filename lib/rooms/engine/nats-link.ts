import type { JetStreamClient, JetStreamManager, MsgRequest, StoredMsg } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Clock, pause } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { Calls } from "./calls.js";
import { closed, notConnected } from "./checks.js";
import { isForbidden, isLeaderless, isOtherStream, isTimeout, translateNatsError } from "./nats-errors.js";

/** How often the leader of a new stream is looked for within the time of a write, and the pause in between. */
const PROBES = 8;
const LOOK_MS = 20;
/** No stream of ours is called so. */
const NO_STREAM = "NONE";

/** How often a leader is asked: in an election a question may get lost. */
export const ATTEMPTS = 3;

/** How a `NatsEngine` and what it opens reach the server. */
export class NatsLink {
  readonly calls = new Calls();
  /** Called when the link is lost, and when it is back. */
  readonly watchers = new Set<{ lost(): void; back(): void }>();
  isConnected = true;
  isClosed = false;

  constructor(
    readonly connection: NatsConnection,
    readonly jetstream: JetStreamClient,
    readonly manager: JetStreamManager,
    /** A subject that nobody else has. */
    readonly newInbox: () => string,
    readonly replicas: number,
    readonly timeoutMs: number,
    readonly clock: Clock,
  ) {}

  /** Something that the server does. @throws (rejects) NetworkError, as `Engine` says */
  async call<T>(sizeBytes: number, run: () => Promise<T>): Promise<T> {
    if (this.isClosed) throw closed();
    if (!this.isConnected) throw notConnected();
    try {
      return await this.calls.run(sizeBytes, run);
    } catch (error) {
      throw translateNatsError(error);
    }
  }

  /** A message as the leader of a stream has it. @throws (rejects) as `call` */
  find(stream: string, query: MsgRequest): Promise<StoredMsg | null> {
    return this.callPatiently(() => this.manager.streams.getMessage(stream, query));
  }

  /** Something that may be done more than once. @throws (rejects) as `call` */
  callPatiently<T>(run: () => Promise<T>): Promise<T> {
    return this.call(0, async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await run();
        } catch (error) {
          if (!isTimeout(error) || attempt === ATTEMPTS || !this.isConnected) throw error;
        }
      }
    });
  }

  /**
   * Opens something. In a new cluster JetStream may have no leader yet, and after the loss of one for some seconds.
   *
   * @throws (rejects) as `call`, after three times `timeoutMs`; at once where JetStream is not enabled
   */
  open<T>(run: () => Promise<T>): Promise<T> {
    return this.call(0, () =>
      this.#early(run, (error) => {
        if (!isLeaderless(error)) return isTimeout(error);
        if (this.connection.info?.jetstream === true && !isForbidden(error)) return true;
        throw new NetworkError("ERR_NOT_CONNECTED", "JetStream is not enabled on the NATS server", { cause: error });
      }),
    );
  }

  /**
   * Waits until writes to a subject of a stream arrive. While a stream is new, it may have no leader yet, and the
   * server that this link is connected to may not have heard of it: writes are refused, or get lost. What the leader
   * alone answers is a write that names another stream, with a refusal.
   *
   * @throws (rejects) as `call`, after three times `timeoutMs`
   */
  reach(subject: string): Promise<void> {
    const options = { expect: { streamName: NO_STREAM }, timeout: this.timeoutMs / PROBES };
    const probe = async () => {
      try {
        await this.jetstream.publish(subject, new Uint8Array(0), options);
      } catch (error) {
        if (!isOtherStream(error)) throw error;
      }
    };
    return this.call(0, () => this.#early(probe, (error) => isTimeout(error) || isLeaderless(error)));
  }

  /** Tries again what fails since it comes too early, for three times `timeoutMs`. */
  async #early<T>(run: () => Promise<T>, isEarly: (error: unknown) => boolean): Promise<T> {
    const untilMs = this.clock.now() + ATTEMPTS * this.timeoutMs;
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (!isEarly(error) || this.clock.now() >= untilMs || !this.isConnected) throw error;
      }
      await pause(this.clock, LOOK_MS);
    }
  }
}
