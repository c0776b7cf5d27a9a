import type { ReceivedTicks } from "./received-ticks.js";

/** More than 500 ms of delay and 100 ms of extrapolation at 50 states per second. */
const SNAPSHOTS = 32;

const MAX_EXTRAPOLATED_MS = 100;

/** The interpolated members of one object at the ticks in which they changed: some numbers each. */
export class Track {
  /**
   * What `locate` found: between which snapshots the time lies, and which part of the way is done. A part above 1 is
   * extrapolated.
   */
  part = 0;
  /** Whether the values at that time are known to lie between two that came from the server. */
  isKnown = false;
  readonly #columns: number;
  readonly #ticks = new Float64Array(SNAPSHOTS);
  readonly #values: Float64Array;
  /** Whether the line is broken before a snapshot: after a teleport, say. */
  readonly #breaks = new Uint8Array(SNAPSHOTS);
  /** The snapshots are numbered, and lie at `number % SNAPSHOTS`. */
  #first = 0;
  #end = 0;
  #from = 0;
  #to = 0;

  constructor(columns: number) {
    this.#columns = columns;
    this.#values = new Float64Array(columns * SNAPSHOTS);
  }

  /**
   * The object has these values from `tick` on. Ticks may come in any order; the values of a tick that is there already
   * are replaced.
   * @param isBreak - the object did not move there but appeared there
   */
  add(tick: number, values: ArrayLike<number>, isBreak = false): void {
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
    } else if (received.newest <= this.#tickOf(from)) {
      this.#extrapolate(from, tick, received, ticksPerSecond);
    } else if (received.newest < tick) this.isKnown = false;
    return true;
  }

  /**
   * The value of a column at the time that was located.
   * @param period - of an angle, which goes the short way round and stays between 0 and the period; 0 for other numbers
   */
  value(column: number, period = 0): number {
    const from = this.fromValue(column);
    let difference = this.toValue(column) - from;
    if (period === 0) return from + difference * this.part;
    difference -= period * Math.round(difference / period);
    const angle = (from + difference * this.part) % period;
    return angle < 0 ? angle + period : angle;
  }

  /** The values between which `part` leads, for what is not interpolated as a number. */
  fromValue(column: number): number {
    return this.#values[(this.#from % SNAPSHOTS) * this.#columns + column] as number;
  }

  toValue(column: number): number {
    return this.#values[(this.#to % SNAPSHOTS) * this.#columns + column] as number;
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
    const startTick = received.lastBetween(this.#tickOf(from), endTick);
    if (tick <= startTick) return;
    this.#to = from + 1;
    this.part = (tick - startTick) / (endTick - startTick);
  }

  /** Nothing has come since the last snapshot: the object goes on as before, for 100 ms. */
  #extrapolate(last: number, tick: number, received: ReceivedTicks, ticksPerSecond: number): void {
    this.isKnown = false;
    if (last === this.#first || this.#breaks[last % SNAPSHOTS]) return;
    const endTick = this.#tickOf(last);
    const startTick = received.lastBetween(this.#tickOf(last - 1), endTick);
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
