import type { Clock } from "../../clock.js";
import type { Random } from "../../random.js";

/** The pause before the first attempt; each further one is twice as long, up to the longest. */
const FIRST_MS = 500;
/** A connection that was shorter has not ended the need for pauses: its server may fall at each that comes back. */
const LONGEST_MS = 10_000;
/** All clients of a server lose it together: each pause is longer or shorter by up to this share of it. */
const SPREAD = 0.25;

/** Decides when a client whose connection has ended for good connects again. */
export class ReconnectLoop {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #attempt: () => void;
  #attempts = 0;
  /** Since when there is a connection. */
  #connectedMs = Number.POSITIVE_INFINITY;
  #timer: unknown = null;

  constructor(clock: Clock, random: Random, attempt: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#attempt = attempt;
  }

  /** The connection, or an attempt, has ended. */
  wait(): void {
    if (this.#clock.now() - this.#connectedMs >= LONGEST_MS) this.#attempts = 0;
    this.#connectedMs = Number.POSITIVE_INFINITY;
    const pauseMs = Math.min(FIRST_MS * 2 ** this.#attempts, LONGEST_MS);
    this.#attempts++;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(this.#attempt, pauseMs * (1 + SPREAD * (2 * this.#random() - 1)));
  }

  /** An attempt has succeeded. */
  connected(): void {
    this.#connectedMs = this.#clock.now();
  }

  /** No attempt is wanted any more. */
  stop(): void {
    this.#attempts = 0;
    this.#clock.clearTimeout(this.#timer);
  }
}
