import type { Clock } from "../../clock.js";
import type { Drive } from "../../peer/index.js";

/** Decides when a client asks for the server's time: at once, and then at an interval. */
export class PingLoop {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #drive: Drive;
  readonly #ping: () => void;
  #nextMs = Number.POSITIVE_INFINITY;
  #timer: unknown = null;

  constructor(clock: Clock, intervalMs: number, drive: Drive, ping: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#drive = drive;
    this.#ping = ping;
  }

  start(): void {
    this.stop();
    this.#nextMs = this.#clock.now();
    if (this.#drive === "automatic") this.#run();
  }

  stop(): void {
    this.#nextMs = Number.POSITIVE_INFINITY;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Manual drive: pings when it is time. */
  update(): void {
    const now = this.#clock.now();
    if (this.#drive === "automatic" || now < this.#nextMs) return;
    this.#nextMs = now + this.#intervalMs;
    this.#ping();
  }

  #run(): void {
    this.#ping();
    this.#timer = this.#clock.setTimeout(() => this.#run(), this.#intervalMs);
  }
}
