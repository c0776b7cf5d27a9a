import { RecentValues } from "../collections/recent-values.js";

const MAX_DELAY_MS = 500;
const MAX_SPEED_CHANGE = 0.08;
const JUMP_TICKS = 20;
const ARRIVED_PART = 0.99;
/** Of how many packets the clock remembers how long they took. */
const REMEMBERED = 128;
/** After a pause that long in drawing, as of a hidden tab, packets that waited meanwhile say nothing about jitter. */
const PAUSE_MS = 300;
/** For how long after the pause such packets may still come. */
const SETTLE_MS = 200;

/**
 * The time that a client shows, in ticks of the server: as late as is needed for two packets with states, one before it
 * and one after it, to be there nearly always. That is the interval between packets plus the 99th percentile of their
 * jitter, and 500 ms at most. It is followed by running up to 8 % slower or faster, or by a jump when it is far off.
 */
export class ShownClock {
  /** The time that is shown now, in ticks of the server with a fraction. */
  tick = 0;
  readonly #tickMs: number;
  readonly #sendIntervalMs: number;
  /** How far the clock of this side was ahead of the server's tick when packets came, in milliseconds. */
  readonly #transits = new RecentValues(REMEMBERED);
  #lastMs = Number.NEGATIVE_INFINITY;
  #settlesUntilMs = Number.NEGATIVE_INFINITY;

  /** The server sends states each `sendIntervalTicks` ticks. */
  constructor(ticksPerSecond: number, sendIntervalTicks = 1) {
    this.#tickMs = 1000 / ticksPerSecond;
    this.#sendIntervalMs = sendIntervalTicks * this.#tickMs;
  }

  /** How far the time shown is behind the newest that could have come, in milliseconds. */
  get delayMs(): number {
    const jitterMs = this.#transits.percentile(ARRIVED_PART) - this.#transits.percentile(0);
    return Math.min(this.#sendIntervalMs + jitterMs, MAX_DELAY_MS);
  }

  /** A packet with the states of `tick` came. */
  arrived(tick: number, nowMs: number): void {
    this.#transits.add(nowMs - tick * this.#tickMs);
  }

  /** Goes on to `nowMs`. Returns whether the time shown has jumped. */
  advance(nowMs: number): boolean {
    const elapsedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const isPause = elapsedMs > PAUSE_MS;
    if (isPause) this.#settlesUntilMs = nowMs + SETTLE_MS;
    // The last one of those that waited was hardly late.
    if (nowMs <= this.#settlesUntilMs) this.#transits.keepLeast();
    if (this.#transits.count === 0) return false;
    const wantedTick = (nowMs - this.#transits.percentile(0) - this.delayMs) / this.#tickMs;
    const elapsedTicks = isPause ? 0 : elapsedMs / this.#tickMs;
    const error = wantedTick - this.tick - elapsedTicks;
    if (isPause || Math.abs(error) > JUMP_TICKS) {
      this.tick = wantedTick;
      return true;
    }
    const most = MAX_SPEED_CHANGE * elapsedTicks;
    this.tick += elapsedTicks + Math.min(Math.max(error, -most), most);
    return false;
  }
}
