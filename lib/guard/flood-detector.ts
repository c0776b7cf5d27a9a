import type { Clock } from "../clock.js";

/** What is a flood. */
export interface FloodLimits {
  /** Fewer a second are no flood. */
  readonly perSecond: number;
  /** So many times the average are one. */
  readonly factor: number;
  /** A flood is over when its rate was below these limits for so long. */
  readonly calmMs: number;
}

/** How many came a second: lately, and on average before the flood. */
export interface FloodFigures {
  /** The mean of the last two seconds, the present one included. */
  readonly perSecond: number;
  /** On average over about the last minute before the flood. */
  readonly averagePerSecond: number;
}

export interface FloodCallbacks {
  onFlood(figures: FloodFigures): void;
  /** @param durationMs from the beginning of the flood until now */
  onCalm(durationMs: number): void;
}

const SECOND_MS = 1000;
/** A second's share in the average, which so looks back about a minute. */
const WEIGHT = 1 / 60;
/** The average counts as no more than so many times the least flood: one that grows slowly would become the usual. */
const MOST_USUAL = 2;

/**
 * Tells a flood from the usual rate. The rate is that of the last one to two seconds; the average is that of about a
 * minute, and does not move during a flood, or a flood would become the usual.
 *
 * It counts whole seconds, since a decaying rate would still be high many seconds after a large flood. It has one
 * timer, and only during a flood.
 */
export class FloodDetector {
  readonly #clock: Clock;
  readonly #limits: FloodLimits;
  readonly #callbacks: FloodCallbacks;
  /** The current second, and how many came in it and in the one before. */
  #second: number;
  #current = 0;
  #previous = 0;
  #average = 0;
  /** When the flood began, null if there is none, and when its rate was last over the limits. */
  #beganMs: number | null = null;
  #lastOverMs = 0;
  #timer: unknown;

  constructor(clock: Clock, limits: FloodLimits, callbacks: FloodCallbacks) {
    this.#clock = clock;
    this.#limits = limits;
    this.#callbacks = callbacks;
    this.#second = Math.floor(clock.now() / SECOND_MS);
  }

  get isFlood(): boolean {
    return this.#beganMs !== null;
  }

  /** One more has come. */
  count(): void {
    this.#advance(Math.floor(this.#clock.now() / SECOND_MS));
    this.#current++;
    const perSecond = (this.#current + this.#previous) / 2;
    const { perSecond: least, factor } = this.#limits;
    const usual = Math.min(this.#average, MOST_USUAL * least);
    if (perSecond > least && perSecond > factor * usual) this.#over(perSecond);
  }

  #over(perSecond: number): void {
    const now = this.#clock.now();
    this.#lastOverMs = now;
    if (this.#beganMs !== null) return;
    this.#beganMs = now;
    this.#timer = this.#clock.setTimeout(() => this.#checkCalm(), this.#limits.calmMs);
    this.#callbacks.onFlood({ perSecond, averagePerSecond: this.#average });
  }

  /** So many a second have not even arrived here: a flood, whatever the limits say. */
  missed(perSecond: number): void {
    this.#advance(Math.floor(this.#clock.now() / SECOND_MS));
    this.#over(perSecond);
  }

  /** Takes its timer back: a flood that there is ends with it, without a callback. */
  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#beganMs = null;
    this.#current = 0;
    this.#previous = 0;
  }

  #advance(second: number): void {
    const passed = second - this.#second;
    if (passed === 0) return;
    if (!this.isFlood) {
      this.#average += (this.#current - this.#average) * WEIGHT;
      this.#average *= (1 - WEIGHT) ** (passed - 1);
    }
    this.#previous = passed === 1 ? this.#current : 0;
    this.#current = 0;
    this.#second = second;
  }

  #checkCalm(): void {
    const now = this.#clock.now();
    const leftMs = this.#lastOverMs + this.#limits.calmMs - now;
    if (leftMs > 0) {
      this.#timer = this.#clock.setTimeout(() => this.#checkCalm(), leftMs);
      return;
    }
    // The seconds of the flood do not count for the average.
    this.#advance(Math.floor(now / SECOND_MS));
    const durationMs = now - (this.#beganMs as number);
    this.#beganMs = null;
    this.#callbacks.onCalm(durationMs);
  }
}
