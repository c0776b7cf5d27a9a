import type { Clock } from "../../clock.js";

/** After so long without an answer a client looks at its route. It looks again after as long, at the earliest. */
const SILENCE_MS = 500;

/**
 * Client: notices when nothing comes back, or when the system refuses to send. The system has chosen the local address
 * of a connected socket once and for all. When that address goes away (Wi-Fi to mobile), Linux refuses to send over
 * IPv4 (`ENETUNREACH`; `node:dgram` tells that only to a callback for each packet, which costs more than it brings).
 * Over IPv6, when only the link goes down, and when the default route changes, packets vanish without an error.
 */
export class RouteWatch {
  readonly #clock: Clock;
  readonly #look: () => Promise<void>;
  #timer: unknown = null;
  /** Something was sent, and nothing has come since. */
  #isWaiting = false;
  /** That was so at the last tick of the timer as well. */
  #isSilent = false;
  #isLooking = false;
  #nextLookMs = 0;
  readonly #onTimer = () => {
    this.#timer = null;
    if (!this.#isWaiting) return;
    this.#timer = this.#clock.setTimeout(this.#onTimer, SILENCE_MS);
    if (this.#isSilent) this.lookSoon();
    this.#isSilent = true;
  };

  /** @param look compares the route to the server with that of the socket */
  constructor(clock: Clock, look: () => Promise<void>) {
    this.#clock = clock;
    this.#look = look;
  }

  sent(): void {
    this.#isWaiting = true;
    this.#timer ??= this.#clock.setTimeout(this.#onTimer, SILENCE_MS);
  }

  heard(): void {
    this.#isWaiting = false;
    this.#isSilent = false;
  }

  /** Looks at once, if it has not looked just now. */
  lookSoon(): void {
    const nowMs = this.#clock.now();
    if (this.#isLooking || nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + SILENCE_MS;
    this.#isLooking = true;
    const ended = () => {
      this.#isLooking = false;
    };
    this.#look().then(ended, ended);
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#isLooking = true;
  }
}
