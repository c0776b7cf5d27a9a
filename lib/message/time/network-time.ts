import type { Clock } from "../../clock.js";

/** The server's time, on a server or on a client. */
export interface INetworkTime {
  /** Milliseconds since the server started. On a client an estimate, and 0 before the first answer. */
  readonly nowMs: number;
  /** The server's tick (u32) at that time. */
  readonly tick: number;
}

/** Weight of a new sample: that of an exponential average over the last 10. */
const OFFSET_GAIN = 2 / 11;
/** Small, because drift shows over many samples only, and the jitter of a round trip must not look like drift. */
const DRIFT_GAIN = 0.01;
/** More than any quartz drifts. The bounds widen by this, and the drift is limited to it. */
const MAX_DRIFT = 500e-6;

/** A client's estimate of the server's time. */
export interface NetworkTime extends INetworkTime {
  /** Whether the server has answered. */
  readonly isSynchronized: boolean;
  /** How far the server's time is ahead of this side's clock, in milliseconds. */
  readonly offsetMs: number;
  /** How much faster the server's clock runs: 0.0001 is 0.1 ms per second. */
  readonly drift: number;
  /** Of the pings, smoothed, in milliseconds; it includes the time that both programs take to answer. */
  readonly roundTripTimeMs: number;
  /** How far off the estimate can be, in milliseconds. */
  readonly uncertaintyMs: number;
  /** The server's tick rate; 0 when the server has none. */
  readonly ticksPerSecond: number;
}

/**
 * Estimates the server's time from pings. Each ping proves bounds: the server read its clock between our sending and
 * our receiving. The estimate stays within the bounds of all pings together, which widen with time because clocks
 * drift.
 */
export class NetworkTimeEstimate implements NetworkTime {
  readonly #clock: Clock;
  #offsetMs = 0;
  #lowerMs = Number.NEGATIVE_INFINITY;
  #upperMs = Number.POSITIVE_INFINITY;
  #sampledMs = 0;
  #samples = 0;
  #tick = 0;
  #tickTimeMs = 0;
  drift = 0;
  roundTripTimeMs = 0;
  ticksPerSecond = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

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

  get offsetMs(): number {
    return this.#offsetMs + this.drift * (this.#clock.now() - this.#sampledMs);
  }

  get uncertaintyMs(): number {
    return Math.max(this.#upperMs - this.#offsetMs, this.#offsetMs - this.#lowerMs);
  }

  /** Takes an answer: this side asked at `sentMs` of its own clock, and the server's time was `serverTimeMs`. */
  addSample(sentMs: number, serverTimeMs: number, tick: number): void {
    const now = this.#clock.now();
    const roundTripMs = now - sentMs;
    if (!(roundTripMs >= 0) || !Number.isFinite(serverTimeMs)) return;
    const passedMs = now - this.#sampledMs;
    this.#narrow(serverTimeMs - now, serverTimeMs - sentMs, passedMs);
    const sample = serverTimeMs + roundTripMs / 2 - now;
    if (this.#samples === 0) {
      this.#offsetMs = sample;
      this.roundTripTimeMs = roundTripMs;
    } else {
      const predicted = this.#offsetMs + this.drift * passedMs;
      const error = sample - predicted;
      this.#offsetMs = predicted + OFFSET_GAIN * error;
      if (passedMs > 0) this.drift = clamp(this.drift + (DRIFT_GAIN * error) / passedMs, -MAX_DRIFT, MAX_DRIFT);
      this.roundTripTimeMs += OFFSET_GAIN * (roundTripMs - this.roundTripTimeMs);
    }
    this.#offsetMs = clamp(this.#offsetMs, this.#lowerMs, this.#upperMs);
    this.#samples++;
    this.#sampledMs = now;
    this.#tick = tick;
    this.#tickTimeMs = serverTimeMs;
  }

  /** Forgets everything, for another server or another connection to it. */
  reset(): void {
    this.#samples = 0;
    this.drift = 0;
    this.#lowerMs = Number.NEGATIVE_INFINITY;
    this.#upperMs = Number.POSITIVE_INFINITY;
  }

  #narrow(lowerMs: number, upperMs: number, passedMs: number): void {
    const widenMs = passedMs * MAX_DRIFT;
    this.#lowerMs = Math.max(this.#lowerMs - widenMs, lowerMs);
    this.#upperMs = Math.min(this.#upperMs + widenMs, upperMs);
    if (this.#lowerMs <= this.#upperMs) return;
    // One of the two clocks has jumped: only the new sample counts.
    this.#lowerMs = lowerMs;
    this.#upperMs = upperMs;
    this.#samples = 0;
    this.drift = 0;
  }
}

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
