import { MAX_ACK_DELAY_MS } from "./received-packets.js";

const MIN_ACK_DELAY_MS = 1;
/** Round trip assumed before the first measurement, in milliseconds. */
const ASSUMED_MS = 200;
/** Nothing is measured finer than this: timers of the platform have whole milliseconds. */
const GRANULARITY_MS = 1;

/**
 * Smoothed round-trip time and its variation, as in RFC 6298, without the time that the other side held back its
 * answer.
 */
export class RoundTripEstimator {
  /** 0 before the first measurement. */
  smoothedMs = 0;
  variationMs = 0;
  /** The newest measurement. A field to be set before `sample`: as an argument it would be a heap object. */
  latestMs = 0;
  /** The larger of the smoothed and the latest: what a packet in flight may take without being late. */
  lossDelayBaseMs = ASSUMED_MS;
  /**
   * How long silence lasts before the last packet sent counts as probably lost, without the delay of the answer. Two
   * round trips at most, so that the second copy arrives within three.
   */
  probeTimeoutMs = 2 * ASSUMED_MS;
  /**
   * How long an acknowledgement waits: a share of the way, so that a lost packet costs about two round trips on any.
   */
  ackDelayMs = MAX_ACK_DELAY_MS;

  constructor(initialMs: number) {
    this.latestMs = initialMs;
    if (initialMs > 0) this.sample();
  }

  /** Takes `latestMs`, from which the time that the other side says it spent waiting has been subtracted. */
  sample(): void {
    // Whoever exaggerates the delay makes his own connection worse. Zero would mean that nothing was measured.
    const roundTripMs = Math.max(this.latestMs, 0.01);
    this.latestMs = roundTripMs;
    if (this.smoothedMs === 0) {
      this.smoothedMs = roundTripMs;
      this.variationMs = roundTripMs / 2;
    } else {
      this.variationMs += (Math.abs(this.smoothedMs - roundTripMs) - this.variationMs) / 4;
      this.smoothedMs += (roundTripMs - this.smoothedMs) / 8;
    }
    this.ackDelayMs = Math.min(Math.max(this.smoothedMs / 2, MIN_ACK_DELAY_MS), MAX_ACK_DELAY_MS);
    this.lossDelayBaseMs = Math.max(this.smoothedMs, roundTripMs);
    this.probeTimeoutMs = Math.min(
      this.smoothedMs + Math.max(4 * this.variationMs, GRANULARITY_MS),
      2 * this.smoothedMs + GRANULARITY_MS,
    );
  }
}
