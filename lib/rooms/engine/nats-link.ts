import type { JetStreamClient, JetStreamManager, MsgRequest, StoredMsg } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "../../clock.js";
import { Calls } from "./calls.js";
import { closed, notConnected } from "./checks.js";
import { isTimeout, translateNatsError } from "./nats-errors.js";

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
}
