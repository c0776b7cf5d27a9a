import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { type RequestDefinition, type ResponseEnvelope, refusedRequest } from "../protocol/request.js";
import { promiseBefore } from "../time/deadline.js";
import { connectionLost, type Ending } from "./connection-lost.js";
import type { RequestOptions } from "./player.js";

interface Pending {
  definition: RequestDefinition<unknown, unknown>;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
  /** Sends the question; false: the queue is full. Null: it is not asked again. */
  readonly ask: (() => boolean) | null;
  isAsked: boolean;
}

/** Requests to one player that may wait for their answers. */
const MAX_PENDING = 1024;

/** The requests to one player that wait for their answers. */
export class PendingRequests {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  /** Requests that were given up: so many answers may still come. */
  #unanswered = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param send sends the question with this id; false: the queue is full
   * @param isLater it is sent by `askAgain`
   */
  async open<A>(
    definition: RequestDefinition<unknown, A>,
    send: (id: number) => boolean,
    { timeoutMs = 10_000, signal, retry = false }: RequestOptions,
    isLater = false,
  ): Promise<A> {
    signal?.throwIfAborted();
    if (this.#pending.size >= MAX_PENDING) {
      throw new NetworkError("ERR_TOO_MANY_REQUESTS", `${MAX_PENDING} requests wait for their answers`);
    }
    const id = (this.#lastId + 1) >>> 0;
    if (!isLater && !send(id)) throw queueFull();
    this.#lastId = id;
    const ask = retry ? () => send(id) : null;
    const timeoutText = `No answer to ${definition.name} within ${timeoutMs} ms`;
    try {
      return await promiseBefore<A>(this.#clock, { timeoutMs, timeoutText, signal }, (resolve, reject) => {
        this.#pending.set(id, { definition, resolve, reject, ask, isAsked: !isLater } as Pending);
      });
    } finally {
      if (this.#pending.delete(id)) this.#unanswered++;
    }
  }

  /** An answer has come. @returns false: it answers no request. One that comes too late is not wrong. */
  settle(
    definition: RequestDefinition<unknown, unknown>,
    { id, outcome, text, value }: ResponseEnvelope<unknown>,
  ): boolean {
    const pending = this.#pending.get(id);
    if (!pending) {
      if (id === 0 || id > this.#lastId || this.#unanswered === 0) return false;
      this.#unanswered--;
      return true;
    }
    if (pending.definition !== definition) return false;
    this.#pending.delete(id);
    const { name } = definition;
    if (outcome === "answered") pending.resolve(value);
    else if (outcome === "refused") pending.reject(refusedRequest("ERR_REQUEST_REFUSED", text));
    else {
      const whatFailed = outcome === "failed" ? `The handler of ${name} failed` : `There is no handler for ${name}`;
      pending.reject(new NetworkError("ERR_REQUEST_FAILED", `${whatFailed} on the other side; its log has more`));
    }
    return true;
  }

  /** No answers can come any more. */
  failAll(ending: Ending): void {
    for (const pending of this.#pending.values()) fail(pending, ending);
  }

  /** No answers can come over this connection any more. */
  interrupt(ending: Ending): void {
    for (const pending of this.#pending.values()) if (!pending.ask) fail(pending, ending);
  }

  /** Over another connection, asks what was interrupted. */
  askAgain(): void {
    for (const pending of [...this.#pending.values()]) {
      try {
        if (pending.ask?.() === false) pending.reject(queueFull());
        // The other side may answer the first question as well.
        if (pending.isAsked) this.#unanswered++;
        pending.isAsked = true;
      } catch (error) {
        pending.reject(error);
      }
    }
  }
}

const queueFull = () => new NetworkError("ERR_QUEUE_FULL", "The connection's queue is full");

function fail({ definition, reject }: Pending, ending: Ending): void {
  reject(connectionLost(`No answer to ${definition.name} will come`, ending));
}
