import type { Clock } from "../../clock.js";

/** The server's time, on either side. */
export interface INetworkTime {
  /** Milliseconds since the server started. On a client an estimate, 0 before the first answer. */
  readonly nowMs: number;
  /** The server's tick (u32) at that time. */
  readonly tick: number;
}

/** Weight of a new sample, as of an average over the last 10. */
const OFFSET_GAIN = 2 / 11;
/** Drift shows over many samples only: a round trip's jitter must not look like it. */
const DRIFT_GAIN = 0.01;
/** Faster than any quartz: what the bounds widen by, and what drift is limited to. */
const MAX_DRIFT = 500e-6;

/**
 * A client's idea of the server's clock, from pings. Each one proves bounds: the server looked at its clock between our
 * sending and our receiving. The bounds of all pings together hold the estimate, and widen with time, since clocks drift.
 */
export class NetworkTime implements INetworkTime {
  readonly #clock: Clock;
  #offsetMs = 0;
  #drift = 0;
  #roundTripTimeMs = 0;
  #lowerMs = Number.NEGATIVE_INFINITY;
  #upperMs = Number.POSITIVE_INFINITY;
  #sampledMs = 0;
  #samples = 0;
  #tick = 0;
  #tickTimeMs = 0;
  /** Of the server; 0 when it has no fixed rate. */
  ticksPerSecond = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there was an answer. */
  get isSynchronized(): boolean {
    return this.#samples > 0;
  }

  get nowMs(): number {
    return this.#samples === 0 ? 0 : this.#clock.now() + this.offsetMs;
  }

  get tick(): number {
    const passedMs = Math.max(this.nowMs - this.#tickTimeMs, 0);
    return (this.#tick + Math.floor((passedMs * this.ticksPerSecond) / 1000)) >>> 0;
  }

  /** What the server's time is ahead of this side's clock, in milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs + this.#drift * (this.#clock.now() - this.#sampledMs);
  }

  /** By how much the server's clock is faster: 0.0001 is 0.1 ms a second. */
  get drift(): number {
    return this.#drift;
  }

  /** Of the pings, smoothed, in milliseconds: with the time that both programs take to answer. */
  get roundTripTimeMs(): number {
    return this.#roundTripTimeMs;
  }

  /** How far off the estimate can be, in milliseconds. */
  get uncertaintyMs(): number {
    return Math.max(this.#upperMs - this.#offsetMs, this.#offsetMs - this.#lowerMs);
  }

  /** An answer: we asked at `sentMs` of this side's clock, and the server's time was `serverTimeMs`. */
  addSample(sentMs: number, serverTimeMs: number, tick: number): void {
    const now = this.#clock.now();
    const roundTripMs = now - sentMs;
    if (!(roundTripMs >= 0) || !Number.isFinite(serverTimeMs)) return;
    const passedMs = now - this.#sampledMs;
    this.#narrow(serverTimeMs - now, serverTimeMs - sentMs, passedMs);
    const sample = serverTimeMs + roundTripMs / 2 - now;
    if (this.#samples === 0) {
      this.#offsetMs = sample;
      this.#roundTripTimeMs = roundTripMs;
    } else {
      const predicted = this.#offsetMs + this.#drift * passedMs;
      const error = sample - predicted;
      this.#offsetMs = predicted + OFFSET_GAIN * error;
      if (passedMs > 0) this.#drift = clamp(this.#drift + (DRIFT_GAIN * error) / passedMs, -MAX_DRIFT, MAX_DRIFT);
      this.#roundTripTimeMs += OFFSET_GAIN * (roundTripMs - this.#roundTripTimeMs);
    }
    this.#offsetMs = clamp(this.#offsetMs, this.#lowerMs, this.#upperMs);
    this.#samples++;
    this.#sampledMs = now;
    this.#tick = tick;
    this.#tickTimeMs = serverTimeMs;
  }

  /** Another server, or another connection to it. */
  reset(): void {
    this.#samples = 0;
    this.#drift = 0;
    this.#lowerMs = Number.NEGATIVE_INFINITY;
    this.#upperMs = Number.POSITIVE_INFINITY;
  }

  #narrow(lowerMs: number, upperMs: number, passedMs: number): void {
    const widenMs = passedMs * MAX_DRIFT;
    this.#lowerMs = Math.max(this.#lowerMs - widenMs, lowerMs);
    this.#upperMs = Math.min(this.#upperMs + widenMs, upperMs);
    if (this.#lowerMs <= this.#upperMs) return;
    // One of the two clocks has jumped: only the new sample is true.
    this.#lowerMs = lowerMs;
    this.#upperMs = upperMs;
    this.#samples = 0;
    this.#drift = 0;
  }
}

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
