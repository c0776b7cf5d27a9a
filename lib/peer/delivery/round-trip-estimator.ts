/** Round trip assumed before the first measurement, in milliseconds. */
const ASSUMED_MS = 200;
/** Nothing is measured finer than this: timers of the platform have whole milliseconds. */
const GRANULARITY_MS = 1;

/** Smoothed round-trip time and its variation, as in RFC 6298, without the time that the other side held back its answer. */
export class RoundTripEstimator {
  /** 0 before the first measurement. */
  smoothedMs = 0;
  variationMs = 0;
  latestMs = 0;

  constructor(initialMs: number) {
    if (initialMs > 0) this.sample(initialMs, 0);
  }

  /** Takes a measurement, of which the other side says that it spent `heldMs` waiting. */
  sample(elapsedMs: number, heldMs: number): void {
    const first = this.smoothedMs === 0;
    // Whoever exaggerates the delay makes his own connection worse. Zero would mean that nothing was measured.
    const roundTripMs = Math.max(elapsedMs - heldMs, 0.01);
    this.latestMs = roundTripMs;
    if (first) {
      this.smoothedMs = roundTripMs;
      this.variationMs = roundTripMs / 2;
      return;
    }
    this.variationMs += (Math.abs(this.smoothedMs - roundTripMs) - this.variationMs) / 4;
    this.smoothedMs += (roundTripMs - this.smoothedMs) / 8;
  }

  /** The larger of the smoothed and the latest: what a packet in flight may take without being late. */
  get expectedMs(): number {
    return this.smoothedMs === 0 ? ASSUMED_MS : Math.max(this.smoothedMs, this.latestMs);
  }

  /**
   * How long silence lasts before the last packet sent counts as probably lost, without the delay of the answer. Two
   * round trips at most, so that the second copy arrives within three.
   */
  get patienceMs(): number {
    if (this.smoothedMs === 0) return 2 * ASSUMED_MS;
    return Math.min(
      this.smoothedMs + Math.max(4 * this.variationMs, GRANULARITY_MS),
      2 * this.smoothedMs + GRANULARITY_MS,
    );
  }
}
