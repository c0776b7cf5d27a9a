import type { Clock } from "../clock.js";
import type { SocketEvents } from "./socket.js";

/** Calls `onReadable` once until the next `tick`. */
export class Waker {
  events: SocketEvents | null = null;
  #isTold = false;
  #timer: unknown = null;
  readonly #tell = () => this.now();

  constructor(readonly clock: Clock) {}

  /** For a call from the transport's own event. */
  now(): void {
    this.#clear();
    if (this.#isTold) return;
    this.#isTold = true;
    this.events?.onReadable();
  }

  /** For a call from inside a method of a socket: its user is not to be entered again. */
  later(): void {
    if (!this.#isTold) this.#timer ??= this.clock.setTimeout(this.#tell, 0);
  }

  /** The user looks by itself. */
  tick(): void {
    this.#clear();
    this.#isTold = false;
  }

  /** Not a word any more. */
  close(): void {
    this.#clear();
    this.#isTold = true;
    this.events = null;
  }

  #clear(): void {
    if (this.#timer === null) return;
    this.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
