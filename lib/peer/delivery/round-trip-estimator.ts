import type { ConnectionMetrics } from "../metrics.js";
import { MAX_ACK_DELAY_MS } from "./received-packets.js";

const MIN_ACK_DELAY_MS = 1;
/** The round trip that is assumed before the first measurement (RFC 9002: kInitialRtt), in milliseconds. */
const INITIAL_MS = 200;
/** Timers have whole milliseconds (RFC 9002: kGranularity). */
const GRANULARITY_MS = 1;

/** Estimates the round-trip time, as in RFC 9002, section 5. */
export class RoundTripEstimator {
  /** 0 before the first measurement. */
  smoothedMs = 0;
  variationMs = 0;
  /** The newest measurement. Set it before `sample`: as an argument it would be an object on the heap. */
  latestMs = 0;
  /** When the newest measurement came. Set it before `sample` too. */
  measuredMs = Number.NEGATIVE_INFINITY;
  /** The larger of the smoothed and the latest: with the time threshold it makes the loss delay (RFC 9002, 6.1.2). */
  lossDelayBaseMs = INITIAL_MS;
  /**
   * When the last packet sent is probed, as in RFC 9002, 6.2.1, without the acknowledgement delay. Two round trips at
   * most, so that the second copy arrives within three.
   */
  probeTimeoutMs = 2 * INITIAL_MS;
  /** How long our acknowledgements are delayed: half a round trip, so that a loss costs about two on any path. */
  ackDelayMs = MAX_ACK_DELAY_MS;
  readonly #metrics: ConnectionMetrics;

  constructor(metrics: ConnectionMetrics) {
    this.#metrics = metrics;
  }

  /** Nothing is known of the path any more: the next measurement is the first. */
  restart(): void {
    this.smoothedMs = 0;
  }

  /** Takes `latestMs`, from which the delay that the other side reports has been subtracted. */
  sample(): void {
    // A peer that exaggerates its delay makes its own connection worse. Zero would mean that nothing was measured.
    const roundTripMs = Math.max(this.latestMs, 0.01);
    this.latestMs = roundTripMs;
    if (this.smoothedMs === 0) {
      this.smoothedMs = roundTripMs;
      this.variationMs = roundTripMs / 2;
    } else {
      this.variationMs += (Math.abs(this.smoothedMs - roundTripMs) - this.variationMs) / 4;
      this.smoothedMs += (roundTripMs - this.smoothedMs) / 8;
    }
    this.#metrics.roundTripTimeMs = this.smoothedMs;
    this.ackDelayMs = Math.min(Math.max(this.smoothedMs / 2, MIN_ACK_DELAY_MS), MAX_ACK_DELAY_MS);
    this.lossDelayBaseMs = Math.max(this.smoothedMs, roundTripMs);
    this.probeTimeoutMs = Math.min(
      this.smoothedMs + Math.max(4 * this.variationMs, GRANULARITY_MS),
      2 * this.smoothedMs + GRANULARITY_MS,
    );
  }
}
