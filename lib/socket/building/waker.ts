import type { Clock } from "../../clock.js";
import type { ISocket } from "../socket.js";

/** Calls the `onReadable` of a socket once until its next `tick`. */
export class Waker {
  readonly #socket: Pick<ISocket, "events">;
  readonly #clock: Clock;
  #isTold = false;
  /**
   * A timer that is no longer wanted stays set, so that there is one timer in each turn instead of one for each packet.
   */
  #timer: unknown = null;
  #isWanted = false;
  readonly #tell = () => {
    this.#timer = null;
    if (this.#isWanted) this.now();
  };

  constructor(socket: Pick<ISocket, "events">, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** Called from an event of the transport. */
  now(): void {
    this.#isWanted = false;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#socket.events?.onReadable();
  }

  /** Called inside a method of a socket, which must not call back into its user. */
  later(): void {
    if (this.#isTold) return;
    this.#isWanted = true;
    this.#timer ??= this.#clock.setTimeout(this.#tell, 0);
  }

  /** The user has called `tick`. */
  tick(): void {
    this.#isWanted = false;
    this.#isTold = false;
  }

  /** The socket's user hears nothing from here on. */
  close(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#isTold = true;
    this.#socket.events = null;
  }
}
