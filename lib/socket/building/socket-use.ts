import { whenAborted } from "../../abort-signals.js";
import { closedError, inUseError } from "./socket-errors.js";

/**
 * What a socket is used for: it is bound or connected once. Each try has a signal of its own, which aborts when the
 * socket closes or the caller gives up. A try looks at it after each `await`, and frees what it has opened if nobody
 * wants that any more. After a try that failed, another one is allowed.
 */
export class SocketUse {
  #attempt: AbortController | null = null;
  #ended: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws (rejects) NetworkError `ERR_CLOSED`, `ERR_IN_USE`; the reason of `signal`; what `run` throws */
  async begin<Result>(run: (attempt: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    if (this.#isClosed) throw closedError();
    if (this.#attempt) throw inUseError();
    signal?.throwIfAborted();
    const attempt = new AbortController();
    this.#attempt = attempt;
    const stopWaiting = whenAborted(signal, () => attempt.abort(signal?.reason));
    try {
      const running = run(attempt.signal);
      this.#ended = running.catch(() => {});
      const result = await running;
      if (this.#isClosed) throw closedError();
      return result;
    } catch (error) {
      this.#attempt = null;
      throw attempt.signal.aborted ? attempt.signal.reason : error;
    } finally {
      stopWaiting();
    }
  }

  /** No try begins from here on. Resolves when the one that runs has freed what it has opened. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#attempt?.abort(closedError());
    await this.#ended;
  }
}
