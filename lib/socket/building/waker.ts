import type { Clock } from "../../clock.js";
import type { SocketEvents } from "../socket.js";

/** Calls `onReadable` once until the next `tick`. */
export class Waker {
  events: SocketEvents | null = null;
  #isTold = false;
  /** A timer is set to tell, and stays set when there is nothing to tell any more: one a turn, not one a packet. */
  #timer: unknown = null;
  #isWanted = false;
  readonly #tell = () => {
    this.#timer = null;
    if (this.#isWanted) this.now();
  };

  constructor(readonly clock: Clock) {}

  /** For a call from the transport's own event. */
  now(): void {
    this.#isWanted = false;
    if (this.#isTold) return;
    this.#isTold = true;
    this.events?.onReadable();
  }

  /** For a call from inside a method of a socket: its user is not to be entered again. */
  later(): void {
    if (this.#isTold) return;
    this.#isWanted = true;
    this.#timer ??= this.clock.setTimeout(this.#tell, 0);
  }

  /** The user looks by itself. */
  tick(): void {
    this.#isWanted = false;
    this.#isTold = false;
  }

  /** Not a word any more. */
  close(): void {
    if (this.#timer !== null) this.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#isTold = true;
    this.events = null;
  }
}
