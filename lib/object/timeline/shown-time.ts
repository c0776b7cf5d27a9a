import type { MemberValues } from "../behaviour/member-values.js";
import { BehaviourTimeline } from "./object-timeline.js";
import { ReceivedTicks } from "./received-ticks.js";
import { ShownClock } from "./shown-clock.js";
import { ShownQueue } from "./shown-queue.js";

/** Packets of so many ticks may arrive mixed. */
const REMEMBERED = 64;

/** The time that a client shows of a server with ticks. */
export class ShownTime {
  /** Goes up whenever something else is shown. */
  frame = 0;
  ticksPerSecond = 0;
  readonly received: ReceivedTicks = new ReceivedTicks();
  /** What waits until the time that it belongs to is shown. */
  readonly waiting: ShownQueue = new ShownQueue();
  readonly #sendIntervalTicks: number;
  #clock: ShownClock | null = null;
  #isUpdated = false;
  /** Of each of the last ticks, how many packets have come, and how many there are; 0 while that is not known. */
  readonly #ticks = new Float64Array(REMEMBERED).fill(-1);
  readonly #packets = new Int32Array(REMEMBERED);
  readonly #expected = new Int32Array(REMEMBERED);

  /** The server sends states each `sendIntervalTicks` ticks. */
  constructor(sendIntervalTicks: number) {
    this.#sendIntervalTicks = sendIntervalTicks;
  }

  /** The time that is shown, in ticks with a fraction; null before the first packet, or without ticks of the server. */
  get tick(): number | null {
    return this.#clock && this.#isUpdated ? this.#clock.tick : null;
  }

  /** How far it is behind the newest that could have come, in milliseconds. */
  get delayMs(): number {
    return this.#clock?.delayMs ?? 0;
  }

  /** A packet with the state of `tick` came, and the server had nothing to send in `silentTicks` ticks before it. */
  arrived(tick: number, silentTicks: number, nowMs: number, ticksPerSecond: number): void {
    if (ticksPerSecond === 0) return;
    if (this.ticksPerSecond !== ticksPerSecond) {
      this.clear();
      this.ticksPerSecond = ticksPerSecond;
      this.#clock = new ShownClock(ticksPerSecond, this.#sendIntervalTicks);
    }
    this.#clock?.arrived(tick, nowMs);
    this.received.addBefore(tick, silentTicks);
  }

  /** A packet with the state of `tick` is applied. @param expected how many there are, 0 where it does not say so */
  applied(tick: number, expected: number): void {
    const place = tick % REMEMBERED;
    if (this.#ticks[place] !== tick) {
      this.#ticks[place] = tick;
      this.#packets[place] = this.#expected[place] = 0;
    }
    (this.#packets[place] as number)++;
    if (expected > 0) this.#expected[place] = expected;
    if (this.#packets[place] === this.#expected[place]) this.received.add(tick);
  }

  /** Goes on to `nowMs`. */
  update(nowMs: number): void {
    this.frame++;
    if (!this.#clock) return;
    this.#clock.advance(nowMs);
    this.#isUpdated = true;
    this.waiting.update(this.#clock.tick);
  }

  /** What is shown of a behaviour with these values. */
  timelineOf(values: MemberValues): BehaviourTimeline {
    return new BehaviourTimeline(this, values);
  }

  /** The world begins again. */
  clear(): void {
    this.frame++;
    this.received.clear();
    this.ticksPerSecond = 0;
    this.#clock = null;
    this.#isUpdated = false;
    this.#ticks.fill(-1);
  }
}
