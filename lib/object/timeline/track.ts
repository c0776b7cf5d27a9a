import { blend, isSnap, type NumberShape } from "../behaviour/number-shape.js";
import type { ReceivedTicks } from "./received-ticks.js";

/** More than 500 ms of delay and 100 ms of extrapolation at 50 states per second. */
const SNAPSHOTS = 32;

const MAX_EXTRAPOLATED_MS = 100;

/** An interpolated member at the ticks in which it changed. */
export class Track {
  /**
   * What `locate` found: between which snapshots the time lies, and which part of the way is done. A part above 1 is
   * extrapolated.
   */
  part = 0;
  /** Whether the values at that time are known to lie between two that came from the server. */
  isKnown = false;
  readonly #shape: NumberShape;
  readonly #columns: number;
  /** The member is sent each so many ticks. */
  readonly #intervalTicks: number;
  readonly #ticks = new Float64Array(SNAPSHOTS);
  readonly #values: Float64Array;
  /** Whether the line is broken before a snapshot: after a teleport, say. */
  readonly #breaks = new Uint8Array(SNAPSHOTS);
  /** The snapshots are numbered, and lie at `number % SNAPSHOTS`. */
  #first = 0;
  #end = 0;
  #from = 0;
  #to = 0;

  constructor(shape: NumberShape, intervalTicks = 1) {
    this.#shape = shape;
    this.#columns = shape.columns;
    this.#intervalTicks = intervalTicks;
    this.#values = new Float64Array(this.#columns * SNAPSHOTS);
  }

  /**
   * The member has these values from `tick` on. Ticks may come in any order; the values of a tick that is there already
   * are replaced.
   *
   * @param breakTick in this tick the object did not move to where it was then, but appeared there
   */
  add(tick: number, values: ArrayLike<number>, breakTick: number = Number.NEGATIVE_INFINITY): void {
    let number = this.#end;
    while (number > this.#first && this.#tickOf(number - 1) > tick) number--;
    if (number > this.#first && this.#tickOf(number - 1) === tick) number--;
    else {
      // Older than everything that is kept, and there is no room.
      if (number === this.#first && this.#end - this.#first === SNAPSHOTS) return;
      this.#insert(number);
      this.#ticks[number % SNAPSHOTS] = tick;
    }
    const place = number % SNAPSHOTS;
    const isBreak = breakTick <= tick && (number === this.#first || this.#tickOf(number - 1) < breakTick);
    this.#breaks[place] = isBreak ? 1 : 0;
    for (let column = 0; column < this.#columns; column++) {
      this.#values[place * this.#columns + column] = values[column] as number;
    }
  }

  /** Forgets everything: the object is another one. */
  clear(): void {
    this.#first = this.#end = this.#from = this.#to = 0;
  }

  /**
   * Finds the time `tick` (with a fraction) among the snapshots. `received` tells in which ticks the object rested.
   * Returns false without any snapshot.
   */
  locate(tick: number, received: ReceivedTicks, ticksPerSecond: number): boolean {
    if (this.#end === this.#first) return false;
    let from = this.#end - 1;
    while (from > this.#first && this.#tickOf(from) > tick) from--;
    this.#hold(from, true);
    if (this.#tickOf(from) >= tick) return true;
    if (from + 1 < this.#end) {
      if (!this.#breaks[(from + 1) % SNAPSHOTS]) this.#move(from, tick, received);
    } else if (received.newest < this.#tickOf(from) + this.#intervalTicks) {
      this.#extrapolate(from, tick, received, ticksPerSecond);
    } else if (received.newest < tick) this.isKnown = false;
    return true;
  }

  /** Writes the values at the time that was located to `target`. */
  read(target: Float64Array): void {
    const values = this.#values;
    blend(this.#shape, values, this.#valuesAt(this.#from), values, this.#valuesAt(this.#to), this.part, target, 0);
  }

  #valuesAt(number: number): number {
    return (number % SNAPSHOTS) * this.#columns;
  }

  #tickOf(number: number): number {
    return this.#ticks[number % SNAPSHOTS] as number;
  }

  #hold(number: number, isKnown: boolean): void {
    this.#from = this.#to = number;
    this.part = 0;
    this.isKnown = isKnown;
  }

  /** The object was at `from` as long as it rested, and goes to the next snapshot then. */
  #move(from: number, tick: number, received: ReceivedTicks): void {
    const endTick = this.#tickOf(from + 1);
    const startTick = received.lastBetween(this.#tickOf(from), endTick, this.#intervalTicks);
    if (tick <= startTick) return;
    this.#to = from + 1;
    this.part = (tick - startTick) / (endTick - startTick);
  }

  /** Nothing has come since the last snapshot: the object goes on as before, for 100 ms. */
  #extrapolate(last: number, tick: number, received: ReceivedTicks, ticksPerSecond: number): void {
    this.isKnown = false;
    if (last === this.#first || this.#breaks[last % SNAPSHOTS]) return;
    const values = this.#values;
    if (isSnap(this.#shape, values, this.#valuesAt(last - 1), values, this.#valuesAt(last))) return;
    const endTick = this.#tickOf(last);
    const startTick = received.lastBetween(this.#tickOf(last - 1), endTick, this.#intervalTicks);
    const beyond = Math.min(tick - endTick, (MAX_EXTRAPOLATED_MS / 1000) * ticksPerSecond);
    this.#from = last - 1;
    this.#to = last;
    this.part = 1 + beyond / (endTick - startTick);
  }

  /** Makes room for a snapshot with this number; the oldest one goes if there is none. */
  #insert(number: number): void {
    if (this.#end - this.#first === SNAPSHOTS) this.#first++;
    for (let moved = this.#end++; moved > number; moved--) {
      const from = (moved - 1) % SNAPSHOTS;
      const to = moved % SNAPSHOTS;
      this.#ticks[to] = this.#ticks[from] as number;
      this.#breaks[to] = this.#breaks[from] as number;
      this.#values.copyWithin(to * this.#columns, from * this.#columns, (from + 1) * this.#columns);
    }
  }
}
