import type { Clock } from "../../clock.js";
import type { INetworkTime } from "./network-time.js";

/** How long the ticks of a server or client take, in milliseconds: handlers, hooks, listeners, sending. */
export interface TickMetrics {
  /** How many ticks there were. */
  count: number;
  /** How long the last tick took. */
  lastMs: number;
  /** How long the longest tick took. */
  longestMs: number;
  /** How long all ticks took together. */
  totalMs: number;
}

/** Measures ticks. */
export class TickTimes {
  readonly metrics: TickMetrics = { count: 0, lastMs: 0, longestMs: 0, totalMs: 0 };
  readonly #clock: Clock;
  #startMs = Number.POSITIVE_INFINITY;
  #spentMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A tick begins or goes on; does nothing in the middle of it. */
  begin(): void {
    if (this.#startMs === Number.POSITIVE_INFINITY) this.#startMs = this.#clock.now();
  }

  /** What follows until the next `begin` is no part of the tick. */
  pause(): void {
    this.#spentMs += this.#clock.now() - this.#startMs;
    this.#startMs = Number.POSITIVE_INFINITY;
  }

  /** The tick is over. */
  end(): void {
    this.pause();
    const { metrics } = this;
    metrics.count++;
    metrics.lastMs = this.#spentMs;
    metrics.longestMs = Math.max(metrics.longestMs, metrics.lastMs);
    metrics.totalMs += metrics.lastMs;
    this.#spentMs = 0;
  }

  /** Forgets a tick that never ended. */
  reset(): void {
    this.#startMs = Number.POSITIVE_INFINITY;
    this.#spentMs = 0;
  }
}

/** The time of a server since its start, and its tick (u32). */
export class ServerTime implements INetworkTime {
  readonly #clock: Clock;
  #startedMs: number | null = null;
  #tick = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nowMs(): number {
    return this.#startedMs === null ? 0 : this.#clock.now() - this.#startedMs;
  }

  get tick(): number {
    return this.#tick;
  }

  start(): void {
    this.#startedMs = this.#clock.now();
    this.#tick = 0;
  }

  stop(): void {
    this.#startedMs = null;
    this.#tick = 0;
  }

  set(nowMs: number, tick: number): void {
    this.#startedMs = this.#clock.now() - nowMs;
    this.#tick = tick >>> 0;
  }

  advance(ticks: number): void {
    this.#tick = (this.#tick + ticks) >>> 0;
  }
}
